package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/sandbox"
)

// record is what --report, --metrics and --summary ask for. Its methods do nothing where
// nothing is asked for.
type record struct {
	report, metrics string // as given
	summary         bool

	json, text *reportFile // nil: not asked for
	opened     bool

	name    string
	args    []string // the command
	started time.Time
	early   chan os.Signal

	mu   sync.Mutex   // a signal may end all that is before the command
	c    *sandbox.Cmd // nil: the flags did not make one
	plan string       // its hash
	step error        // what the sandbox could not be started for

	written sync.Once
	failed  error // that it could not be written
}

// failure is what was said last to have gone wrong, for the report.
var failure error

func (r *record) declare(s *pflag.FlagSet) {
	s.StringVar(&r.report, "report", "", "in the end write to `FILE`, or to fd:N, what happened, as JSON")
	s.StringVar(&r.metrics, "metrics", "", "in the end write to `FILE`, or to fd:N, what happened, as text for OpenMetrics")
	s.BoolVar(&r.summary, "summary", false, "in the end say in six lines what happened")
}

func (r *record) asked() bool { return r.report != "" || r.metrics != "" || r.summary }

// open finds out whether the files can be written, before anything else is done.
func (f *runFlags) openRecord(args []string) (err error) {
	r := &f.record
	for _, flag := range []string{"report", "metrics"} {
		if value := map[string]string{"report": r.report, "metrics": r.metrics}[flag]; value == "" && f.set.Changed(flag) {
			return flagError(flag, errors.New("it is empty"))
		} else if len(value) > 3 && value[:3] == "fd:" && f.detach {
			f.descriptors = flag
		}
	}
	if !r.asked() || f.detach && startedPipe == nil { // the one that stays does it
		return nil
	}
	if r.report != "" {
		if r.json, err = openReport(r.report, f.keepFDs); err != nil {
			return flagError("report", err)
		}
	}
	if r.metrics != "" {
		if r.text, err = openReport(r.metrics, f.keepFDs); err != nil {
			return flagError("metrics", err)
		}
	}
	if r.json != nil && r.text != nil && r.json.same(r.text) {
		return errors.New("--report and --metrics name the same file")
	}
	r.opened, r.started, r.args, r.name = true, time.Now(), args, f.name
	r.catchEarly()
	return nil
}

// begin has the command's sandbox tell what the record is about.
func (r *record) begin(c *sandbox.Cmd) {
	if !r.opened {
		return
	}
	hash := ""
	if program, err := c.Plan(); err == nil { // Start says what is wrong
		hash = planHash(program)
	}
	r.mu.Lock()
	r.c, r.plan = c, hash
	r.mu.Unlock()
	c.Account = true
}

// planHash is what `usandbox plan ... | sha256sum` says.
func planHash(program *launch.Program) string {
	h := sha256.New()
	printPlan(h, program)
	return hex.EncodeToString(h.Sum(nil))
}

// catchEarly has a signal that ends usandbox before the command can get it end it as ever, but
// with a record.
func (r *record) catchEarly() {
	r.early = make(chan os.Signal, 1)
	for _, s := range []os.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT} {
		if !signal.Ignored(s) {
			signal.Notify(r.early, s)
		}
	}
	go func(early chan os.Signal) {
		s, ok := <-early
		if !ok {
			return
		}
		sig := s.(unix.Signal)
		r.mu.Lock()
		r.step = fmt.Errorf("ended by %s before the command ran", unix.SignalName(sig))
		r.mu.Unlock()
		r.write(128 + int(sig))
		signal.Reset(s)
		unix.Kill(os.Getpid(), sig)
	}(r.early)
}

// forked says that from now on signals are for the command.
func (r *record) forked() {
	if r.early != nil {
		signal.Stop(r.early)
		close(r.early)
		r.early = nil
	}
}

// notStarted notes why the sandbox could not be started.
func (r *record) notStarted(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.step = err
}

// end writes the record, at the end of all, and returns the exit code: 125 in place of 0
// if it could not be written.
func (r *record) end(code int) int {
	if !r.opened {
		return code
	}
	r.write(code)
	if r.failed != nil {
		if fail(fmt.Errorf("write the report: %w", r.failed)); code == 0 {
			code = exitSetup
		}
	}
	return code
}

// write writes it, once.
func (r *record) write(code int) {
	if !r.opened {
		return
	}
	r.written.Do(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		rep := r.fill(code)
		if r.json != nil {
			text, err := rep.JSON()
			if err == nil {
				err = r.json.write(text)
			}
			r.failed = err
		}
		if r.text != nil {
			r.failed = errors.Join(r.failed, r.text.write(rep.Metrics()))
		}
		if r.summary {
			os.Stderr.WriteString(rep.Summary())
		}
	})
}

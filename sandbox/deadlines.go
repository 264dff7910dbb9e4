package sandbox

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/attrs"
)

// Deadlines end a command, and with it the sandbox, that takes too long or prints too much.
// Zero is no limit. The one that is reached first is Result.Ending, whatever the command made of the
// signal.
type Deadlines struct {
	// Timeout is how long the command may run. Time in which the machine sleeps does not count.
	Timeout time.Duration

	// Grace is how long the command may take when a limit is reached: its session gets SIGTERM
	// (and SIGCONT, if it is stopped), and when the time is up everything is killed. Zero: at once.
	Grace time.Duration

	// CPUTime is how much processor time the command may use, with all that runs in the
	// sandbox. It is looked at once a second, and more often as the end comes near: in the
	// sandbox's cgroup, if it has one, and else summed up from /proc, in steps of 10 ms. There what a process used whose parent ignores SIGCHLD counts as far as it was seen alive. Each process
	// has the limit as its RLIMIT_CPU, too, with Grace and a second more.
	CPUTime time.Duration

	// IdleTimeout is how long the command may print nothing; with a Terminal, and get no input
	// either.
	IdleTimeout time.Duration

	// OutputLimit is how many bytes the command may print, on the standard output and error
	// together. So much is passed on, and no more.
	//
	// With IdleTimeout or OutputLimit the command gets pipes in place of Stdout and Stderr, from
	// which this process moves on what comes. What it prints by other ways does not count. Of a
	// Terminal its reader has to tell, see [Cmd.Printed].
	OutputLimit int64
}

// limited reports whether there is a limit.
func (d *Deadlines) limited() bool { return *d != Deadlines{} }

// watchesOutput reports whether what the command prints has to pass through here.
func (d *Deadlines) watchesOutput() bool { return d.IdleTimeout > 0 || d.OutputLimit > 0 }

func (d *Deadlines) check() error {
	for _, x := range []struct {
		name  string
		value int64
	}{
		{"Timeout", int64(d.Timeout)}, {"Grace", int64(d.Grace)}, {"CPUTime", int64(d.CPUTime)},
		{"IdleTimeout", int64(d.IdleTimeout)}, {"OutputLimit", d.OutputLimit},
	} {
		if x.value < 0 {
			return fmt.Errorf("sandbox: %s is negative", x.name)
		}
	}
	return nil
}

// backstop is the policy with a limit of processor time of each single process.
func (d *Deadlines) backstop(p *Policy) *Policy {
	if d.CPUTime <= 0 {
		return p
	}
	seconds := uint64((d.CPUTime+d.Grace)/time.Second) + 2
	limit := attrs.Rlimit{Resource: unix.RLIMIT_CPU, Soft: seconds, Hard: seconds}
	for _, l := range p.Rlimits {
		if l.Resource == limit.Resource {
			return p
		}
	}
	if limit.Check() != nil { // what the caller has is less
		return p
	}
	with := *p
	with.Rlimits = append(with.Rlimits[:len(with.Rlimits):len(with.Rlimits)], limit)
	return &with
}

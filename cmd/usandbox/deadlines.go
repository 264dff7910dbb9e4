package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/terminal"
)

// deadlineFlags are the flags about what ends a command that takes too long or prints too much.
type deadlineFlags struct {
	timeout, grace, cpuTime, idle time.Duration
	output                        string
}

// usualGrace is --grace where it is not given.
const usualGrace = 5 * time.Second

func (d *deadlineFlags) declare(s *pflag.FlagSet) {
	s.DurationVar(&d.timeout, "timeout", 0, "end the command after this `TIME`, as 90s, 10m, 2h; exit code 124")
	s.DurationVar(&d.cpuTime, "cpu-time", 0, "end it when all in the sandbox has used this much processor `TIME`; exit code 124")
	s.DurationVar(&d.idle, "idle-timeout", 0, "end it when it has printed nothing for this `TIME`; exit code 124")
	s.StringVar(&d.output, "output-limit", "", "end it when it prints more than `SIZE` on standard output and error, as 100M; exit code 124")
	s.DurationVar(&d.grace, "grace", usualGrace, "how long it may take after SIGTERM, before everything is killed: `TIME`; 0: it is killed at once")
}

// setDeadlines puts what was asked for into a command.
func (f *runFlags) setDeadlines(c *sandbox.Cmd) error {
	d, any := &f.deadlines, false
	for _, x := range []struct {
		name string
		time time.Duration
	}{{"timeout", d.timeout}, {"cpu-time", d.cpuTime}, {"idle-timeout", d.idle}} {
		if !f.set.Changed(x.name) {
			continue
		}
		if any = true; x.time <= 0 {
			return flagError(x.name, fmt.Errorf("%v is no time to wait for", x.time))
		}
	}
	if f.set.Changed("output-limit") {
		any = true
		size, err := parseSize(d.output)
		if err != nil {
			return flagError("output-limit", err)
		}
		c.OutputLimit = int64(size)
	}
	if f.noCommand && (d.idle > 0 || c.OutputLimit > 0) {
		return errors.New("--idle-timeout and --output-limit are about a command's output, and there is no command")
	}
	if d.grace < 0 {
		return flagError("grace", fmt.Errorf("%v is negative", d.grace))
	}
	if !any {
		if f.set.Changed("grace") {
			return hinted{errors.New("--grace: there is no limit for it to follow"), "add --timeout, --cpu-time, --idle-timeout or --output-limit"}
		}
		return nil
	}
	c.Timeout, c.CPUTime, c.IdleTimeout, c.Grace = d.timeout, d.cpuTime, d.idle, d.grace
	return nil
}

// tellLimit says which limit has ended the command, and what to change.
//
//	usandbox: --timeout 2s: the command ran longer; it was ended after 2s; to allow more: --timeout 4s
func (r *running) tellLimit() {
	c := r.c
	var flag, why, limit, more string
	switch c.Result().Ending {
	case sandbox.EndedByTimeout:
		flag, why, limit, more = "timeout", "ran longer", short(c.Timeout), short(2*c.Timeout)
	case sandbox.EndedByCPUTime:
		flag, why, limit, more = "cpu-time", "used more processor time", short(c.CPUTime), short(2*c.CPUTime)
	case sandbox.EndedByIdleTimeout:
		flag, why, limit, more = "idle-timeout", "printed nothing for so long", short(c.IdleTimeout), short(2*c.IdleTimeout)
	case sandbox.EndedByOutputLimit:
		flag, why, limit, more = "output-limit", "printed more", sizeText(c.OutputLimit), sizeText(2*c.OutputLimit)
	default:
		return
	}
	how, after := "ended", ""
	if c.Grace == 0 || c.GraceOver() {
		how = "killed"
	}
	if c.GraceOver() {
		after = ", as SIGTERM had not ended it in " + short(c.Grace)
	}
	wall := short(c.Result().Wall.Round(10 * time.Millisecond))
	fmt.Fprintf(os.Stderr, "usandbox: --%s %s: the command %s; it was %s after %s%s; to allow more: --%s %s\n", flag, limit, why, how, wall, after, flag, more)
}

// sizeText is a number of bytes as parseSize reads it.
func sizeText(n int64) string {
	unit := ""
	for _, u := range []string{"K", "M", "G", "T"} {
		if n%1024 != 0 {
			break
		}
		n, unit = n/1024, u
	}
	return fmt.Sprint(n) + unit
}

// short is a time without what is zero at its end: 10m, not 10m0s.
func short(d time.Duration) string {
	text := d.String()
	for _, zero := range []struct{ unit, tail string }{{"m", "0s"}, {"h", "0m"}} {
		if n := len(text) - len(zero.tail); n > 0 && text[n:] == zero.tail && text[n-1:n] == zero.unit {
			text = text[:n]
		}
	}
	return text
}

// count has the console tell of what passes it, and Ctrl-C in the grace kill the command.
func (c *console) count(cmd *sandbox.Cmd) {
	if cmd.Deadlines == (sandbox.Deadlines{}) {
		return
	}
	c.relay.Watch(terminal.Watch{
		Printed: cmd.Printed,
		Typed: func(b []byte) {
			cmd.Printed(0)
			for _, key := range b {
				const ctrlC = 3
				if key == ctrlC && cmd.BeingEnded() {
					cmd.Kill()
				}
			}
		},
	})
}

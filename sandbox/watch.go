package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// watch waits for a limit to be reached.
type watch struct {
	tripped chan Ending   // of the output
	ended   chan struct{} // closed: there is nothing more to decide
	acted   atomic.Bool   // a limit was reached, and the command is being ended
	killed  atomic.Bool   // the grace was not enough
	active  atomic.Int64  // when something was printed last, since start
	left    atomic.Int64  // bytes that may be printed
	start   time.Time
	cpu     *launch.CPUMeter
}

// newWatch makes what counts; nil: nothing is limited.
func (c *Cmd) newWatch() (*watch, error) {
	if err := c.Deadlines.check(); err != nil || !c.Deadlines.limited() {
		return nil, err
	}
	w := &watch{tripped: make(chan Ending, 1), ended: make(chan struct{}), start: time.Now()}
	w.left.Store(c.OutputLimit)
	return w, nil
}

// prepareWatch looks whether the command, which runs, can be watched.
func (c *Cmd) prepareWatch() (err error) {
	if c.watch == nil || c.CPUTime == 0 {
		return nil
	}
	if u := c.group.Usage(); u != nil && u.CPU != nil {
		return nil
	}
	if c.watch.cpu, err = c.process.NewCPUMeter(); err != nil {
		return fmt.Errorf("limit the processor time: %w", err)
	}
	return nil
}

// beginWatch watches it.
func (c *Cmd) beginWatch() {
	if c.watch != nil {
		go c.watchLimits()
	}
}

// end waits until it is decided why the command has ended.
func (w *watch) end() {
	if w != nil {
		<-w.ended
	}
}

func (c *Cmd) watchLimits() {
	w := c.watch
	defer close(w.ended)
	reached, ok := c.awaitLimit()
	if !ok || !c.causes.claim(reached) {
		return
	}
	w.acted.Store(true)
	if c.Grace > 0 && !c.Hold {
		err := c.process.SignalGroup(unix.SIGTERM)
		if errors.Is(err, os.ErrProcessDone) {
			if reached != EndedByOutputLimit { // what it had to say stays cut
				c.causes.first.Store(nil) // it has ended by itself, and what it has sent is on its way still
			}
			c.relayed.hasten()
			return
		}
		c.process.SignalGroup(unix.SIGCONT)
		c.process.SignalSession(unix.SIGTERM)
		c.process.SignalSession(unix.SIGCONT)
		select {
		case <-c.done:
			return
		case <-time.After(c.Grace):
		}
		w.killed.Store(true)
	}
	c.Kill()
}

// awaitLimit waits until a limit is reached; not ok: the command has ended.
func (c *Cmd) awaitLimit() (Ending, bool) {
	w := c.watch
	var timeout, cpu, idle <-chan time.Time
	if c.Timeout > 0 {
		t := time.NewTimer(time.Until(c.started.Add(c.Timeout)))
		defer t.Stop()
		timeout = t.C
	}
	var cpuTimer, idleTimer *time.Timer
	if c.CPUTime > 0 {
		cpuTimer = time.NewTimer(untilCPU(c.CPUTime))
		defer cpuTimer.Stop()
		cpu = cpuTimer.C
	}
	if c.IdleTimeout > 0 {
		idleTimer = time.NewTimer(c.IdleTimeout)
		defer idleTimer.Stop()
		idle = idleTimer.C
	}
	due := time.Now().Add(c.IdleTimeout)
	for {
		select {
		case <-c.done:
			return "", false
		case <-timeout:
			return EndedByTimeout, true
		case e := <-w.tripped:
			return e, true
		case <-cpu:
			used := c.cpuUsed()
			if used >= c.CPUTime {
				return EndedByCPUTime, true
			}
			cpuTimer.Reset(untilCPU(c.CPUTime - used))
		case now := <-idle:
			if now.Sub(due) > time.Second { // this process was stopped itself, and the command with it
				w.touch()
			}
			quiet := time.Since(w.start) - time.Duration(w.active.Load())
			if quiet >= c.IdleTimeout {
				return EndedByIdleTimeout, true
			}
			due = time.Now().Add(c.IdleTimeout - quiet)
			idleTimer.Reset(c.IdleTimeout - quiet)
		}
	}
}

// cpuUsed is the processor time that was used so far.
func (c *Cmd) cpuUsed() time.Duration {
	if c.watch.cpu != nil {
		return c.watch.cpu.Read()
	}
	return c.group.CPUTime()
}

// untilCPU is when so much more processor time can have been used at the earliest, but at
// most a second: what is seen late may have ended meanwhile.
func untilCPU(left time.Duration) time.Duration {
	return min(max(left/time.Duration(runtime.NumCPU()), 20*time.Millisecond), time.Second)
}

// touch notes that the command is not idle.
func (w *watch) touch() { w.active.Store(int64(time.Since(w.start))) }

// Printed tells that so many bytes are there that the command has printed on its Terminal, or
// none, but some were typed, and returns how many of them may be passed on.
func (c *Cmd) Printed(n int) int {
	w := c.watch
	if w == nil {
		return n
	}
	w.touch()
	if c.OutputLimit <= 0 {
		return n
	}
	for {
		left := w.left.Load()
		pass := min(int64(n), left)
		if !w.left.CompareAndSwap(left, left-pass) {
			continue
		}
		if pass < int64(n) {
			w.trip(EndedByOutputLimit)
		}
		return int(pass)
	}
}

// late is why a command ended, once all of its output is there: it may have ended before it was seen that
// it had printed too much.
func (w *watch) late(e Ending) Ending {
	if w == nil || e != EndedByExit && e != EndedBySignal {
		return e
	}
	select {
	case e = <-w.tripped:
	default:
	}
	return e
}

func (w *watch) trip(e Ending) {
	select {
	case w.tripped <- e:
	default:
	}
}

// BeingEnded reports whether a limit was reached and the command has its Grace now.
func (c *Cmd) BeingEnded() bool { return c.watch != nil && c.watch.acted.Load() }

// GraceOver reports whether a limit was reached and the command had to be killed, as it had
// not ended in its Grace.
func (c *Cmd) GraceOver() bool { return c.watch != nil && c.watch.killed.Load() }

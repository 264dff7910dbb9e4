package sandbox

import (
	"bytes"
	"errors"
	"time"
)

// Wait waits until the command has ended, everything else in the sandbox is gone
// and its output is copied. An exit code that is not 0, and an end by a signal,
// give an *[ExitError].
func (c *Cmd) Wait() error {
	if c.process == nil {
		return errors.New("sandbox: not started")
	}
	if c.result != nil {
		return errors.New("sandbox: Wait was called before")
	}
	state, err := c.process.Wait()
	c.refusals.end()
	if state.Status.Exited() {
		c.relayed.drain()
	}
	c.relayed.end()
	close(c.done)
	c.watch.end()
	c.result = &Result{
		Status: state.Status, Wall: time.Since(c.started),
		User: state.User, System: state.System, MaxRSS: state.MaxRSS,
		Ending: c.causes.of(state.Status),
	}
	c.result.takeAccount(state.Account)
	groupErr := c.endGroup()
	c.result.Usage = c.group.Usage()
	c.releaseCaches()
	if c.Changes != nil {
		err = errors.Join(err, c.Changes.Ended(state.Status))
	}
	copyErr := errors.Join(c.pipes.waitOutput(c.result.Ending.Limited()), c.removePrivate(), groupErr)
	c.Result()
	switch {
	case err != nil:
		return err
	case c.ctx != nil && c.ctx.Err() != nil && state.Status.Signaled():
		return c.ctx.Err()
	case state.Status.Signaled() || state.Status.ExitStatus() != 0 || c.result.Ending.Limited():
		return &ExitError{Result: *c.result}
	}
	return copyErr
}

// Run starts the command and waits for it.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Output runs the command and returns its standard output. If Stderr is nil, the
// end of the standard error is in the [ExitError].
func (c *Cmd) Output() ([]byte, error) {
	if c.Stdout != nil {
		return nil, errors.New("sandbox: Stdout already set")
	}
	var out, errOut bytes.Buffer
	c.Stdout = &out
	capture := c.Stderr == nil
	if capture {
		c.Stderr = &limited{buf: &errOut, left: 64 << 10}
	}
	err := c.Run()
	var exit *ExitError
	if capture && errors.As(err, &exit) {
		exit.Stderr = errOut.Bytes()
	}
	return out.Bytes(), err
}

// CombinedOutput runs the command and returns its standard output and error.
func (c *Cmd) CombinedOutput() ([]byte, error) {
	if c.Stdout != nil || c.Stderr != nil {
		return nil, errors.New("sandbox: Stdout or Stderr already set")
	}
	var out bytes.Buffer
	c.Stdout = &out
	c.Stderr = &out
	err := c.Run()
	return out.Bytes(), err
}

// Result is how the command ended; nil before Wait has returned. With a Terminal and an OutputLimit its
// Ending is final once all has been read of the terminal, and Printed was called for it.
func (c *Cmd) Result() *Result {
	if c.result != nil {
		c.result.Ending = c.watch.late(c.result.Ending)
	}
	return c.result
}

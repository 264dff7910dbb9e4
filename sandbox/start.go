package sandbox

import (
	"errors"
	"time"

	"github.com/usandbox/usandbox/launch"
)

// Start starts the command and returns when it runs, or with the reason why it
// does not: a *[launch.StepError] if a step of the set-up failed (its Exec field
// tells whether it was the command itself that could not be executed), else an
// error of Plan. Nothing is left of a sandbox that failed.
func (c *Cmd) Start() (err error) {
	if c.process != nil {
		return errors.New("sandbox: already started")
	}
	defer func() {
		if c.process == nil {
			c.pipes.close()
		}
	}()
	if c.ctx != nil && c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	if err := c.checkDelegated(); err != nil {
		return err
	}
	if err := c.makeGroup(); err != nil {
		return err
	}
	defer func() {
		if c.process == nil {
			err = errors.Join(err, c.endGroup())
		}
	}()
	if err := c.takeCaches(); err != nil {
		return err
	}
	defer func() {
		if c.process == nil {
			c.releaseCaches()
		}
	}()
	if c.watch, err = c.newWatch(); err != nil {
		return err
	}
	program, err := c.Plan()
	if err != nil {
		return err
	}
	image, err := program.Image()
	if err != nil {
		return err
	}
	files, err := c.pipes.open(c)
	if err != nil {
		return err
	}
	if c.Changes != nil {
		if err := c.Changes.Make(); err != nil {
			return err
		}
		defer func() {
			if c.process == nil {
				c.Changes.Remove()
			}
		}()
	}
	defer func() {
		if c.process == nil {
			err = errors.Join(err, c.removePrivate())
		}
	}()
	defer func() {
		if c.process == nil {
			c.relayed.end()
			c.relayed = nil
		}
	}()
	attr := &launch.Attr{Files: files, Cgroup: c.group.File(), Prepare: c.prepare, Terminal: c.prepareTerminal, Sockets: c.startRelay}
	var noPrivate error
	if c.Forked == nil {
		noPrivate = c.makePrivate()
	} else { // not before the caller is ready for signals, by which the folder would be left
		attr.Forked = func() {
			c.Forked()
			noPrivate = c.makePrivate()
		}
	}
	if noPrivate != nil {
		return noPrivate
	}
	c.started = time.Now()
	if c.Terminal != nil {
		attr.Outside = c.Terminal.Outside
	}
	process, err := image.Start(attr)
	switch {
	case noPrivate != nil:
		if err == nil {
			process.Kill()
			process.Wait()
		}
		return noPrivate
	case err != nil:
		return c.Policy.explain(err)
	}
	c.process = process
	err = c.prepareWatch()
	if err == nil {
		err = c.reportRefused()
	}
	if err != nil {
		process.Kill()
		process.Wait()
		c.process = nil
		return err
	}
	c.done = make(chan struct{})
	c.useCaches()
	c.pipes.run()
	c.beginWatch()
	if c.ctx != nil {
		go func() {
			select {
			case <-c.ctx.Done():
				c.Kill()
			case <-c.done:
			}
		}()
	}
	return nil
}

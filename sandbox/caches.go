package sandbox

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cache"
	"github.com/usandbox/usandbox/launch"
)

// WithCaches returns the policy with the caches of build tools at their own paths,
// copy-on-write: what the command writes there is kept in the layers, for the next
// command of the same project. They have to be Caches of the Cmd, and the command
// needs their Variables in its environment.
func (p Policy) WithCaches(l *cache.Layers) Policy {
	p.Files = append(slices.Clone(p.Files), l.Entries()...)
	return p
}

// takeCaches takes the layers, and shows those that were taken.
func (c *Cmd) takeCaches() error {
	if c.Caches == nil {
		return nil
	}
	if err := c.Caches.Take(); err != nil {
		return err
	}
	c.Policy.Files = c.Caches.Place(c.Policy.Files)
	return nil
}

// useCaches records, after Start, how long the layers are used.
func (c *Cmd) useCaches() {
	if c.Caches != nil {
		c.Caches.Uses(c.process.Pid()) // else the next one does not wait for a sandbox that was killed
	}
	if c.Changes != nil {
		c.Changes.Uses(c.process.Pid())
	}
}

// releaseCaches gives the layers back.
func (c *Cmd) releaseCaches() {
	if c.Caches != nil {
		c.Caches.Release()
	}
}

// keepLock makes a file descriptor of the layers' lock that outer keeps, in place;
// -1: there is none.
func (c *Cmd) keepLock() (int, error) {
	if c.Caches == nil {
		return -1, nil
	}
	return unix.FcntlInt(c.Caches.Lock().Fd(), unix.F_DUPFD, 3)
}

// closeLock is for an image that was not executed.
func (t *Takeover) closeLock() {
	if t.lock >= 0 {
		unix.Close(t.lock)
	}
}

// recordInit appends, in outer: write init's process id to the lock. Init is the last
// of the sandbox to go, and if outer is killed, it lives for a moment longer.
func (t *Takeover) recordInit(p *launch.Program) {
	if t.kept != nil {
		p.Doing("record the process that uses the copy-on-write run")
		p.Call(unix.SYS_PWRITE64, t.kept.fd, p.InitPID().Addr(), 8, 0).OnAny(nil)
	}
	if t.lock >= 0 {
		p.KeepAlone(t.lock)
		p.Doing("record the process that uses the caches")
		p.Call(unix.SYS_PWRITE64, t.lock, p.InitPID().Addr(), 8, 0).OnAny(nil)
	}
}

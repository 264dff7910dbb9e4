package splice

import "golang.org/x/sys/unix"

// Watch is a descriptor that a pump waits for beside its pairs.
type Watch struct {
	pump  *Pump
	fd    int
	index int32 // in Pump.watches
	ready func()
	on    bool
}

// firstWatch is what events have for the first watch in place of a slot; that of the next is one
// less. -1 is the eventfd's.
const firstWatch = -2

// Watch calls a function whenever there is something to read from a descriptor, a listening
// socket say, from Resume on. It is called in the pump's goroutine, so that a connection that is
// accepted there, and joined, needs no hand-over between threads. It must be quick, and must not
// call Close; it may call Join, Cut, Pause and Resume. The descriptor stays the caller's, who must
// not close it before Pause, or the end of the pump.
func (p *Pump) Watch(fd int, ready func()) *Watch {
	w := &Watch{pump: p, fd: fd, ready: ready}
	p.mu.Lock()
	defer p.mu.Unlock()
	w.index = int32(len(p.watches))
	p.watches = append(p.watches, w)
	return w
}

// Resume has the function called, from now on. With a pump that is closed it does nothing.
func (w *Watch) Resume() error {
	w.pump.mu.Lock()
	defer w.pump.mu.Unlock()
	if w.on || w.pump.closed {
		return nil
	}
	err := w.pump.poll.add(w.fd, unix.EPOLLIN, firstWatch-w.index, 0)
	w.on = err == nil
	return err
}

// Pause has the function not called any more. Elsewhere than in the pump's goroutine it may
// still be called once.
func (w *Watch) Pause() {
	w.pump.mu.Lock()
	defer w.pump.mu.Unlock()
	if w.on && !w.pump.closed {
		w.pump.poll.remove(w.fd)
	}
	w.on = false
}

package terminal

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// bufferSize is how much is read at once. A pseudo-terminal gives 4 KiB at most.
	bufferSize = 64 << 10

	// maxPending is how much waits for the caller's terminal at most. It keeps the two
	// terminals from waiting for each other, and is not so much that Ctrl-C shows late.
	maxPending = 32 << 10
)

// output relays what is printed, which read reads from the master. It waits for nothing
// but the two terminals.
func (r *Relay) output(read func([]byte) (int, error)) {
	defer close(r.outDone)
	runtime.LockOSThread() // its thread is woken for nothing else
	buf := make([]byte, bufferSize)
	var pending []byte
	for {
		// Before the look at the master: what is printed behind that look, and just
		// before the end, is there still.
		ended := r.ended.Load()
		if len(pending) < maxPending {
			n, err := read(buf)
			switch {
			case n > 0:
				read := r.watch.printed(buf[:n])
				text := read
				if !r.through {
					text = r.filter.Filter(read)
				}
				var ok bool
				if pending, ok = r.show(pending, text); !ok {
					r.hangUp()
					return
				}
				continue
			case r.gone.Load():
				return
			case err == unix.EAGAIN && !ended:
			default: // all is read
				r.printing.Lock()
				defer r.printing.Unlock()
				r.print(append(pending, r.filter.End()...))
				return
			}
		}
		if !r.await(len(pending) < maxPending, len(pending) > 0, !ended) {
			return
		}
		var ok bool
		if pending, ok = r.show(pending, nil); !ok {
			r.hangUp()
			return
		}
	}
}

// await waits until there is something to read, the caller's terminal takes more of
// what is pending, or the end comes, if it was not known when it was read. False: the
// caller's terminal is gone.
func (r *Relay) await(read, write, end bool) bool {
	fds := [...]unix.PollFd{{Fd: -1, Events: unix.POLLIN}, {Fd: -1, Events: unix.POLLOUT}, {Fd: -1, Events: unix.POLLIN}}
	if read {
		fds[0].Fd = int32(r.master)
	}
	if write {
		fds[1].Fd = int32(r.out.fd)
	}
	if end {
		fds[2].Fd = int32(r.wakeOut[0])
	}
	unix.Poll(fds[:], -1)
	return !r.gone.Load()
}

// show writes what is pending, and text behind it, as far as the caller's terminal
// takes it at once, and returns the rest. Not ok: it is gone.
func (r *Relay) show(pending, text []byte) (rest []byte, ok bool) {
	r.printing.Lock()
	defer r.printing.Unlock()
	if !r.out.nonblocking {
		return nil, r.print(text)
	}
	for len(pending) > 0 || len(text) > 0 {
		b := &pending
		if len(pending) == 0 {
			b = &text
		}
		n, err := r.out.write(*b)
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			return nil, false
		}
		*b = (*b)[n:]
	}
	if len(text) == 0 {
		return pending, true
	}
	copy(r.kept, pending) // it is a part of kept, or nothing
	r.kept = append(r.kept[:len(pending)], text...)
	return r.kept, true
}

// print writes all of b to the caller's terminal. False: it is gone.
func (r *Relay) print(b []byte) bool {
	wake := r.wakeOut[0]
	for len(b) > 0 {
		n, err := r.out.write(b)
		switch err {
		case nil:
			b = b[n:]
		case unix.EAGAIN:
			if _, woken := await(r.out.fd, unix.POLLOUT, wake, -1); woken {
				if r.gone.Load() {
					return false
				}
				wake = -1 // the end has come, and this is before it
			}
		default:
			return false
		}
	}
	return true
}

// lookAgain is how often input in the background looks whether it still is.
const lookAgain = 100 * time.Millisecond

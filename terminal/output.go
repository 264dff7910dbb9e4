package terminal

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// bufferSize is how much is read at once. A pseudo-terminal gives 4 KiB at most.
const bufferSize = 64 << 10

// output relays what is printed. It waits for nothing but the two terminals.
func (r *Relay) output() {
	defer close(r.outDone)
	runtime.LockOSThread() // its thread is woken for nothing else
	master := descriptor{r.master, true}
	buf := make([]byte, bufferSize)
	for {
		n, err := master.read(buf)
		switch {
		case n > 0:
			text := r.filter.Filter(buf[:n])
			if r.through {
				text = buf[:n]
			}
			if !r.print(text) {
				r.hangUp()
				return
			}
		case r.gone.Load():
			return
		case err == unix.EAGAIN && !r.ended.Load():
			await(r.master, unix.POLLIN, r.wakeOut[0], -1)
		default: // all is read
			r.print(r.filter.End())
			return
		}
	}
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

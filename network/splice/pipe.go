package splice

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pipeSize    = 256 << 10 // of a pipe: more is not faster, and takes more of what the user may have
	pipeLeast   = 1 << 16   // less is not worth it: bytes are copied
	pipeUnused  = time.Second
	pipeStalled = 50 * time.Millisecond // then what is in it goes to memory
	pipeRetry   = 100 * time.Millisecond
)

// pipesOpen counts the pipes of the process.
var pipesOpen atomic.Int32

// pipe holds bytes on their way from a socket to another.
type pipe struct {
	r, w  int
	size  int
	n     int       // bytes in it
	owner *link     // whose bytes
	side  side      // from which socket
	since time.Time // when there was no room for them
}

// pool has a pump's pipes. A pipe is taken from it for no longer than it holds bytes.
type pool struct {
	most  int
	free  []*pipe
	busy  []*pipe // with bytes for which there was no room
	open  atomic.Int32
	used  time.Time // when one was put back last
	retry time.Time // none could be made: not before this
}

// take gives an empty pipe, or nil: there is none now.
func (p *pool) take(now time.Time) *pipe {
	if n := len(p.free); n > 0 {
		pipe := p.free[n-1]
		p.free = p.free[:n-1]
		return pipe
	}
	if int(p.open.Load()) >= p.most || now.Before(p.retry) {
		return nil
	}
	if pipesOpen.Add(1) > MaxPipes {
		pipesOpen.Add(-1)
		return nil
	}
	p.open.Add(1)
	made, ok := newPipe()
	if !ok {
		p.forget()
		p.retry = now.Add(pipeRetry)
		return nil
	}
	return made
}

// newPipe makes a pipe, as large as pipe-user-pages-soft allows (pipe(7)).
func newPipe() (*pipe, bool) {
	var fd [2]int
	if unix.Pipe2(fd[:], unix.O_CLOEXEC|unix.O_NONBLOCK) != nil {
		return nil, false
	}
	made := &pipe{r: fd[0], w: fd[1]}
	for size := pipeSize; size >= pipeLeast; size /= 4 {
		if n, err := unix.FcntlInt(uintptr(made.w), unix.F_SETPIPE_SZ, size); err == nil {
			made.size = n
			return made, true
		}
	}
	made.close()
	return nil, false
}

func (p *pipe) close() {
	unix.Close(p.r)
	unix.Close(p.w)
}

func (p *pool) forget() {
	p.open.Add(-1)
	pipesOpen.Add(-1)
}

// put takes an empty pipe back.
func (p *pool) put(pipe *pipe, now time.Time) {
	p.release(pipe)
	p.free = append(p.free, pipe)
	p.used = now
}

// discard closes a pipe with what is in it.
func (p *pool) discard(pipe *pipe) {
	p.release(pipe)
	pipe.close()
	p.forget()
}

// stall notes that there is no room for the bytes of a pipe.
func (p *pool) stall(pipe *pipe, now time.Time) {
	if pipe.since.IsZero() {
		pipe.since = now
		p.busy = append(p.busy, pipe)
	}
}

// release takes a pipe out of the busy ones.
func (p *pool) release(pipe *pipe) {
	if !pipe.since.IsZero() {
		pipe.since = time.Time{}
		for i := range p.busy {
			if p.busy[i] == pipe {
				p.busy = append(p.busy[:i], p.busy[i+1:]...)
				break
			}
		}
	}
	pipe.owner = nil
}

// reap closes the free pipes when none was used for a while.
func (p *pool) reap(now time.Time) {
	if len(p.free) > 0 && now.Sub(p.used) >= pipeUnused {
		p.closeFree()
	}
}

func (p *pool) closeFree() {
	for _, pipe := range p.free {
		pipe.close()
		p.forget()
	}
	p.free = nil
}

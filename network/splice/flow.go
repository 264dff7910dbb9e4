package splice

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	smallRead = 16 << 10 // read at once, until that fills
	bulkRead  = 64 << 10 // copied at once, where there is no pipe
	leastRoom = 4 << 10  // moved even if the guess says that there is less room
	turn      = 2 << 20  // bytes moved for one pair before others have their turn
)

// move moves bytes that come from one side, once. It reports whether it did anything.
func (p *Pump) move(l *link, from side) bool {
	f, src, dst := &l.flow[from], &l.sock[from], &l.sock[1-from]
	if f.shut || l.dead {
		return false
	}
	if f.rest != nil || f.pipe != nil {
		if !dst.writable {
			return false
		}
		if f.rest != nil {
			return p.moveRest(l, f, dst)
		}
		return p.drainPipe(l, f, dst)
	}
	if f.ended {
		if src.err != 0 {
			return false
		}
		f.shut = true
		if !l.flow[1-from].shut { // else they are closed now, which says the same
			unix.Shutdown(dst.fd, unix.SHUT_WR)
		}
		return true
	}
	if from == client && l.inspect != nil {
		return p.look(l)
	}
	if !src.readable || !dst.writable {
		return false
	}
	most := smallRead
	if f.bulk {
		most = pipeSize
	}
	if f.bulk || f.tight {
		if f.room < most { // of what was there, much was used
			f.room = dst.room()
		}
		most = max(min(most, f.room), leastRoom)
	}
	if f.bulk && !src.odd && p.spare(pipeSize) {
		if pipe := p.pipe(); pipe != nil {
			return p.splice(l, from, pipe, min(most, pipe.size))
		}
	}
	return p.copy(l, from, min(most, bulkRead))
}

// copy moves bytes through memory. If what is left over could not be kept, it stays where it is:
// it is looked at, and only what was written is taken.
func (p *Pump) copy(l *link, from side, most int) bool {
	f, src, dst := &l.flow[from], &l.sock[from], &l.sock[1-from]
	if !p.spare(most) {
		return p.peek(l, from, most)
	}
	n, err := src.receive(p.buffer[:most], 0)
	if err == unix.EAGAIN {
		return false
	}
	if n == 0 {
		p.end(l, from, err)
		return true
	}
	f.bulk = n >= smallRead
	m, err := dst.send(p.buffer[:n])
	p.count(l, from, m)
	if err != 0 && err != unix.EAGAIN {
		dst.fault(err)
		return false
	}
	if m < n {
		f.tight = true
		return p.keep(l, f, p.buffer[m:n])
	}
	return true
}

// peek is copy without anything to keep.
func (p *Pump) peek(l *link, from side, most int) bool {
	f, src, dst := &l.flow[from], &l.sock[from], &l.sock[1-from]
	n, err := src.receive(p.buffer[:most], unix.MSG_PEEK)
	if err == unix.EAGAIN {
		return false
	}
	if n == 0 {
		p.end(l, from, err)
		return true
	}
	f.bulk = n >= smallRead
	m, err := dst.send(p.buffer[:n])
	p.count(l, from, m)
	if err != 0 && err != unix.EAGAIN {
		dst.fault(err)
		return false
	}
	f.tight = m < n
	for m > 0 {
		taken, err := src.receive(p.buffer[:m], 0)
		if taken == 0 { // impossible: they were there
			p.reset(l, Totals{End: ClientReset + End(from), Err: err})
			return false
		}
		m -= taken
	}
	src.readable = true
	return true
}

// splice moves bytes through a pipe.
func (p *Pump) splice(l *link, from side, pipe *pipe, most int) bool {
	f, src, dst := &l.flow[from], &l.sock[from], &l.sock[1-from]
	n, err := unix.Splice(src.fd, nil, pipe.w, nil, most, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
	if n <= 0 {
		p.pool.put(pipe, p.now)
	}
	switch errno, _ := err.(syscall.Errno); {
	case errno == unix.EINTR:
		return true
	case errno == unix.EAGAIN:
		src.readable = false
		return false
	case errno == unix.EINVAL: // it cannot be spliced
		src.odd = true
		return true
	case n <= 0:
		p.end(l, from, errno)
		return true
	}
	f.bulk = n >= smallRead
	f.pipe, pipe.n, pipe.owner, pipe.side = pipe, int(n), l, from
	return p.drainPipe(l, f, dst)
}

// drainPipe moves what is in the pipe.
func (p *Pump) drainPipe(l *link, f *flow, dst *socket) bool {
	pipe, from := f.pipe, f.pipe.side
	for pipe.n > 0 {
		n, err := unix.Splice(pipe.r, nil, dst.fd, nil, pipe.n, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		switch errno, _ := err.(syscall.Errno); {
		case n > 0:
			pipe.n -= int(n)
			p.count(l, from, int(n))
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			dst.writable, f.tight = false, true
			p.pool.stall(pipe, p.now)
			return false
		default:
			dst.fault(errno)
			return false
		}
	}
	f.pipe = nil
	p.pool.put(pipe, p.now)
	return true
}

// moveRest writes what is left over in memory.
func (p *Pump) moveRest(l *link, f *flow, dst *socket) bool {
	from := client
	if f == &l.flow[server] {
		from = server
	}
	n, err := dst.send(f.rest)
	p.count(l, from, n)
	if err != 0 && err != unix.EAGAIN {
		dst.fault(err)
		return false
	}
	if n == len(f.rest) {
		p.free(l, f)
		return true
	}
	if f.rest = f.rest[n:]; n > 0 {
		p.stuck.push(&l.stuck, l)
	}
	return n > 0
}

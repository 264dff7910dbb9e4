package splice

import (
	"time"

	"golang.org/x/sys/unix"
)

// spare reports whether n more bytes may be left over, if all pipes are emptied also.
func (p *Pump) spare(n int) bool {
	return p.leftover.Load()+int64(p.pool.open.Load())*pipeSize+int64(n) <= int64(p.limits.Leftover)
}

// keep puts bytes that were read and could not be written into memory. It reports
// whether the pair still lives.
func (p *Pump) keep(l *link, f *flow, b []byte) bool {
	if !p.reserve(l, f, len(b)) {
		return false
	}
	copy(f.rest, b)
	return true
}

// reserve makes room for n bytes as the rest of a flow. Where the budget does not suffice, which
// spare prevents, the pairs are reset that have waited longest for their peer to read.
func (p *Pump) reserve(l *link, f *flow, n int) bool {
	for p.leftover.Load()+int64(n) > int64(p.limits.Leftover) {
		victim := p.stuck.front()
		if victim == nil {
			victim = l
		}
		p.reset(victim, Totals{End: Stuck})
		if l.dead {
			return false
		}
	}
	p.leftover.Add(int64(n))
	f.rest, f.size = make([]byte, n), n
	p.stuck.push(&l.stuck, l)
	return true
}

// free is the end of a rest.
func (p *Pump) free(l *link, f *flow) {
	p.leftover.Add(-int64(f.size))
	f.rest, f.size = nil, 0
	if l.flow[client].rest == nil && l.flow[server].rest == nil {
		l.stuck.remove()
	}
}

// pipe gives an empty pipe, if need be one that others wait with for room, and nil when
// there is none.
func (p *Pump) pipe() *pipe {
	pipe := p.pool.take(p.now)
	if pipe == nil && len(p.pool.busy) > 0 {
		if stalled := p.pool.busy[0]; p.leftover.Load()+int64(stalled.n) <= int64(p.limits.Leftover)/2 && p.empty(stalled) {
			pipe = p.pool.take(p.now)
		}
	}
	return pipe
}

// empty moves what is in a pipe into memory, and puts the pipe back. It reports whether
// the pair still lives.
func (p *Pump) empty(pipe *pipe) bool {
	l := pipe.owner
	f := &l.flow[pipe.side]
	if !p.reserve(l, f, pipe.n) {
		return false
	}
	for done := 0; done < pipe.n; {
		n, err := unix.Read(pipe.r, f.rest[done:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			p.reset(l, Totals{End: Stuck, Err: err})
			return false
		}
		done += n
	}
	f.pipe, pipe.n = nil, 0
	p.pool.put(pipe, p.now)
	return true
}

// emptyStalled takes the pipes from those that have waited with them for too long.
func (p *Pump) emptyStalled() {
	for len(p.pool.busy) > 0 && p.now.Sub(p.pool.busy[0].since) >= pipeStalled {
		p.empty(p.pool.busy[0])
	}
}

// idle resets the pairs that carried nothing for too long.
func (p *Pump) idle() {
	if p.limits.Idle == 0 || p.now.Before(p.scan) {
		return
	}
	p.scan = p.now.Add(max(p.limits.Idle/4, time.Millisecond))
	for _, l := range p.links() {
		if p.now.Sub(l.active) >= p.limits.Idle {
			p.reset(l, Totals{End: IdleTimeout})
		}
	}
}

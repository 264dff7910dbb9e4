package splice

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// run is the pump's goroutine.
func (p *Pump) run() {
	defer close(p.ended)
	events := make([]unix.EpollEvent, 256)
	for {
		var found []unix.EpollEvent
		var err error
		if len(p.ready) > 0 {
			found, err = p.poll.look(events)
		} else {
			found, err = p.poll.wait(events, p.deadline())
		}
		p.now = time.Now()
		if !p.collect(found) {
			break
		}
		if err != nil { // impossible; without epoll no pair gets further
			p.mu.Lock()
			p.closed = true
			p.mu.Unlock()
			break
		}
		turns := p.ready
		p.ready = nil
		for _, l := range turns {
			l.queued = false
			p.turn(l)
		}
		if p.ready == nil {
			p.ready = turns[:0]
		}
		p.tell()
		p.cut()
		p.beginDrain()
		p.overdue()
		p.emptyStalled()
		p.idle()
		p.pool.reap(p.now)
	}
	for _, l := range p.links() {
		p.reset(l, Totals{End: Closed})
	}
	p.pool.closeFree()
	p.poll.close()
	unix.Close(p.eventfd)
}

// deadline is when something is to be done without an event; zero: never.
func (p *Pump) deadline() time.Time {
	var next time.Time
	at := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if l := p.held.front(); l != nil {
		at(l.heldAt.Add(p.limits.Hold))
	}
	if len(p.pool.busy) > 0 {
		at(p.pool.busy[0].since.Add(pipeStalled))
	}
	if len(p.pool.free) > 0 {
		at(p.pool.used.Add(pipeUnused))
	}
	if p.limits.Idle > 0 && p.joined.Load() > 0 {
		at(p.scan)
	}
	return next
}

// collect notes what events say. It reports false when the pump is closed.
func (p *Pump) collect(events []unix.EpollEvent) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range events {
		e := &events[i]
		if e.Fd <= firstWatch {
			if w := p.watches[firstWatch-e.Fd]; w.on {
				p.told = append(p.told, w)
			}
			continue
		}
		if e.Fd < 0 {
			var count [8]byte
			unix.Read(p.eventfd, count[:])
			continue
		}
		slot := &p.table[e.Fd>>1]
		if slot.link == nil || slot.uses != e.Pad {
			continue // of a pair that was there before
		}
		slot.link.sock[e.Fd&1].note(e.Events)
		p.enqueue(slot.link)
	}
	return !p.closed
}

// tell calls the functions of the watches that events were for.
func (p *Pump) tell() {
	for i, w := range p.told {
		p.told[i] = nil
		w.ready()
	}
	p.told = p.told[:0]
}

func (p *Pump) enqueue(l *link) {
	if !l.queued {
		l.queued = true
		p.ready = append(p.ready, l)
	}
}

// turn moves what a pair has to move, within bounds.
func (p *Pump) turn(l *link) {
	before := l.flow[client].total + l.flow[server].total
	for !l.dead {
		out := p.move(l, client)
		in := p.move(l, server)
		switch {
		case l.dead:
		case l.sock[client].err != 0:
			p.broken(l, client)
		case l.sock[server].err != 0:
			p.broken(l, server)
		case l.flow[l.ends].shut && (p.drain || l.flow[1-l.ends].shut):
			p.finish(l, Totals{End: EOF})
		case !out && !in:
			return
		case l.flow[client].total+l.flow[server].total-before >= turn:
			p.enqueue(l)
			return
		}
	}
}

// broken is the end of a pair of which one side's connection broke: the other gets
// what that side sent before, as far as it takes it, and a reset.
func (p *Pump) broken(l *link, from side) {
	if from == server || l.inspect == nil {
		l.sock[from].readable = !l.flow[from].ended // a write may have failed before epoll told
		for p.move(l, from) {
		}
	}
	if !l.dead {
		p.reset(l, Totals{End: ClientReset + End(from), Err: l.sock[from].err})
	}
}

// end is the end of what a side sends, or its break.
func (p *Pump) end(l *link, from side, err syscall.Errno) {
	if err != 0 {
		l.sock[from].fault(err)
	}
	l.flow[from].ended = true
	l.sock[from].readable = false
}

func (p *Pump) count(l *link, from side, n int) {
	if n > 0 {
		l.flow[from].total += uint64(n)
		p.moved.Add(uint64(n))
		l.flow[from].room -= n
		l.active = p.now
	}
}

// reset ends a pair at once.
func (p *Pump) reset(l *link, t Totals) {
	for i := range l.sock {
		l.sock[i].linger()
	}
	p.finish(l, t)
}

// finish closes the sockets and gives everything back.
func (p *Pump) finish(l *link, t Totals) {
	l.dead = true
	for i := range l.sock {
		unix.Close(l.sock[i].fd)
		if f := &l.flow[i]; f.pipe != nil {
			p.pool.discard(f.pipe)
			f.pipe = nil
		}
		if f := &l.flow[i]; f.rest != nil {
			p.free(l, f)
		}
	}
	l.held.remove()
	l.stuck.remove()
	p.mu.Lock()
	p.leave(l)
	p.mu.Unlock()
	p.joined.Add(-1)
	if l.done != nil {
		t.Out, t.In = l.flow[client].total, l.flow[server].total
		l.done(t)
	}
}

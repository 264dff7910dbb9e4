package splice

import "golang.org/x/sys/unix"

// Drain says that the clients have all ended, or are about to, and of pairs that are Published the
// servers: each pair ends when all that came from that side is delivered, and does not wait for
// the other one, from which nobody wants anything any more. It does not wait for that: Stats
// tells when there are no pairs left, and Moved whether there is progress.
func (p *Pump) Drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.drains {
		return
	}
	p.drains = true
	unix.Write(p.eventfd, []byte{1, 0, 0, 0, 0, 0, 0, 0})
}

// Moved is how many bytes have been given to sockets by now.
func (p *Pump) Moved() uint64 { return p.moved.Load() }

// beginDrain ends the pairs of which all is delivered already.
func (p *Pump) beginDrain() {
	p.mu.Lock()
	begin := p.drains && !p.drain
	p.mu.Unlock()
	if !begin {
		return
	}
	p.drain = true
	for _, l := range p.links() {
		p.turn(l)
	}
}

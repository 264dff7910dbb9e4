package splice

import "golang.org/x/sys/unix"

// Cut resets the pair that was joined with a key, if it is there still; its Done is told [CutOff].
// It does not wait for that, and may be called while the pump calls Done or Inspect.
func (p *Pump) Cut(key any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.doomed = append(p.doomed, key)
	unix.Write(p.eventfd, []byte{1, 0, 0, 0, 0, 0, 0, 0})
}

// cut does what Cut was called for.
func (p *Pump) cut() {
	p.mu.Lock()
	doomed := p.doomed
	p.doomed = nil
	p.mu.Unlock()
	if doomed == nil {
		return
	}
	keys := make(map[any]bool, len(doomed))
	for _, key := range doomed {
		keys[key] = true
	}
	for _, l := range p.links() {
		if l.key != nil && keys[l.key] {
			p.reset(l, Totals{End: CutOff})
		}
	}
}

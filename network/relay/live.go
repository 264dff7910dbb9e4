package relay

import "sync"

// live are the connections that are dialled, or joined.
type live struct {
	mu    sync.Mutex
	conns map[*conn]struct{}
}

func (l *live) add(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns == nil {
		l.conns = make(map[*conn]struct{})
	}
	l.conns[c] = struct{}{}
}

func (l *live) remove(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// check ends those that the rules do not allow any more.
func (l *live) check(r *Relay) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if v := r.again(&c.target); !v.Allowed {
			c.end()
		}
	}
}

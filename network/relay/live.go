package relay

import "sync"

// live are the connections that are joined, or just about to be.
type live struct {
	mu    sync.Mutex
	conns map[*conn]bool // true: it is to end
}

func (l *live) add(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns == nil {
		l.conns = make(map[*conn]bool)
	}
	l.conns[c] = false
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
			l.conns[c] = true
			r.pump.Cut(c)
		}
	}
}

// isDoomed is for a connection that was just joined: check may have come before that.
func (l *live) isDoomed(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conns[c]
}

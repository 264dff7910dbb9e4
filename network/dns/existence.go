package dns

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"
)

// Existence is what is known of a name outside.
type Existence uint8

const (
	Unclear Existence = iota // it could not be found out: SERVFAIL
	Absent                   // no such name, or it has no address: NXDOMAIN
	Present
)

// How long a result counts, and how long finding it out may take.
const (
	presentFor    = time.Minute
	absentFor     = 5 * time.Second
	unclearFor    = time.Second
	lookupTimeout = 10 * time.Second
)

// Exists makes a callback for [Server] of a resolver, nil being the host's. Names with
// a dot are asked for as they stand; the host's search list counts for others.
func Exists(r *net.Resolver) func(ctx context.Context, name string) (Existence, error) {
	if r == nil {
		r = net.DefaultResolver
	}
	return func(ctx context.Context, name string) (Existence, error) {
		if strings.Contains(name, ".") {
			name += "."
		}
		_, err := r.LookupNetIP(ctx, "ip", name)
		if err == nil {
			return Present, nil
		}
		if e := (*net.DNSError)(nil); errors.As(err, &e) && e.IsNotFound {
			return Absent, nil
		}
		return Unclear, err
	}
}

// existence remembers what Server.Exists said, and lets one call serve all who wait.
type existence struct {
	mu    sync.Mutex
	known map[string]remembered
	calls map[string]*call
}

type remembered struct {
	state Existence
	until time.Time
}

type call struct {
	done  chan struct{}
	state Existence // once done is closed
}

// recall is what is remembered of a name.
func (e *existence) recall(name string) (Existence, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r, ok := e.known[name]
	if !ok || time.Now().After(r.until) {
		return Unclear, false
	}
	return r.state, true
}

// remember keeps a result. Where there is no room something else is forgotten, which
// costs no more than asking again.
func (e *existence) remember(name string, state Existence) {
	now := time.Now()
	until := now.Add(unclearFor)
	switch state {
	case Present:
		until = now.Add(presentFor)
	case Absent:
		until = now.Add(absentFor)
	}
	if e.known == nil {
		e.known = make(map[string]remembered)
	}
	if _, ok := e.known[name]; !ok && len(e.known) >= maxRemembered {
		n := 0
		for other, r := range e.known {
			if n++; n == 1 || now.After(r.until) {
				delete(e.known, other)
			}
			if n == 16 {
				break
			}
		}
	}
	e.known[name] = remembered{state, until}
}

// lookup asks Exists, or waits with those for whom it was asked already.
func (s *Server) lookup(name string) Existence {
	e := &s.names
	e.mu.Lock()
	c, ok := e.calls[name]
	if !ok {
		if !s.lookups.take() {
			e.mu.Unlock()
			return Unclear
		}
		c = &call{done: make(chan struct{})}
		if e.calls == nil {
			e.calls = make(map[string]*call)
		}
		e.calls[name] = c
	}
	e.mu.Unlock()
	if ok {
		select {
		case <-c.done:
			return c.state
		case <-s.ctx.Done():
			return Unclear
		}
	}
	ctx, cancel := context.WithTimeout(s.ctx, lookupTimeout)
	defer cancel()
	state := Unclear
	select {
	case s.asking <- struct{}{}:
		found, err := s.Exists(ctx, name)
		<-s.asking
		if err == nil && found <= Present {
			state = found
		}
	case <-ctx.Done():
	}
	e.mu.Lock()
	c.state = state
	e.remember(name, state)
	delete(e.calls, name)
	e.mu.Unlock()
	close(c.done)
	return state
}

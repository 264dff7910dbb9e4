package relay

import (
	"sync"
	"time"

	"github.com/usandbox/usandbox/network"
)

const (
	// evictable is after how long without a datagram a flow may have to make room for another.
	evictable = 5 * time.Second

	// deniedFor is how long datagrams of a flow that was denied are dropped without being
	// counted, or logged, again.
	deniedFor = 5 * time.Second
	maxDenied = 1024
)

// flows are all flows of a relay.
type flows struct {
	relay   *Relay
	buffers buffers
	wg      sync.WaitGroup

	mu     sync.Mutex
	closed bool
	tidied bool // tidy runs
	open   map[flowKey]*flow
	denied map[flowKey]time.Time
}

func newFlows(r *Relay) *flows {
	return &flows{relay: r, buffers: newBuffers(), open: make(map[flowKey]*flow), denied: make(map[flowKey]time.Time)}
}

// receive reads a socket for packets until it is closed. Those of the namespace are closed after
// the relay: nothing waits for that.
func (r *Relay) receive(p Packet, published *network.Published) {
	go func() {
		b := make([]byte, bufferSize)
		for {
			n, client, to, err := p.ReadFrom(b)
			if r.ctx.Err() != nil {
				return
			}
			if err != nil {
				if published == nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
				continue
			}
			r.flows.packet(flowKey{p, client, unmap(to)}, published, b[:n])
		}
	}()
}

// packet takes a datagram from a client.
func (s *flows) packet(key flowKey, published *network.Published, b []byte) {
	s.mu.Lock()
	f := s.open[key]
	s.mu.Unlock()
	if f == nil {
		if f = s.begin(key, published); f == nil {
			return
		}
	}
	f.send(b)
}

// begin makes a flow, if it is allowed and there is room.
func (s *flows) begin(key flowKey, published *network.Published) *flow {
	r := s.relay
	if published == nil && s.deniedNow(key) {
		return nil
	}
	f := &flow{key: key, flows: s, published: published, began: time.Now()}
	f.proto = network.UDP
	f.last.Store(f.began.UnixNano())
	asks := false
	if published == nil {
		f.to = key.to
		f.name, f.verdict = r.verdict(network.UDP, key.to)
		if asks = r.asks(f.name, f.verdict); !f.verdict.Allowed && !asks {
			r.denied.Add(1)
			s.refuse(f)
			f.log(wordDenied, f.verdict.Reason, "", 0, 0)
			return nil
		}
	}
	if !s.add(f) {
		return nil
	}
	if !asks {
		go s.serve(f)
		return f
	}
	r.asker.submit(&f.target, key.client, func(v network.Verdict) {
		if f.verdict, f.asked = v, v.Allowed; v.Allowed {
			go s.serve(f)
			return
		}
		f.deny()
		s.wg.Done()
	})
	return f
}

func (s *flows) serve(f *flow) {
	defer s.wg.Done()
	f.serve()
}

// add adds a flow. When there are too many, the one that was idle for longest has to go.
func (s *flows) add(f *flow) bool {
	s.mu.Lock()
	var oldest *flow
	if len(s.open) >= s.relay.limits.Flows {
		for _, o := range s.open {
			if oldest == nil || o.last.Load() < oldest.last.Load() {
				oldest = o
			}
		}
		if time.Since(time.Unix(0, oldest.last.Load())) < evictable {
			s.mu.Unlock()
			s.relay.failed.Add(1)
			return false
		}
		delete(s.open, oldest.key)
	}
	ok := !s.closed
	if ok {
		s.open[f.key] = f
		s.wg.Add(1)
		if !s.tidied {
			s.tidied = true
			s.relay.run(s.tidy)
		}
	}
	s.mu.Unlock()
	if oldest != nil {
		oldest.end(wordAllowed, "it made room for another")
	}
	return ok
}

func (s *flows) remove(f *flow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[f.key] == f {
		delete(s.open, f.key)
	}
}

// deniedNow reports whether a flow was denied a short time ago.
func (s *flows) deniedNow(key flowKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if when, ok := s.denied[key]; ok && now.Sub(when) < deniedFor {
		return true
	}
	return false
}

// refuse notes that a flow is not allowed.
func (s *flows) refuse(f *flow) {
	r := s.relay
	now := time.Now()
	s.mu.Lock()
	if len(s.denied) >= maxDenied {
		for key, when := range s.denied {
			if now.Sub(when) >= deniedFor {
				delete(s.denied, key)
			}
		}
	}
	if len(s.denied) < maxDenied {
		s.denied[f.key] = now
	}
	s.mu.Unlock()
	// Unlike a connection, the client's socket is there for a while.
	var program string
	if r.finder.begin(r.tally.wants(&f.target)) {
		_, program = r.finder.find(network.UDP, f.key.client)
	}
	r.tally.add(&f.target, program)
}

// all are the flows of now.
func (s *flows) all() []*flow {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*flow, 0, len(s.open))
	for _, f := range s.open {
		list = append(list, f)
	}
	return list
}

// check ends those that the rules do not allow any more. One that is not connected yet sees
// that itself.
func (s *flows) check() {
	for _, f := range s.all() {
		f.mu.Lock()
		t, connected := f.target, f.file != nil
		f.mu.Unlock()
		if f.published != nil || !connected {
			continue
		}
		if v := s.relay.again(&t); !v.Allowed {
			f.end(wordAllowed, v.Reason)
		}
	}
}

// tidy ends flows that are idle, until the relay is closed.
func (s *flows) tidy() {
	idle := s.relay.limits.FlowIdle
	tick := time.NewTicker(min(max(idle/4, time.Millisecond), 5*time.Second))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.relay.ctx.Done():
			return
		}
		for _, f := range s.all() {
			f.mu.Lock()
			connected := f.file != nil
			f.mu.Unlock()
			if connected && time.Since(time.Unix(0, f.last.Load())) > idle {
				f.end(wordAllowed, "")
			}
		}
	}
}

// close ends all flows.
func (s *flows) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, f := range s.all() {
		f.end(wordAllowed, "")
	}
	s.wg.Wait()
}

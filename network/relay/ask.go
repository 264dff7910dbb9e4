package relay

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"github.com/usandbox/usandbox/network"
)

// Bounds of the questions that wait.
const (
	maxQuestions = 64
	maxAsking    = 512  // connections that wait for answers
	maxDeniedFor = 4096 // names that were denied
)

// asker asks the user, one question at a time.
type asker struct {
	relay *Relay
	wake  chan struct{}

	mu      sync.Mutex
	queue   []*question
	waiting int
	denied  map[string]bool
}

type question struct {
	Question
	client  netip.AddrPort
	waiters []waiter
}

// waiter is a connection, or a flow, to a name.
type waiter struct {
	proto network.Protocol
	port  uint16
	then  func(network.Verdict)
}

func newAsker(r *Relay) *asker {
	a := &asker{relay: r, wake: make(chan struct{}, 1), denied: make(map[string]bool)}
	r.run(a.serve)
	return a
}

// submit asks whether a target may be connected to, and calls then with the answer: at once if it
// is known, or there are too many questions.
func (a *asker) submit(t *target, client netip.AddrPort, then func(network.Verdict)) {
	if reason := a.enqueue(t, client, then); reason != "" {
		v := t.verdict
		v.Reason = reason
		then(v)
	}
}

func (a *asker) enqueue(t *target, client netip.AddrPort, then func(network.Verdict)) (reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.denied[t.name] {
		return "denied by the user"
	}
	if a.waiting >= maxAsking || a.relay.ctx.Err() != nil {
		return "too many connections wait for an answer"
	}
	i := slices.IndexFunc(a.queue, func(q *question) bool { return q.Name == t.name })
	if i < 0 {
		if len(a.queue) >= maxQuestions || len(a.denied) >= maxDeniedFor {
			return "too many questions"
		}
		i = len(a.queue)
		a.queue = append(a.queue, &question{Question: Question{Protocol: t.proto, Name: t.name, Port: t.to.Port()}, client: client})
	}
	q := a.queue[i]
	q.waiters = append(q.waiters, waiter{t.proto, t.to.Port(), then})
	a.waiting++
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return ""
}

func (a *asker) serve() {
	for {
		q := a.first()
		if q == nil {
			select {
			case <-a.wake:
				continue
			case <-a.relay.ctx.Done():
				a.drain()
				return
			}
		}
		a.answer(q, a.ask(q))
	}
}

func (a *asker) first() *question {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) == 0 || a.relay.ctx.Err() != nil {
		return nil
	}
	return a.queue[0]
}

// ask asks. Rules may have been added since it was queued, which answer it.
func (a *asker) ask(q *question) Answer {
	r := a.relay
	if v := r.rules.Name(q.Protocol, q.Name, q.Port); v.Allowed {
		return Once
	} else if v.Rule != nil {
		return Denied
	}
	if r.finder.begin(true) {
		_, q.Program = r.finder.find(q.Protocol, q.client)
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.limits.AskTimeout)
	defer cancel()
	answer := make(chan Answer, 1)
	go func() { answer <- r.options.Ask(ctx, q.Question) }()
	select {
	case x := <-answer:
		return x
	case <-ctx.Done():
		return Denied
	}
}

// answer tells those who wait. The question stays in the queue until then, so that others
// for the same name join it.
func (a *asker) answer(q *question, x Answer) {
	r := a.relay
	if x == Always {
		rules := alwaysRules(q)
		if err := r.Allow(rules...); err != nil {
			r.warn("allow %s: %v", q.Name, err)
			x = Once
		}
	}
	a.mu.Lock()
	if x == Denied && r.ctx.Err() == nil {
		a.denied[q.Name] = true
	}
	a.queue = a.queue[1:]
	a.waiting -= len(q.waiters)
	waiters := q.waiters
	a.mu.Unlock()
	for _, w := range waiters {
		v := r.rules.Name(w.proto, q.Name, w.port)
		switch {
		case v.Allowed || v.Rule != nil:
		case x != Denied:
			v = network.Verdict{Allowed: true}
		default:
			v.Reason = "denied by the user"
		}
		w.then(v)
	}
}

// alwaysRules are the rules that the answer Always adds: for the ports that were asked for
// and, over TCP, for those that a rule without ports allows.
func alwaysRules(q *question) (rules []network.Rule) {
	for _, proto := range []network.Protocol{network.TCP, network.UDP} {
		var ports []uint16
		for _, w := range q.waiters {
			if w.proto == proto {
				ports = append(ports, w.port)
			}
		}
		if len(ports) == 0 {
			continue
		}
		if proto == network.TCP {
			ports = append(ports, 80, 443)
		}
		slices.Sort(ports)
		rule := network.Rule{Protocol: proto, Name: q.Name, Origin: "--ask"}
		for _, p := range slices.Compact(ports) {
			rule.Ports = append(rule.Ports, network.PortRange{First: p, Last: p})
		}
		rules = append(rules, rule)
	}
	return rules
}

// drain denies all that wait, at the end.
func (a *asker) drain() {
	for {
		a.mu.Lock()
		if len(a.queue) == 0 {
			a.mu.Unlock()
			return
		}
		q := a.queue[0]
		a.mu.Unlock()
		a.answer(q, Denied)
	}
}

func (a *asker) isDenied(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.denied[name]
}

package relay

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/network/dns"
	"github.com/usandbox/usandbox/network/splice"
)

// Relay connects a sandbox to what its rules let it reach. It is safe for concurrent use.
type Relay struct {
	inside  Inside
	rules   *network.Rules
	options Options
	limits  Limits
	checked bool // names that clients say must be those that they connect to
	open    bool // network.Open

	ctx    context.Context
	cancel context.CancelFunc

	pool     *dns.Pool
	names    *dns.Server
	resolver []io.Closer // its sockets
	lookups  *lookups
	pump     *splice.Pump
	slots    *slots
	extra    *slots // attempts to connect beside another one of the same connection
	dials    *workers
	flows    *flows
	asker    *asker
	tally    *tally
	finder   *finder
	log      *logFile
	dnsLog   *logFile

	mu        sync.Mutex
	closed    bool
	acceptors []*acceptor
	published []network.Published
	closers   []func() // what ends goroutines that wait
	wg        sync.WaitGroup

	warning   sync.Mutex
	spare     sync.Mutex // guards spareFile, see acceptor.exhausted
	spareFile int        // -1: none
	live      live
	waiting   waiting
	accepting atomic.Int32 // connections that are in no list yet

	allowed, denied, failed, out, in atomic.Uint64
}

// Start relays for a sandbox until Close. Published ports of the policy are bound here:
// an error names the flag.
func Start(n Inside, rules *network.Rules, o Options) (*Relay, error) {
	policy := rules.Policy()
	r := &Relay{inside: n, rules: rules, options: o, limits: o.Limits.withDefaults(),
		checked: !policy.NoNameCheck, open: policy.Mode == network.Open}
	if err := r.limits.fit(); err != nil {
		return nil, err
	}
	pump, err := splice.New(splice.Limits{Hold: r.limits.Hold})
	if err != nil {
		return nil, fmt.Errorf("start the relay: %w", err)
	}
	r.pump = pump
	r.spareFile = spareFile()
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.pool = dns.NewPool(0)
	r.lookups = newLookups(r.ctx, o.Resolver)
	r.slots = newSlots(r.limits.Connections)
	r.extra = newSlots(r.limits.Dials / 2)
	r.dials = newWorkers(r.limits.Dials, max(r.limits.Dials/4, 1))
	r.flows = newFlows(r)
	r.tally = newTally()
	r.finder = newFinder(n)
	r.log = newLog(o.Log, r.limits.LogSize)
	r.dnsLog = newLog(o.DNSLog, r.limits.LogSize)
	if o.Ask != nil {
		r.asker = newAsker(r)
	}
	if err := r.publish(policy.Publish); err != nil {
		r.Close()
		return nil, err
	}
	r.answer()
	for _, l := range n.Listeners() {
		r.accept(&acceptor{relay: r, file: l.File, original: l.Original})
	}
	for _, p := range n.Packets() {
		r.receive(p, nil)
	}
	return r, nil
}

// run runs f until it returns by itself, which it must once the relay is closed.
func (r *Relay) run(f func()) {
	r.wg.Add(1)
	go func() {
		defer r.wg.Done()
		f()
	}()
}

// Allow adds rules that allow. What they need is made in the sandbox's network namespace.
func (r *Relay) Allow(rules ...network.Rule) error {
	listeners, packets, err := r.inside.Open(rules...)
	if err != nil {
		return err
	}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return errClosed
	}
	for _, l := range listeners {
		r.acceptLocked(&acceptor{relay: r, file: l.File, original: l.Original})
	}
	r.mu.Unlock()
	for _, p := range packets {
		r.receive(p, nil)
	}
	return r.rules.Add(true, rules...)
}

// Deny adds rules that deny, and ends connections and flows that are not allowed any
// more.
func (r *Relay) Deny(rules ...network.Rule) error {
	if err := r.rules.Add(false, rules...); err != nil {
		return err
	}
	r.live.check(r)
	r.flows.check()
	return nil
}

// Rules are what the relay decides by.
func (r *Relay) Rules() *network.Rules { return r.rules }

// Published are the ports that are published, with those of the host that were picked.
func (r *Relay) Published() []network.Published { return r.published }

// Close ends all connections, and says what the relay did. It does not close the
// namespace, which is to be closed next: until then its sockets for packets are read, and
// what arrives is dropped.
func (r *Relay) Close() Summary {
	r.mu.Lock()
	again := r.closed
	r.closed = true
	closers, acceptors := r.closers, r.acceptors
	r.mu.Unlock()
	r.cancel()
	if !again {
		for _, f := range closers {
			f()
		}
		if r.names != nil {
			r.names.Close()
		}
		r.dials.close()
		r.flows.close()
		r.pump.Close()
		for _, a := range acceptors {
			a.stop()
		}
		for _, c := range r.resolver {
			c.Close() // also of those that were never asked
		}
		r.wg.Wait()
		if r.spareFile >= 0 {
			unix.Close(r.spareFile)
			r.spareFile = -1
		}
		r.log.close()
		r.dnsLog.close()
	}
	return r.summary()
}

func (r *Relay) summary() Summary {
	s := Summary{
		Allowed: r.allowed.Load(), Denied: r.denied.Load(), Failed: r.failed.Load(),
		Out: r.out.Load(), In: r.in.Load(),
		LogDropped: r.log.dropped.Load() + r.dnsLog.dropped.Load(),
	}
	s.Refused, s.More = r.tally.list()
	return s
}

// warn tells the user.
func (r *Relay) warn(format string, args ...any) {
	if r.options.Warn == nil {
		return
	}
	r.warning.Lock()
	defer r.warning.Unlock()
	r.options.Warn(fmt.Sprintf(format, args...))
}

// spareFile is a descriptor to give up when there are no others.
func spareFile() int {
	fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}

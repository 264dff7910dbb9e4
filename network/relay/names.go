package relay

import (
	"context"
	"io"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/network/dns"
	"github.com/usandbox/usandbox/network/splice"
)

// answer has questions for names answered.
func (r *Relay) answer() {
	r.names = &dns.Server{
		Pool:   r.pool,
		Known:  r.known,
		Given:  r.given,
		Exists: r.exists,
		Log:    r.asked,
	}
	if r.open {
		r.names.Forward = r.forward()
	}
	packets, listeners := r.inside.Resolver()
	for _, c := range packets {
		r.whenAsked(c, func() { r.named(r.names.ServePacket(c)) })
	}
	for _, l := range listeners {
		r.whenAsked(l, func() { r.named(r.names.ServeStream(l)) })
	}
}

// whenAsked has a socket served from the first question on: most are never asked any, and each
// goroutine that starts, and ends, makes the launch slower.
func (r *Relay) whenAsked(c io.Closer, serve func()) {
	socket, ok := c.(syscall.Conn)
	if !ok {
		r.run(serve)
		return
	}
	fd := -1
	raw, err := socket.SyscallConn()
	if err == nil {
		err = raw.Control(func(n uintptr) { fd = int(n) })
	}
	if err != nil {
		return // it is closed
	}
	r.resolver = append(r.resolver, c)
	var w *splice.Watch
	w = r.pump.Watch(fd, func() {
		w.Pause()
		r.run(serve)
	})
	r.named(w.Resume())
}

func (r *Relay) named(err error) {
	if err != nil && r.ctx.Err() == nil {
		r.warn("answer questions for names: %v", err)
	}
}

// known reports whether a name is to have an address in the sandbox: one that can be connected to,
// or that the user would be asked about.
func (r *Relay) known(name string) bool {
	return r.rules.Known(name) || r.unsaid(name)
}

// unsaid reports whether the user would be asked about a name: it is not denied wholly.
func (r *Relay) unsaid(name string) bool {
	if r.asker == nil {
		return false
	}
	for _, port := range []uint16{443, 80, 22} {
		if v := r.rules.Name(network.TCP, name, port); !v.Allowed && v.Rule == nil {
			return !r.asker.isDenied(name)
		}
	}
	return false
}

func (r *Relay) given(name string) bool { return len(r.rules.HostAddresses(name)) > 0 }

// exists finds out whether a name exists. Of one that no rule allows nothing is asked outside,
// or the question would carry out what the name says.
func (r *Relay) exists(ctx context.Context, name string) (dns.Existence, error) {
	if !r.rules.Known(name) {
		return dns.Present, nil
	}
	type answer struct {
		addrs []netip.Addr
		err   error
	}
	answers := make(chan answer, 2)
	for family := range 2 {
		go func() {
			addrs, err := r.lookups.find(ctx, name, family)
			answers <- answer{addrs, err}
		}()
	}
	var failed error
	for range 2 {
		a := <-answers
		if len(a.addrs) > 0 {
			return dns.Present, nil
		}
		if e, ok := a.err.(*lookupError); ok && !e.absent {
			failed = a.err
		}
	}
	if failed != nil {
		return dns.Unclear, failed
	}
	return dns.Absent, nil
}

// asked is told of each question.
func (r *Relay) asked(q dns.Query) {
	r.dnsLog.add(queryRecord(q))
	if q.Verdict != dns.NotAllowed {
		return
	}
	name, flag := q.Name, ""
	if _, err := network.CheckName(name); err == nil {
		flag = "--allow " + name
	} else {
		name = safe(name)
	}
	t := &target{name: name, verdict: network.Verdict{Reason: "no rule names it", Flag: flag}}
	switch v := r.rules.Name(network.TCP, q.Name, 443); {
	case v.Rule != nil:
		t.verdict = v
	case q.Type != dnsmessage.TypeA && q.Type != dnsmessage.TypeAAAA:
		t.verdict.Flag = ""
	}
	var program string
	if q.Client.IsValid() && r.finder.begin(r.tally.wants(t)) {
		proto := network.UDP
		if q.Stream {
			proto = network.TCP
		}
		_, program = r.finder.find(proto, q.Client)
	}
	kind := kindOther
	switch q.Type {
	case dnsmessage.TypeA:
		kind = kindA
	case dnsmessage.TypeAAAA:
		kind = kindAAAA
	}
	if r.tally.question(t, program, kind) {
		r.denied.Add(1)
	}
}

// forward asks the host's resolver for other records.
func (r *Relay) forward() func(context.Context, []byte) ([]byte, error) {
	if r.options.Resolver != nil {
		if _, ok := r.options.Resolver.(*net.Resolver); !ok {
			return nil
		}
	}
	return (&dns.Upstream{}).Forward
}

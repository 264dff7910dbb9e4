package relay

import (
	"context"
	"io"
	"net/netip"
	"time"

	"github.com/usandbox/usandbox/network"
)

// Options are what a [Relay] may be told. The zero value is useful.
type Options struct {
	// Log gets a line of JSON, [Record], for each connection and flow at its end, and
	// DNSLog for each question for a name, [QueryRecord]. They may be slow: what is too
	// much for them is left out, and the last line says how much. nil: no log.
	Log, DNSLog io.Writer

	// Ask decides about a name that neither an allow nor a deny rule names. It is called
	// for one name at a time; the context ends with the relay. nil: such names are denied.
	Ask func(ctx context.Context, q Question) Answer

	// Warn gets sentences for the user: what does not work as it was asked for. It is
	// called from several goroutines, one at a time. nil: they are lost.
	Warn func(string)

	// Resolver finds the addresses of names. nil: the host's.
	Resolver Resolver

	// Limits bound what the relay needs. The zero value stands for defaults.
	Limits Limits
}

// Resolver finds the addresses of a name: network is "ip4" or "ip6". *net.Resolver is
// one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Limits bound a [Relay]. A zero field stands for the default.
type Limits struct {
	// Connections is how many there are at once; beyond it, one is reset after a moment.
	// Each needs two descriptors: what RLIMIT_NOFILE leaves room for is never exceeded.
	// Default: 8192.
	Connections int

	// Dials is how many connections are dialled at once, to one name or address at most a
	// quarter of them; others wait. Default: 128.
	Dials int

	// Flows is how many pairs of a client and an address have datagrams relayed at once.
	// Default: 512.
	Flows int

	// FlowIdle is after how long without a datagram a flow ends. Default: 60 s.
	FlowIdle time.Duration

	// DialTimeout is how long it may take to look up a name and connect. Default: 30 s.
	DialTimeout time.Duration

	// Hold is how long a client may take to say what shows whether it means the name that it
	// connects to: of a ClientHello or the head of a request, all. Default: 10 s.
	Hold time.Duration

	// AskTimeout is after how long a question without an answer means [Denied].
	// Default: 2 min.
	AskTimeout time.Duration

	// LogSize is how many bytes of each log are written. Default: 64 MiB.
	LogSize int64
}

// Question is whether a name may be connected to.
type Question struct {
	Protocol network.Protocol
	Name     string // in the form of network.Rule
	Port     uint16
	Program  string // which asks for it; empty: not known
}

// Answer is that to a [Question].
type Answer uint8

const (
	Denied Answer = iota // the name, on all ports, as long as the relay runs
	Once                 // the connections that wait for the answer
	Always               // the name, on the ports of the question and 80 and 443, as long as the relay runs
)

func (l Limits) withDefaults() Limits {
	l.Connections = or(l.Connections, 8192)
	l.Dials = or(l.Dials, 128)
	l.Flows = or(l.Flows, 512)
	l.FlowIdle = or(l.FlowIdle, time.Minute)
	l.DialTimeout = or(l.DialTimeout, 30*time.Second)
	l.AskTimeout = or(l.AskTimeout, 2*time.Minute)
	l.LogSize = or(l.LogSize, 64<<20)
	return l
}

func or[T int | int64 | time.Duration](n, otherwise T) T {
	if n > 0 {
		return n
	}
	return otherwise
}

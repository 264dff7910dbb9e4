package relay

import (
	"net/netip"
	"time"

	"github.com/usandbox/usandbox/network/dns"
)

// Words of a Record's verdict.
const (
	wordAllowed = "allowed"
	wordDenied  = "denied"
	wordFailed  = "failed" // allowed, and not made
)

// Record is a line of Options.Log: a connection, or a flow of datagrams, that has ended.
type Record struct {
	Time      time.Time `json:"time"`      // when it began
	Protocol  string    `json:"protocol"`  // "tcp" or "udp"
	Direction string    `json:"direction"` // "out", or "in" for a published port
	Name      string    `json:"name,omitempty"`
	Address   string    `json:"address,omitempty"` // outside: the one that was dialled
	Port      uint16    `json:"port"`              // that was asked for; of the sandbox with "in"
	PID       int       `json:"pid,omitempty"`     // as the host has it
	Program   string    `json:"program,omitempty"` // of what was denied, where it could be found
	Out       uint64    `json:"out"`               // bytes from the sandbox
	In        uint64    `json:"in"`                // bytes to the sandbox
	Verdict   string    `json:"verdict"`           // "allowed", "denied" or "failed"
	Rule      string    `json:"rule,omitempty"`    // that decided
	Reason    string    `json:"reason,omitempty"`
	Seconds   float64   `json:"seconds"` // that it took
}

// QueryRecord is a line of Options.DNSLog: a question for a name.
type QueryRecord struct {
	Time    time.Time `json:"time"`
	Name    string    `json:"name"`
	Type    string    `json:"type,omitempty"`
	Stream  bool      `json:"tcp,omitempty"`
	Verdict string    `json:"verdict"` // a word of dns.Verdict
}

func (t *target) record(word, reason string, out, in uint64, began time.Time) *Record {
	r := &Record{Time: began.UTC(), Protocol: t.proto.String(), Direction: "out", Name: t.name, Port: t.to.Port(),
		Out: out, In: in, Verdict: word, Reason: reason, Seconds: time.Since(began).Seconds()}
	switch {
	case t.dialled.IsValid():
		r.Address = t.dialled.Addr().String()
	case t.name == "" && t.to.IsValid():
		r.Address = t.to.Addr().String()
	}
	if rule := t.verdict.Rule; rule != nil {
		r.Rule = rule.DenyString()
		if t.verdict.Allowed {
			r.Rule = rule.String()
		}
	}
	return r
}

func (c *conn) record(word, reason string, out, in uint64) *Record {
	if c.published != nil {
		// The client is outside: what it sent came in.
		return c.target.recordIn(c.from, c.published.Port, word, reason, in, out, c.began)
	}
	r := c.target.record(word, reason, out, in, c.began)
	r.PID, r.Program = c.pid, c.program
	return r
}

func (t *target) recordIn(from netip.AddrPort, port uint16, word, reason string, out, in uint64, began time.Time) *Record {
	r := t.record(word, reason, out, in, began)
	r.Direction, r.Address, r.Port = "in", from.Addr().String(), port
	return r
}

func queryRecord(q dns.Query) *QueryRecord {
	r := &QueryRecord{Time: time.Now().UTC(), Name: q.Name, Stream: q.Stream, Verdict: q.Verdict.String()}
	if q.Type != 0 {
		r.Type = dns.TypeName(q.Type)
	}
	return r
}

package dns

import (
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

// How long clients may keep what they were told, in seconds. The absence of a name is
// kept shortly, for a rule may be added while the sandbox runs.
const (
	ttl         = 60
	negativeTTL = 5
)

// reply is what a request is answered with.
type reply struct {
	rcode   dnsmessage.RCode
	answers []dnsmessage.Resource
	verdict Verdict
}

func noSuchName(v Verdict) reply { return reply{rcode: dnsmessage.RCodeNameError, verdict: v} }
func noData() reply              { return reply{verdict: NoData} }
func failed() reply {
	return reply{rcode: dnsmessage.RCodeServerFailure, verdict: Failed}
}
func malformed(rcode dnsmessage.RCode) reply {
	return reply{rcode: rcode, verdict: Malformed}
}
func refused() reply {
	return reply{rcode: dnsmessage.RCodeRefused, verdict: Denied}
}

// with is a reply with one record of the name that was asked for.
func (r *request) with(t dnsmessage.Type, body dnsmessage.ResourceBody) reply {
	return reply{verdict: Answered, answers: []dnsmessage.Resource{r.record(t, ttl, body)}}
}

func (r *request) record(t dnsmessage.Type, seconds uint32, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{
			Name: r.question.Name, Type: t, Class: dnsmessage.ClassINET, TTL: seconds,
		},
		Body: body,
	}
}

func (r *request) address(a netip.Addr) reply {
	if a.Is4() {
		return r.with(dnsmessage.TypeA, &dnsmessage.AResource{A: a.As4()})
	}
	return r.with(dnsmessage.TypeAAAA, &dnsmessage.AAAAResource{AAAA: a.As16()})
}

// any is the answer to ANY that RFC 8482 4.2 proposes.
func (r *request) any() reply {
	return r.with(dnsmessage.TypeHINFO, &dnsmessage.UnknownResource{
		Type: dnsmessage.TypeHINFO, Data: []byte("\x07RFC8482\x00"),
	})
}

// pack appends the message to b, which must be empty. What is bigger than the client
// can take becomes an empty reply that says so, and the client asks again over TCP.
func (r *request) pack(b []byte, a reply) []byte {
	m := dnsmessage.Message{Header: dnsmessage.Header{
		ID:                 r.header.ID,
		Response:           true,
		OpCode:             r.header.OpCode,
		RecursionDesired:   r.header.RecursionDesired,
		RecursionAvailable: true,
		CheckingDisabled:   r.header.CheckingDisabled,
		RCode:              a.rcode & 0xf,
	}}
	if r.asked {
		m.Questions = []dnsmessage.Question{r.question}
		m.Answers = a.answers
		if len(a.answers) == 0 && (a.rcode == 0 || a.rcode == dnsmessage.RCodeNameError) {
			m.Authorities = []dnsmessage.Resource{soa}
		}
	}
	if r.edns {
		var h dnsmessage.ResourceHeader
		if h.SetEDNS0(maxReply, a.rcode, r.do) == nil {
			m.Additionals = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}}
		}
	}
	out, err := m.AppendPack(b)
	if err == nil && len(out) <= r.limit {
		return out
	}
	m.Answers, m.Authorities = nil, nil
	if err != nil {
		m.RCode = dnsmessage.RCodeServerFailure
	} else {
		m.Truncated = true
	}
	if out, err = m.AppendPack(b); err != nil || len(out) > r.limit {
		return nil
	}
	return out
}

// soa says how long the absence of something counts, RFC 2308. It is the root's, for
// which names exist is not told.
var soa = dnsmessage.Resource{
	Header: dnsmessage.ResourceHeader{
		Name: dnsmessage.Name{Data: [255]byte{'.'}, Length: 1},
		Type: dnsmessage.TypeSOA, Class: dnsmessage.ClassINET, TTL: negativeTTL,
	},
	Body: &dnsmessage.SOAResource{
		NS:   dnsmessage.Name{Data: [255]byte{'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', '.'}, Length: 10},
		MBox: dnsmessage.Name{Data: [255]byte{'n', 'o', 'b', 'o', 'd', 'y', '.', 'i', 'n', 'v', 'a', 'l', 'i', 'd', '.'}, Length: 15},

		Serial: 1, Refresh: 3600, Retry: 600, Expire: 86400, MinTTL: negativeTTL,
	},
}

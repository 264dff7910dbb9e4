package dns

import (
	"encoding/binary"

	"golang.org/x/net/dns/dnsmessage"
)

// Sizes of messages, RFC 1035 4.2.1 and the DNS flag day of 2020.
const (
	headerSize  = 12
	minReply    = 512  // what every client can take over UDP
	maxReply    = 1232 // what is sent over UDP at most
	maxQuery    = 4096 // what is read at most
	maxStreamed = 65535
)

// rcodeBadVersion is BADVERS, RFC 6891 9.
const rcodeBadVersion dnsmessage.RCode = 16

// request is a query as it was read.
type request struct {
	header   dnsmessage.Header
	question dnsmessage.Question // as the client wrote it, case and all
	asked    bool                // question is there
	host     string              // the name in its canonical form
	isHost   bool                // and it can be a host's

	edns  bool
	do    bool // DNSSEC OK, RFC 3225
	limit int  // of the reply
}

// read reads a query. ok is false if it must not be answered at all: it is a reply
// itself, or too short. a is the answer if its rcode is not 0.
func read(msg []byte, stream bool) (r request, a reply, ok bool) {
	if len(msg) < headerSize || msg[2]&0x80 != 0 {
		return r, a, false
	}
	r.limit = minReply
	if stream {
		r.limit = maxStreamed
	}
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil {
		return r, a, false
	}
	r.header = h
	if h.OpCode != 0 {
		return r, refused(), true
	}
	counts := [4]uint16{}
	for i := range counts {
		counts[i] = binary.BigEndian.Uint16(msg[4+2*i:])
	}
	if counts[0] != 1 || counts[1] != 0 || counts[2] != 0 || counts[3] > 1 || h.Truncated || h.RCode != 0 {
		return r, malformed(dnsmessage.RCodeFormatError), true
	}
	if r.question, err = p.Question(); err != nil {
		return r, malformed(dnsmessage.RCodeFormatError), true
	}
	r.asked = true
	r.host, r.isHost = canonical(r.question.Name)
	if rcode := r.readOPT(&p, counts[3] > 0, stream); rcode != 0 {
		return r, malformed(rcode), true
	}
	if r.question.Class != dnsmessage.ClassINET || r.question.Name.Length <= 1 {
		return r, refused(), true
	}
	return r, a, true
}

// readOPT reads the additional section, in which nothing but one OPT is understood.
func (r *request) readOPT(p *dnsmessage.Parser, some, stream bool) dnsmessage.RCode {
	p.SkipAllQuestions()
	p.SkipAllAnswers()
	p.SkipAllAuthorities()
	if !some {
		return 0
	}
	h, err := p.AdditionalHeader()
	if err != nil || h.Type != dnsmessage.TypeOPT || h.Name.Length != 1 {
		return dnsmessage.RCodeFormatError
	}
	if _, err := p.OPTResource(); err != nil {
		return dnsmessage.RCodeFormatError
	}
	r.edns = true
	r.do = h.TTL&(1<<15) != 0
	if !stream {
		r.limit = max(minReply, min(maxReply, int(h.Class)))
	}
	if h.TTL>>16&0xff != 0 {
		return rcodeBadVersion
	}
	return 0
}

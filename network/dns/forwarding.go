package dns

import (
	"context"
	"errors"

	"golang.org/x/net/dns/dnsmessage"
)

// maxForwarded is how many records of a reply are kept.
const maxForwarded = 256

// forwarding is a request's answer from outside. A client can do without HTTPS and SVCB,
// and not with a failure for them; and a name that has an address exists, wherever the
// caller's system knows it from.
func (s *Server) forwarding(r *request) func(context.Context) reply {
	return func(ctx context.Context) reply {
		a := s.forward(ctx, r)
		switch t := r.question.Type; {
		case a.verdict == Failed && (t == dnsmessage.TypeHTTPS || t == dnsmessage.TypeSVCB),
			a.verdict == NoSuchName && s.Pool.Has(r.host):
			return noData()
		}
		return a
	}
}

func (s *Server) forward(ctx context.Context, r *request) reply {
	if !s.lookups.take() {
		return failed()
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-ctx.Done():
		return failed()
	}
	query, err := r.outside()
	if err != nil {
		return failed()
	}
	msg, err := s.Forward(ctx, query)
	if err != nil {
		return failed()
	}
	return r.inside(msg)
}

// outside is the question as it is sent on: written anew, with nothing of the client's
// but name and type.
func (r *request) outside() ([]byte, error) {
	name, err := dnsmessage.NewName(r.host + ".")
	if err != nil {
		return nil, err
	}
	var h dnsmessage.ResourceHeader
	if err := h.SetEDNS0(maxReply, 0, false); err != nil {
		return nil, err
	}
	m := dnsmessage.Message{
		Header:      dnsmessage.Header{RecursionDesired: true},
		Questions:   []dnsmessage.Question{{Name: name, Type: r.question.Type, Class: dnsmessage.ClassINET}},
		Additionals: []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}},
	}
	return m.Pack()
}

// inside is a reply from outside as it is told to the client: the records of the type
// asked for, as the name's own.
func (r *request) inside(msg []byte) reply {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil || !h.Response || h.Truncated {
		return failed()
	}
	switch h.RCode {
	case dnsmessage.RCodeSuccess:
	case dnsmessage.RCodeNameError:
		return noSuchName(NoSuchName)
	default:
		return failed()
	}
	if p.SkipAllQuestions() != nil {
		return failed()
	}
	a := reply{verdict: Answered}
	for len(a.answers) < maxForwarded {
		record, err := p.Answer()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			break
		}
		if err != nil {
			return failed()
		}
		if record.Header.Type != r.question.Type || record.Header.Class != dnsmessage.ClassINET {
			continue
		}
		if body, ok := r.harmless(record.Body); ok {
			a.answers = append(a.answers, r.record(record.Header.Type, min(record.Header.TTL, ttl), body))
		}
	}
	if len(a.answers) == 0 {
		return noData()
	}
	return a
}

// harmless takes out of a record what a client must not follow; ok is false if nothing
// is left.
func (r *request) harmless(body dnsmessage.ResourceBody) (b dnsmessage.ResourceBody, ok bool) {
	switch b := body.(type) {
	case *dnsmessage.HTTPSResource:
		if !r.cut(&b.SVCBResource) {
			return nil, false
		}
	case *dnsmessage.SVCBResource:
		if !r.cut(b) {
			return nil, false
		}
	case *dnsmessage.UnknownResource, *dnsmessage.NSResource, *dnsmessage.SOAResource,
		*dnsmessage.PTRResource, *dnsmessage.MXResource, *dnsmessage.TXTResource, *dnsmessage.SRVResource:
	default:
		return nil, false
	}
	return body, true
}

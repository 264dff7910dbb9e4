package dns

import (
	"encoding/binary"

	"golang.org/x/net/dns/dnsmessage"
)

// cut leaves of an HTTPS or SVCB record the protocols and the port. It reports false if
// the record cannot stand without the rest: it is an alias or names another target, for
// which the client would have to be told more names, or something that was taken is
// mandatory, RFC 9460 8.
func (r *request) cut(b *dnsmessage.SVCBResource) bool {
	if b.Priority == 0 {
		return false
	}
	if target, _ := canonical(b.Target); target != "" && target != r.host {
		return false
	}
	b.Target = dnsmessage.Name{Data: [255]byte{'.'}, Length: 1}
	if keys, ok := b.GetParam(dnsmessage.SVCParamMandatory); ok {
		for ; len(keys) >= 2; keys = keys[2:] {
			if !kept(dnsmessage.SVCParamKey(binary.BigEndian.Uint16(keys))) {
				return false
			}
		}
	}
	params := b.Params[:0:0]
	for _, p := range b.Params {
		if kept(p.Key) || p.Key == dnsmessage.SVCParamMandatory {
			params = append(params, p)
		}
	}
	b.Params = params
	return true
}

func kept(k dnsmessage.SVCParamKey) bool {
	switch k {
	case dnsmessage.SVCParamALPN, dnsmessage.SVCParamNoDefaultALPN, dnsmessage.SVCParamPort:
		return true
	}
	return false
}

package inside

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// The expressions of nf_tables rules that are used here, as linux/netfilter/nf_tables.h has
// them. What they load is in network byte order.

// expression is one step of a rule: it loads something into a register, or compares, and then
// the next follows.
type expression func(r *request)

// named appends an expression with its attributes.
func named(name string, attributes func(r *request)) expression {
	return func(r *request) {
		r.nested(unix.NFTA_LIST_ELEM, func() {
			r.text(unix.NFTA_EXPR_NAME, name)
			r.nested(unix.NFTA_EXPR_DATA, func() { attributes(r) })
		})
	}
}

// value appends an attribute that holds data.
func (r *request) value(kind uint16, data ...byte) {
	r.nested(kind, func() { r.attribute(unix.NFTA_DATA_VALUE, data...) })
}

// meta loads what is known of a packet beside its contents.
func meta(key uint32) expression {
	return named("meta", func(r *request) {
		r.bigNumber(unix.NFTA_META_KEY, key)
		r.bigNumber(unix.NFTA_META_DREG, unix.NFT_REG_1)
	})
}

// payload loads bytes of a header.
func payload(base, offset, size uint32) expression {
	return named("payload", func(r *request) {
		r.bigNumber(unix.NFTA_PAYLOAD_DREG, unix.NFT_REG_1)
		r.bigNumber(unix.NFTA_PAYLOAD_BASE, base)
		r.bigNumber(unix.NFTA_PAYLOAD_OFFSET, offset)
		r.bigNumber(unix.NFTA_PAYLOAD_LEN, size)
	})
}

// masked keeps some bits of what was loaded.
func masked(mask ...byte) expression {
	return named("bitwise", func(r *request) {
		r.bigNumber(unix.NFTA_BITWISE_SREG, unix.NFT_REG_1)
		r.bigNumber(unix.NFTA_BITWISE_DREG, unix.NFT_REG_1)
		r.bigNumber(unix.NFTA_BITWISE_LEN, uint32(len(mask)))
		r.value(unix.NFTA_BITWISE_MASK, mask...)
		r.value(unix.NFTA_BITWISE_XOR, make([]byte, len(mask))...)
	})
}

// compared goes on if what was loaded is, or is not, some data.
func compared(op uint32, data ...byte) expression {
	return named("cmp", func(r *request) {
		r.bigNumber(unix.NFTA_CMP_SREG, unix.NFT_REG_1)
		r.bigNumber(unix.NFTA_CMP_OP, op)
		r.value(unix.NFTA_CMP_DATA, data...)
	})
}

// inRange goes on if what was loaded is a port of a range.
func inRange(p network.PortRange) expression {
	return named("range", func(r *request) {
		r.bigNumber(unix.NFTA_RANGE_SREG, unix.NFT_REG_1)
		r.bigNumber(unix.NFTA_RANGE_OP, unix.NFT_RANGE_EQ)
		r.value(unix.NFTA_RANGE_FROM_DATA, binary.BigEndian.AppendUint16(nil, p.First)...)
		r.value(unix.NFTA_RANGE_TO_DATA, binary.BigEndian.AppendUint16(nil, p.Last)...)
	})
}

// immediate loads data into a register.
func immediate(register uint32, data ...byte) expression {
	return named("immediate", func(r *request) {
		r.bigNumber(unix.NFTA_IMMEDIATE_DREG, register)
		r.value(unix.NFTA_IMMEDIATE_DATA, data...)
	})
}

// accept ends the rules for a packet, and lets it be.
func accept() expression {
	return named("immediate", func(r *request) {
		r.bigNumber(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT)
		r.nested(unix.NFTA_IMMEDIATE_DATA, func() {
			r.nested(unix.NFTA_DATA_VERDICT, func() { r.bigNumber(unix.NFTA_VERDICT_CODE, nfAccept) })
		})
	})
}

// tproxy gives a packet to the socket that is bound to an address, which the registers 1 and 2
// hold with its port.
func tproxy(family uint32) expression {
	return named("tproxy", func(r *request) {
		r.bigNumber(tproxyFamily, family)
		r.bigNumber(tproxyAddress, unix.NFT_REG_1)
		r.bigNumber(tproxyPort, unix.NFT_REG_2)
	})
}

// redirect changes the destination of a connection into this port, which register 2 holds, of
// the loopback address.
func redirect() expression {
	return named("redir", func(r *request) { r.bigNumber(unix.NFTA_REDIR_REG_PROTO_MIN, unix.NFT_REG_2) })
}

// What golang.org/x/sys/unix has not: linux/netfilter.h, nf_tables.h.
const (
	nfAccept       = 1
	tproxyFamily   = 1
	tproxyAddress  = 2
	tproxyPort     = 3
	hookPrerouting = 0
	hookOutput     = 3
)

// to goes on for packets to addresses of a prefix.
func to(p netip.Prefix) []expression {
	a, offset := p.Addr(), uint32(24)
	if a.Is4() {
		offset = 16
	}
	mask := make([]byte, a.BitLen()/8)
	for i := range p.Bits() {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	return []expression{
		meta(unix.NFT_META_NFPROTO), compared(unix.NFT_CMP_EQ, nfFamily(a)),
		payload(unix.NFT_PAYLOAD_NETWORK_HEADER, offset, uint32(len(mask))), masked(mask...), compared(unix.NFT_CMP_EQ, p.Masked().Addr().AsSlice()...),
	}
}

func nfFamily(a netip.Addr) byte {
	if a.Is4() {
		return unix.NFPROTO_IPV4
	}
	return unix.NFPROTO_IPV6
}

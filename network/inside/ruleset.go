package inside

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// table is the one of the sandbox's network namespace.
const table = "usandbox"

// How what is caught gets to its socket: as it is, with the addresses that it has, by the
// expression tproxy; or, of TCP only, by a change of its destination, which conntrack remembers.
type catching uint8

const (
	byTproxy catching = iota
	byRedirect
)

// caughtPort is the port of the sockets that get what is caught, at the resolver's addresses
// or, redirected, the loopback ones. It is one that the command cannot bind to.
const caughtPort = 1

// ruleset is a batch of nf_tables(8) requests: a table, which replaces the one of before if there
// is one, and in which the ports of both protocols are caught. The kernel does all of it, or nothing.
func ruleset(tcp, udp []network.PortRange, ipv6 bool, how catching, replace bool) *request {
	r := &request{}
	r.batch("begin rules", unix.NFNL_MSG_BATCH_BEGIN)
	if replace { // whoever closes a socket of nf_tables waits until what was deleted is gone
		r.nft("replace the table of rules", unix.NFT_MSG_DELTABLE, 0)
		r.text(unix.NFTA_TABLE_NAME, table)
	}
	r.nft("make the table of rules", unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE)
	r.text(unix.NFTA_TABLE_NAME, table)
	kind, hook, priority := "filter", uint32(hookPrerouting), int32(-150) // NF_IP_PRI_MANGLE
	if how == byRedirect {
		kind, hook, priority = "nat", hookOutput, -100 // NF_IP_PRI_NAT_DST
	}
	r.nft("make the chain of rules", unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE)
	r.text(unix.NFTA_CHAIN_TABLE, table)
	r.text(unix.NFTA_CHAIN_NAME, table)
	r.nested(unix.NFTA_CHAIN_HOOK, func() {
		r.bigNumber(unix.NFTA_HOOK_HOOKNUM, hook)
		r.bigNumber(unix.NFTA_HOOK_PRIORITY, uint32(priority))
	})
	r.text(unix.NFTA_CHAIN_TYPE, kind)

	const fin, syn, rst, ack = 1, 2, 4, 16
	isTCP := []expression{meta(unix.NFT_META_L4PROTO), compared(unix.NFT_CMP_EQ, unix.IPPROTO_TCP)}
	isUDP := []expression{meta(unix.NFT_META_L4PROTO), compared(unix.NFT_CMP_EQ, unix.IPPROTO_UDP)}
	// All but the first packet of a connection find their socket themselves.
	r.rule("let connections go on", isTCP, []expression{
		payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1), masked(fin | syn | rst | ack), compared(unix.NFT_CMP_NEQ, syn), accept()})
	for _, own := range []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8), own4, netip.PrefixFrom(netip.IPv6Loopback(), 128), own6} {
		if own.Addr().Is4() || ipv6 {
			r.rule("let the sandbox's own addresses be", to(own), []expression{accept()})
		}
	}
	for _, p := range tcp {
		for _, a := range catchers(ipv6) {
			r.rule("catch the connections to ports", isTCP, []expression{payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2), inRange(p)}, caughtBy(a, how))
		}
	}
	for _, p := range udp {
		for _, a := range catchers(ipv6) {
			r.rule("catch the packets to ports", isUDP, []expression{payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2), inRange(p)}, caughtBy(a, byTproxy))
		}
	}
	r.acknowledged()
	r.batch("end rules", unix.NFNL_MSG_BATCH_END)
	return r
}

// catchers are the addresses of the sockets that get what is caught.
func catchers(ipv6 bool) []netip.Addr {
	if ipv6 {
		return []netip.Addr{Resolver4, Resolver6}
	}
	return []netip.Addr{Resolver4}
}

// caughtBy is the end of a rule: the packet goes to the socket.
func caughtBy(a netip.Addr, how catching) []expression {
	list := []expression{
		meta(unix.NFT_META_NFPROTO), compared(unix.NFT_CMP_EQ, nfFamily(a)),
		immediate(unix.NFT_REG_2, binary.BigEndian.AppendUint16(nil, caughtPort)...),
	}
	if how == byRedirect {
		return append(list, redirect())
	}
	return append(list, immediate(unix.NFT_REG_1, a.AsSlice()...), tproxy(uint32(nfFamily(a))))
}

// nft begins a message of nf_tables.
func (r *request) nft(doing string, kind uint16, flags uint16) {
	r.begin(doing, unix.NFNL_SUBSYS_NFTABLES<<8|kind, flags)
	r.buf = append(r.buf, unix.NFPROTO_INET, 0, 0, 0) // struct nfgenmsg
}

// batch begins a message that is a border of a batch.
func (r *request) batch(doing string, kind uint16) {
	r.begin(doing, kind, 0)
	r.buf = append(r.buf, unix.AF_UNSPEC, 0)
	r.buf = binary.BigEndian.AppendUint16(r.buf, unix.NFNL_SUBSYS_NFTABLES)
}

// rule appends one to the chain.
func (r *request) rule(doing string, parts ...[]expression) {
	r.nft(doing, unix.NFT_MSG_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_APPEND)
	r.text(unix.NFTA_RULE_TABLE, table)
	r.text(unix.NFTA_RULE_CHAIN, table)
	r.nested(unix.NFTA_RULE_EXPRESSIONS, func() {
		for _, part := range parts {
			for _, e := range part {
				e(r)
			}
		}
	})
}

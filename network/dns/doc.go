// Package dns answers a sandbox's questions for names: with addresses of the sandbox's
// own for the names that it may connect to, and with "no such name" for all others.
//
// A [Pool] gives every name one IPv4 and one IPv6 address, the same ones as long as the
// run lasts. Who connects to such an address means the name, and the relay connects to
// the name. What addresses the name has outside is never told. A [Server] answers, over
// UDP and TCP:
//
//	A, AAAA       the addresses of the pool, for a name that is allowed and exists
//	CNAME         no data: every name is its own canonical name here
//	HTTPS, SVCB   no data; with Forward what the host's resolver says, cut down (below)
//	PTR           the name of an address that the pool gave out; localhost
//	ANY           a HINFO record that says RFC8482
//	other types   refused; with Forward, for the types of data that it knows, what the
//	              host's resolver says
//
// Names that are not allowed do not exist (NXDOMAIN), whatever the type. Classes other
// than IN, operations other than a query, and zone transfers are refused.
//
// HTTPS and SVCB records tell a client of other names, addresses, ports and keys to
// connect with. Following them would end at what no rule allows, and with an encrypted
// ClientHello (ECH) the name that a client says could not be checked. No data is always
// safe: the client uses A and AAAA then. With Forward, where everything is allowed that
// is not denied, of a record are kept the protocols (alpn, no-default-alpn) and the port.
// ECH, address hints and keys that are not known are taken out. A record is left out as
// a whole if it is an alias, names another target, or declares mandatory what was taken.
//
// What the package must never do:
//
//   - Let a question out for a name that is not allowed. Known is asked first, before
//     Exists and Forward, so that questions carry nothing out.
//   - Send on bytes of a client. What Forward gets is written anew: one question, without
//     the client's options. Of the answer too only records that are understood are kept.
//   - Answer with more than the client can take, or keep more in memory than is said
//     in the documentation of [Server].
//
// For a name below a wildcard that is allowed Exists is asked just as for an exact one.
// Random labels below it do reach that domain's name servers thus; connecting to them,
// which is allowed, would do the same. Such look-ups are limited in number.
//
// It follows RFC 1034 and 1035 (format), 2181 and 2308 (negative answers), 6761
// (localhost), 6891 (EDNS), 7766 (TCP), 8020 (NXDOMAIN), 8482 (ANY), 9460 (HTTPS, SVCB),
// 9619 (one question), and resolv.conf(5).
package dns

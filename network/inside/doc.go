// Package inside is the network namespace of a sandbox that reaches names: which
// sockets its first process makes there, and what the supervisor does with them.
//
// The sockets are made inside, not bound, and handed out. The supervisor stays outside:
// it owns the user namespace that the network namespace belongs to, so that it may
// bind, and give addresses, routes and rules, through them. Everything in the namespace
// is local: a connection to any address of the outside ends in a listener of the
// supervisor's, which learns from it where it was to go.
//
// It must never leave one of these sockets to the command, dial anything outside, or
// decide what may be reached: packages network and relay do.
//
// It follows netlink(7), rtnetlink(7), ip(7), ipv6(7), network_namespaces(7), and the
// kernel's nf_tables and Documentation/networking/tproxy.rst.
package inside

// Package relay connects a sandbox to what its rules let it reach: it accepts the
// connections that programs in the sandbox make, decides by [network.Rules], dials the
// name from the host's side, and has the bytes carried by package splice. It does the
// like for datagrams and for published ports, answers questions for names by package
// dns, and keeps account.
//
// It must never dial before a rule allowed it, nor an address that the rules did not
// see: each is checked right before connect(2) gets it. It must never dial the host's
// loopback because a program in the sandbox connected to its own. It must never let
// memory, descriptors or logs grow with what the sandbox does: all has a limit, and what
// is beyond it gets an error.
//
// It follows RFC 8305 (Happy Eyeballs, version 2), accept4(2), connect(2), ip(7), tcp(7)
// and udp(7).
package relay

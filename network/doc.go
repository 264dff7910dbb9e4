// Package network says what a sandbox may reach: rules for names and addresses, and
// what is refused unless a rule names it.
//
// It decides, and does nothing: it connects to nothing, and asks no resolver. All that it
// asks the kernel is which addresses are the machine's own. The packages
// below it do: inside sets the sandbox's network namespace up, dns answers its
// questions for names, sniff reads what name a client says, splice carries bytes, and
// relay puts them together.
//
// It must never let a rule that it does not understand mean more than was written: what
// does not parse is an error. An empty list of rules allows nothing.
//
// It follows rtnetlink(7), RFC 1123 (names), RFC 6890 and the registries of special-purpose addresses
// that it began.
package network

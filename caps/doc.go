// Package caps holds Linux capability sets: their names, the reading of a name,
// and the reading of the five sets a process has.
//
// It describes and reads; it changes nothing. It must never call capset(2), drop
// from the bounding set, or raise an ambient capability; never treat a name it
// does not know as an empty set; and never answer with a guess when the kernel
// could not be asked, because a caller that drops "every capability" would then
// keep those the guess left out.
//
// Names are those of capabilities(7), in lower case with the prefix "cap_".
//
// A capability is held with respect to a user namespace: a process with a full
// permitted set in its own user namespace has no power outside it. The sets read
// here do not say which namespace they count in; see user_namespaces(7).
//
// See capabilities(7), capget(2), prctl(2), user_namespaces(7).
package caps

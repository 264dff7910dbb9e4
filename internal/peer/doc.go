// Package peer is, for tests and benchmarks, the command line of bubblewrap for a policy. It must
// never be imported by what is not one. Man page followed: bwrap(1).
package peer

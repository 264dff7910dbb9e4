// Package bwrap compares package bwrap with the bubblewrap that is installed: the same
// arguments, run by both, have to give the same exit code, output, file tree, mounts and
// process state, and leave the same behind on the host. What newer versions have, or what
// differs on purpose (docs/bwrap.md), is tested by itself.
package bwrap

// Package bwrap is bubblewrap's command line: it reads the arguments of bwrap(1), version
// 0.11 and --not-a-security-boundary of 0.12, and runs the command as bubblewrap would, with
// bubblewrap's defaults, order of operations, messages and exit codes.
//
// [Parse] makes [Options] of the arguments and touches nothing. [Compile] makes a
// launch.Program of them. [Run] does both and executes the program in its own place.
//
// It must never do more or less than the arguments say: nothing of the defaults of
// usandbox run applies here, and an option that cannot be had is an error. What is
// stricter than bubblewrap stands in docs/bwrap.md.
//
// Man pages followed: bwrap(1), mount(2), open_tree(2), move_mount(2), mount_setattr(2),
// pivot_root(2), user_namespaces(7), pid_namespaces(7), seccomp(2), capabilities(7).
package bwrap

// Command bench measures usandbox beside bubblewrap and a plain C program, and
// prints a table for each question:
//
//	launch      the time from start to end of a sandbox that runs /bin/true
//	binds       the time that many bind mounts take
//	limits      what a cgroup with limits adds to it, where cgroups of version 2 are
//	throughput  launches a second, several at a time
//	memory      what a sandbox at rest keeps
//	ls          the time that a list of the namespaces of many processes takes
//	syscalls    what the system call filter adds to a call
//	layers      what the filter and Landlock add to work that makes many calls
//	build       a real build inside against outside
//	outward     one stream out, beside plain loopback, slirp4netns and pasta
//	inward      one stream in through a published port, beside rootlesskit
//	relay       connections a second, answers for names, idle connections, the launch
//
// Run it as an ordinary user, in the repository:
//
//	go run ./tests/bench [-n 200] [-only launch,binds] [-markdown]
//
// Everything that is compared runs in one process, in rounds, each round once and
// in an order of its own, and what is compared are medians: a machine that is busy
// or slow changes the times, and hardly the ratios. Each contestant makes the same
// namespaces and mounts; peer.go and floor.c derive theirs from one policy.
//
// It must never: compare what was measured in different runs, leave out a contestant
// without saying why, or name the machine.
package main

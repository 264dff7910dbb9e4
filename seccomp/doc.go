// Package seccomp compiles a readable policy about system calls to the classic
// BPF program that the kernel runs before each call, and appends the steps that
// load it.
//
// A [Policy] is a plain value: rules that name calls or groups of calls, what
// happens to them, and conditions on their arguments. [Policy.Compile] makes the
// program; [Policy.Decide] says directly what a call gets, and is what the program is
// tested against. [Default] is the policy of a sandbox that was told nothing.
//
// The package knows system calls and BPF; it knows nothing of sandboxes. It must
// never: take a name that it does not know for one that needs no rule, compare an
// argument in another width than the condition says, or let a number through that
// its table of calls does not have.
//
// It follows seccomp(2), bpf(4) of 4.4BSD in the kernel's
// Documentation/networking/filter.rst, and
// Documentation/userspace-api/seccomp_filter.rst. Linux 4.14 or newer.
package seccomp

// Package launch compiles a list of raw system calls to a small static
// executable, the image, and starts it.
//
// A [Program] is a list of steps. Each step is one system call with its
// arguments ready, or one of four small operations on the results of earlier
// calls (compare and jump, and, add, fail). [Program.Image] lays the steps, the
// strings and structures they point to and an interpreter of a few hundred
// bytes of machine code out as a static ELF executable of a few kilobytes.
// [Image.Start] runs it from a sealed memfd, and watches it; [Image.Exec] gives it
// the process's own place.
//
// So no Go code runs between fork and exec, the child carries nothing of the
// caller's heap or environment, and a program can be compiled, printed and
// compared without any privilege.
//
// The package knows processes, file descriptors and errors; it knows nothing
// of sandboxes. It must never: import another package of this module, run a
// shell, put anything of the caller into the image that no step names, or make
// a segment that is both writable and executable.
//
// It follows elf(5), execve(2), memfd_create(2), syscalls(2), wait(2), unix(7),
// pidfd_send_signal(2) and prctl(2). Linux 5.14 or newer; amd64 and arm64.
package launch

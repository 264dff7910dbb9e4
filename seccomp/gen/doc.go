// Command gen writes the generated files of package seccomp:
//
//	go run ./gen tables    tables.go, from the kernel's numbers in golang.org/x/sys/unix
//	go run ./gen program   defaultprogram.go, the compiled default filter
//
// It must never take a number from anywhere but the kernel's headers:
// golang.org/x/sys/unix has its constants from those of the Linux release that it
// names in linux/Dockerfile. Those of x32 are not among them, nor the private calls of
// arm: they are here, from arch/x86/entry/syscalls/syscall_64.tbl and
// arch/arm/include/uapi/asm/unistd.h.
package main

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// listenAbstract waits for connections on an abstract unix socket, and writes its name to a
// file.
func listenAbstract(args []string) error {
	l, err := net.Listen("unix", fmt.Sprintf("@usandbox-probe-%d", os.Getpid()))
	if err != nil {
		return err
	}
	if err := os.WriteFile(args[0], []byte(l.Addr().String()), 0o644); err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		c.Close()
	}
}

// dialAbstract connects to the abstract unix socket in a file.
func dialAbstract(args []string) error {
	name, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	c, err := net.Dial("unix", string(name))
	if err != nil {
		return err
	}
	fmt.Println("connected to an abstract socket")
	return c.Close()
}

// refuse executes a program for which a system call, by its number, fails with ENOSYS, as
// on an older kernel.
func refuse(args []string) error {
	number, err := strconv.ParseUint(args[0], 10, 32)
	if err != nil {
		return err
	}
	name, err := exec.LookPath(args[1])
	if err != nil {
		return err
	}
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(number), Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	const tsync = unix.SECCOMP_FILTER_FLAG_TSYNC
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, tsync, uintptr(unsafe.Pointer(&program))); errno != 0 {
		return errno
	}
	return unix.Exec(name, args[1:], os.Environ())
}

// Command probe asks the kernel, from inside a sandbox, what no common program
// asks. It is for the scripts of the end-to-end tests.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("no question"))
	}
	args := os.Args[2:]
	ask, ok := map[string]func([]string) error{
		"call":      call,
		"exchange":  exchange,
		"foreign":   foreign,
		"setgroups": setgroups,
		"session":   session,
		"clock":     clock,
		"cat-fd":    catFD,
		"block":     block,
		"steps":     steps,
		"loopback":  loopback,
		"listen":    listen,
		"dial":      dial,
		"reach":     reach,
		"get":       get,
		"answer":    answer,
		"lookup":    lookup,
		"flood":     flood,
		"lsns":      lsns,
		"mq":        messageQueue,
		"nsid":      nsid,
		"ls":        ls,
		"keyring":   keyring,
		"keys":      keys,
		"mdwe":      mdwe,

		"hold-socket":     holdSocket,
		"listen-abstract": listenAbstract,
		"dial-abstract":   dialAbstract,
		"refuse":          refuse,
	}[os.Args[1]]
	if !ok {
		fail(fmt.Errorf("unknown question %q", os.Args[1]))
	}
	if err := ask(args); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "probe:", err)
	os.Exit(1)
}

// exchange swaps two files, renameat2(2).
func exchange(args []string) error {
	return unix.Renameat2(unix.AT_FDCWD, args[0], unix.AT_FDCWD, args[1], unix.RENAME_EXCHANGE)
}

// setgroups sets the supplementary groups and prints them.
func setgroups(args []string) error {
	var list []int
	for _, a := range args {
		id, err := strconv.Atoi(a)
		if err != nil {
			return err
		}
		list = append(list, id)
	}
	if err := unix.Setgroups(list); err != nil {
		return err
	}
	list, err := unix.Getgroups()
	fmt.Println(list)
	return err
}

// session prints whether the process leads its process group and its session.
func session([]string) error {
	pid, group := unix.Getpid(), unix.Getpgrp()
	leader, err := unix.Getsid(0)
	fmt.Printf("pid %d group %d session %d\n", pid, group, leader)
	return err
}

// clock prints the seconds of the monotonic and the boot-time clock.
func clock([]string) error {
	var monotonic, boottime unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &monotonic); err != nil {
		return err
	}
	err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boottime)
	fmt.Println(monotonic.Sec, boottime.Sec)
	return err
}

// nsid prints the unique id of a namespace, Linux 6.18; ioctl_nsfs(2).
func nsid(args []string) error {
	fd, err := unix.Open(args[0], unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	var id uint64
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.NS_GET_ID, uintptr(unsafe.Pointer(&id))); errno != 0 {
		return errno
	}
	fmt.Println(id)
	return nil
}

// ls prints the names in a folder.
func ls(args []string) error {
	list, err := os.ReadDir(args[0])
	for i, e := range list {
		if i > 0 {
			fmt.Print(" ")
		}
		fmt.Print(e.Name())
	}
	fmt.Println()
	return err
}

// holdSocket executes a program that has a socket as file descriptor 3.
func holdSocket(args []string) error {
	name, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err == nil && socket != 3 {
		err = unix.Dup3(socket, 3, 0)
	}
	if err != nil {
		return err
	}
	return unix.Exec(name, args, os.Environ())
}

// catFD prints what can be read from a file descriptor.
func catFD(args []string) error {
	fd, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	var buf [4096]byte
	n, err := unix.Read(fd, buf[:])
	if n > 0 {
		os.Stdout.Write(buf[:n])
	}
	return err
}

// block executes a program with a signal blocked.
func block(args []string) error {
	name, err := exec.LookPath(args[1])
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	var set unix.Sigset_t
	set.Val[0] = 1 << (unix.SignalNum("SIG"+args[0]) - 1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil); err != nil {
		return err
	}
	return unix.Exec(name, args[1:], os.Environ())
}

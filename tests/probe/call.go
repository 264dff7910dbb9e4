package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/testhost"
	"github.com/usandbox/usandbox/seccomp"
)

// call makes a system call, by its name and arguments that are numbers, and prints the
// errno, or ok. Several are separated by commas.
func call(args []string) error {
	for one := range strings.SplitSeq(strings.Join(args, " "), ",") {
		words := strings.Fields(one)
		nr, ok := seccomp.Number(seccomp.Native, words[0])
		if n, err := strconv.ParseUint(words[0], 0, 32); err == nil {
			nr, ok = uint32(n), true
		}
		if !ok {
			return fmt.Errorf("no system call %q", words[0])
		}
		var a [6]uintptr
		for i, word := range words[1:] {
			n, err := strconv.ParseUint(word, 0, 64)
			if err != nil {
				return err
			}
			a[i] = uintptr(n)
		}
		_, _, errno := unix.RawSyscall6(uintptr(nr), a[0], a[1], a[2], a[3], a[4], a[5])
		if errno == 0 {
			fmt.Println(words[0], "ok")
		} else {
			fmt.Println(words[0], unix.ErrnoName(errno))
		}
	}
	return nil
}

// foreign writes a program for the 32-bit architecture to a file.
func foreign(args []string) error {
	program := testhost.Foreign()
	if program == nil {
		return errors.New("no such program is known")
	}
	return os.WriteFile(args[0], program, 0o755)
}

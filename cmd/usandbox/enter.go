package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// enterCommand runs a command in a sandbox, whose name stands before all flags, or in
// namespaces that exist: those of any process, or single ones. For these, what is wrong
// is found before anything is done. Then the image takes the place of this process, which
// cannot join a user namespace itself: setns(2) wants a process with a single thread.
func enterCommand(args []string) int {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return enterNamedCommand(args)
	}
	f := newEnterFlags()
	command, err := f.parse(args)
	if err == nil {
		err = f.enter(command)
	}
	if errors.Is(err, errHelp) {
		return 0
	}
	var h hinted
	errors.As(err, &h)
	return fail(err, h.hint)
}

// enter gives this process's place to the command. It returns only if nothing was done.
func (f *enterFlags) enter(command []string) error {
	if err := noFolders(); err != nil {
		return err
	}
	e, err := f.resolve()
	if err == nil {
		err = e.setCommand(command, os.Environ())
	}
	if err == nil {
		err = e.unchanged()
	}
	if err != nil {
		return err
	}
	program, err := e.program()
	if err != nil {
		return err
	}
	image, err := program.Image()
	if err != nil {
		return err
	}
	// One word and no environment: nothing of this process is in the image's memory
	// but what the command gets.
	err = image.Exec([]string{"usandbox"}, []string{})
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
		return hinted{err, "usandbox enter executes a memfd; allow it: sudo sysctl vm.memfd_noexec=0"}
	}
	return err
}

// noFolders refuses a folder as a standard stream: it would lead from the namespaces
// that are entered to the files of this one.
func noFolders() error {
	for fd := range 3 {
		var st unix.Stat_t
		if unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
			return fmt.Errorf("file descriptor %d is a folder, through which the command would reach the host's files", fd)
		}
	}
	return nil
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// callersKey is the description of a key.
const callersKey = "callers-key"

// keyring executes a program with a new session keyring, and a key in that and in the
// user keyring.
func keyring(args []string) error {
	name, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if _, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0); err != nil {
		return err
	}
	for _, ring := range keyrings {
		if _, err := unix.AddKey("user", callersKey, []byte("secret"), ring.id); err != nil {
			return fmt.Errorf("%s: %w", ring.name, err)
		}
	}
	return unix.Exec(name, args, os.Environ())
}

var keyrings = []struct {
	name string
	id   int
}{{"session", unix.KEY_SPEC_SESSION_KEYRING}, {"user", unix.KEY_SPEC_USER_KEYRING}, {"user session", unix.KEY_SPEC_USER_SESSION_KEYRING}}

// keys looks for the key in each keyring, and reads it.
func keys([]string) error {
	for _, ring := range keyrings {
		id, err := unix.KeyctlSearch(ring.id, "user", callersKey, 0)
		var text [16]byte
		n := 0
		if err == nil {
			n, err = unix.KeyctlBuffer(unix.KEYCTL_READ, id, text[:], 0)
		}
		if err != nil {
			fmt.Printf("%s: %v\n", ring.name, err)
			continue
		}
		fmt.Printf("%s: %s\n", ring.name, text[:n])
	}
	return nil
}

package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// worldVariable makes the test program, which is in namespaces of its own then, run its
// script in a world.
const worldVariable = "USANDBOX_TESTS_WORLD"

// TestWorld runs each script in a world of its own: two network namespaces that nothing
// leads out of. The near one is the machine that usandbox runs on, by whoever runs the
// script; the far one is everything else, and has every address that there is. What
// crosses from one to the other is recorded.
func TestWorld(t *testing.T) {
	readSources()
	scripts, err := filepath.Glob("testdata/world/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	p := person{uid: uint32(os.Getuid()), gid: uint32(os.Getgid())}
	if p.dir, err = os.MkdirTemp(folder, "world-"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(p.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := p.copy(scripts); err != nil {
		t.Fatal(err)
	}
	people := map[string]person{"user": p}
	if os.Getuid() == 0 {
		other, err := prepareUser(scripts)
		if err != nil {
			t.Fatal(err)
		}
		people = map[string]person{"root": p, "user": other}
	}
	for name, p := range people {
		t.Run(name, func(t *testing.T) {
			for _, script := range scripts {
				t.Run(strings.TrimSuffix(filepath.Base(script), ".txt"), func(t *testing.T) {
					t.Parallel()
					p.runIn(t, filepath.Base(script), true)
				})
			}
		})
	}
}

// enclose has a command run in a user, a network and a mount namespace of its own, with
// the capabilities to set them up. Root keeps the user namespace that it has.
func enclose(cmd *exec.Cmd, uid, gid uint32) {
	cmd.Env = append(cmd.Env, worldVariable+"=yes")
	cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWNET | unix.CLONE_NEWNS
	if uid == 0 {
		return
	}
	cmd.SysProcAttr.GidMappingsEnableSetgroups = os.Getuid() == 0
	cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: int(uid), HostID: int(uid), Size: 1}}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: int(gid), HostID: int(gid), Size: 1}}
	cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_NET_BIND_SERVICE, unix.CAP_SYS_ADMIN, unix.CAP_DAC_OVERRIDE}
}

// runWorld runs one script in a world.
func runWorld(script string) int {
	var err error
	if theWorld, err = makeWorld(); err != nil {
		return failed(fmt.Errorf("make a world: %w", err))
	}
	return runAlone(script)
}

// unprivileged is a folder with a usandbox that begins without the capabilities that
// the test program has in its world; it is to be first in PATH.
func unprivileged(dir string) (string, error) {
	dir = filepath.Join(dir, ".unprivileged")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	program := filepath.Join(folder, "bin", "usandbox")
	return dir, os.WriteFile(filepath.Join(dir, "usandbox"),
		[]byte("#!/bin/sh\nexec setpriv --inh-caps -all --ambient-caps -all "+program+" \"$@\"\n"), 0o755)
}

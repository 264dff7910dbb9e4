package idmap

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// inNamespace starts a process that does nothing in a new user namespace.
func inNamespace(t *testing.T) (pid int) {
	t.Helper()
	for _, k := range []Kind{UID, GID} {
		if _, ok := findHelper(helperDirs, k.helper()); !ok {
			t.Skipf("skip: %s is not installed", k.helper())
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "idle")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Start()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
		t.Skipf("skip: user namespaces are not available: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	return cmd.Process.Pid
}

// installed reads the map back.
func installed(t *testing.T, k Kind, pid int) Map {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/%s", pid, k.mapFile()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := ParseProc(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func setgroups(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/setgroups", pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestInstallOwn(t *testing.T) {
	pid := inNamespace(t)
	for k, own := range map[Kind]int{UID: os.Getuid(), GID: os.Getgid()} {
		if m := installed(t, k, pid); len(m) != 0 {
			t.Fatalf("%s before: %v", k.mapFile(), m)
		}
		want := One(7, uint32(own))
		if err := Install(k, pid, want); err != nil {
			t.Fatal(err)
		}
		if got := installed(t, k, pid); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", k.mapFile(), got, want)
		}
	}
	if s := setgroups(t, pid); s != "deny" {
		t.Errorf("setgroups is %q", s)
	}
	wantError(t, Install(UID, pid, One(7, uint32(os.Getuid()))), "exit status 1", "write to uid_map failed")
}

func TestInstallDelegated(t *testing.T) {
	pid := inNamespace(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	for k, own := range map[Kind]int{UID: os.Getuid(), GID: os.Getgid()} {
		sub, err := Delegated(k, me.Username, uint32(os.Getuid()))
		if err != nil {
			t.Fatal(err)
		}
		if len(sub) == 0 {
			t.Skipf("skip: no %ss are delegated to %s", k, me.Username)
		}
		// The file alone says the same.
		byFile, err := delegated(nil, k.subFile(), k, me.Username, uint32(os.Getuid()))
		if err != nil || !slices.Equal(byFile, sub) {
			t.Errorf("getsubids: %v, %s: %v, %v", sub, k.subFile(), byFile, err)
		}
		want := Auto(uint32(own), sub)
		if err := want.CheckDelegated(k, uint32(own), sub); err != nil {
			t.Fatal(err)
		}
		if err := Install(k, pid, want); err != nil {
			t.Fatal(err)
		}
		if got := installed(t, k, pid); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", k.mapFile(), got, want)
		}
	}
	if s := setgroups(t, pid); s != "allow" {
		t.Errorf("setgroups is %q", s)
	}
}

// TestInstallNotDelegated: CheckDelegated and the helper agree on what is not
// the caller's, and nothing is written.
func TestInstallNotDelegated(t *testing.T) {
	pid := inNamespace(t)
	m := Map{{0, 4000000000, 3}}
	for k, own := range map[Kind]int{UID: os.Getuid(), GID: os.Getgid()} {
		if err := m.CheckDelegated(k, uint32(own), nil); err == nil {
			t.Error("taken without delegation")
		}
		err := Install(k, pid, m)
		wantError(t, err, "write "+k.mapFile(), k.helper(), "not allowed")
		if got := installed(t, k, pid); len(got) != 0 {
			t.Errorf("%s is %v", k.mapFile(), got)
		}
	}
}

func TestInstallRefuses(t *testing.T) {
	dir := t.TempDir()
	paths := []string{fakeHelper(t, dir, "newuidmap"), fakeHelper(t, dir, "newgidmap")}
	for _, c := range []struct {
		k    Kind
		pid  int
		m    Map
		says string
	}{
		{UID, 0, auto, "process id 0"},
		{GID, -1, auto, "process id -1"},
		{2, 1, auto, "unknown Kind(2)"},
		{UID, 1, nil, "empty"},
		{GID, 1, Map{{0, 4294967295, 2}}, "outside"},
		{UID, 1, Map{{0, 1, 2}, {1, 9, 1}}, "overlap"},
	} {
		wantError(t, install(t.Context(), []string{dir}, c.k, c.pid, c.m), c.says)
	}
	for _, path := range paths {
		if s := saw(t, path); s != "" {
			t.Errorf("%s was started: %s", path, s)
		}
	}
}

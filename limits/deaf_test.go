package limits

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A bus that takes a connection and never says a word does not hold anything up for long.
func TestSilentBus(t *testing.T) {
	name := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", name)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := dial("unix:path="+name, 100*time.Millisecond)
		ended <- err
	}()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "has not answered within 100ms") {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it is still waited for")
	}
}

// A lock that somebody holds, as a command that can see the folder may, is an error for who
// begins, and does not keep others from removing what is theirs.
func TestLockHeld(t *testing.T) {
	f := newFake(t, "/user/usandbox-1.self")
	f.fill(f.root + "/user")
	hold := func() int {
		fd, err := unix.Open(f.root+"/user", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Flock(fd, unix.LOCK_EX)
		}
		if err != nil {
			t.Fatal(err)
		}
		return fd
	}
	g, err := newOn(f.host, Limits{Pids: 10})
	if err != nil {
		t.Fatal(err)
	}
	fd := hold()
	defer unix.Close(fd)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := newOn(f.host, Limits{Pids: 10})
		if err == nil || !strings.Contains(err.Error(), "lock the cgroup") {
			t.Errorf("%v", err)
		}
		f.empty(g.dir)
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("it is still waited for")
	}
	if left := f.left(); len(left) != 1 { // the caller's leaf
		t.Errorf("left: %v", left)
	}
}

// The processor time that a cgroup tells is there while the sandbox runs.
func TestCPUTime(t *testing.T) {
	f := newFake(t, "/user/usandbox-1.self")
	f.fill(f.root + "/user")
	g, err := newOn(f.host, Limits{Pids: 10})
	if err != nil {
		t.Fatal(err)
	}
	f.put(g.dir+"/cpu.stat", "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n")
	if got := g.CPUTime(); got != 1500*time.Millisecond {
		t.Error(got)
	}
	if got := (*Group)(nil).CPUTime(); got != 0 {
		t.Error(got)
	}
}

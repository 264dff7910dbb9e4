package caps

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// The main goroutine keeps the main thread, so that no test runs on it: a thread
// ends with the goroutine locked to it, but the main thread would live on with what
// a test did to it.
func init() { runtime.LockOSThread() }

// kernelSets asks the kernel for the sets of the calling thread without /proc.
func kernelSets(t *testing.T) Sets {
	t.Helper()
	var data [2]unix.CapUserData
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	join := func(low, high uint32) Set { return Set(high)<<32 | Set(low) }
	sets := Sets{
		Inheritable: join(data[0].Inheritable, data[1].Inheritable),
		Permitted:   join(data[0].Permitted, data[1].Permitted),
		Effective:   join(data[0].Effective, data[1].Effective),
	}
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all.List() {
		if prctlGet(t, unix.PR_CAPBSET_READ, uintptr(c), 0) {
			sets.Bounding = sets.Bounding.With(c)
		}
		if prctlGet(t, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, uintptr(c)) {
			sets.Ambient = sets.Ambient.With(c)
		}
	}
	return sets
}

func prctlGet(t *testing.T, option int, arg2, arg3 uintptr) bool {
	t.Helper()
	n, err := unix.PrctlRetInt(option, arg2, arg3, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return n == 1
}

func TestOfAgreesWithKernel(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	want := kernelSets(t)
	got, err := Of(0)
	if err != nil || got != want {
		t.Errorf("Of(0) = %+v, %v, want %+v as the kernel says", got, err, want)
	}
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	self, err := ParseStatus(f)
	if err != nil || got != self {
		t.Errorf("Of(0) = %+v, /proc/self/status has %+v, %v", got, self, err)
	}
	if byPid, err := Of(os.Getpid()); err != nil || byPid != got {
		t.Errorf("Of(%d) = %+v, %v, want %+v", os.Getpid(), byPid, err, got)
	}
}

// Of(0) is about the calling thread, whose sets can differ from the process's.
func TestOfIsOfThread(t *testing.T) {
	before, err := Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if before.Permitted == None {
		if os.Geteuid() == 0 {
			t.Fatal("root has no capability: nothing here tests threads")
		}
		t.Skip("no capability is permitted, so a thread has none to drop")
	}
	type result struct {
		sets Sets
		err  error
	}
	done := make(chan result)
	c := before.Permitted.List()[0]
	inheritable := before.Inheritable.With(c)
	go func() {
		runtime.LockOSThread()
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		data := [2]unix.CapUserData{
			{Permitted: uint32(before.Permitted), Inheritable: uint32(inheritable)},
			{Permitted: uint32(before.Permitted >> 32), Inheritable: uint32(inheritable >> 32)},
		}
		err := unix.Capset(&header, &data[0])
		if err == nil {
			err = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, uintptr(c), 0, 0)
		}
		sets, ofErr := Of(0)
		done <- result{sets, errors.Join(err, ofErr)}
	}()
	got := <-done
	if got.err != nil {
		t.Fatal(got.err)
	}
	want := before
	want.Effective = None
	want.Inheritable = inheritable
	want.Ambient = want.Ambient.With(c)
	if got.sets != want {
		t.Errorf("thread: Of(0) = %+v, want %+v", got.sets, want)
	}
	if after, err := Of(os.Getpid()); err != nil || after != before {
		t.Errorf("process: %+v, %v, want %+v", after, err, before)
	}
}

func TestOfErrors(t *testing.T) {
	if got, err := Of(-1); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("Of(-1) = %+v, %v", got, err)
	}
	child := exec.Command("/proc/self/exe", "-test.run=^$")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	if got, err := Of(child.Process.Pid); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Of(%d), which has ended, = %+v, %v", child.Process.Pid, got, err)
	}
}

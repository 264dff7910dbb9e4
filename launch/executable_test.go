package launch

// How a command is found and how it ends, with the image executed from a memfd
// and, where memfd_create is refused, from a file in a hostile folder.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestExitCodes(t *testing.T) {
	for _, code := range []int{0, 1, 7, 125, 255} {
		state, _, err := run(t, sandboxed("sh", "-c", fmt.Sprintf("exit %d", code)))
		if err != nil || !state.Status.Exited() || state.Status.ExitStatus() != code {
			t.Errorf("exit %d: %#x, %v", code, state.Status, err)
		}
	}
}

// The command's signal arrives, and outer dies of it too.
func TestSignals(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 6, 8, 9, 11, 13, 14, 15, 24, 31, 34, 64} {
		p := sandboxed("sh", "-c", fmt.Sprintf("ulimit -c 0; kill -%d $$", n))
		state, _, err := run(t, p)
		if err != nil || !state.Status.Signaled() || int(state.Status.Signal()) != n {
			t.Errorf("signal %d: %#x, %v", n, state.Status, err)
		}
		img, err := p.Image()
		if err != nil {
			t.Fatal(err)
		}
		process, err := img.Start(&Attr{Files: make([]*os.File, 3)})
		if err != nil {
			t.Fatal(err)
		}
		var outer unix.WaitStatus
		if _, err := unix.Wait4(process.outer, &outer, 0, nil); err != nil || int(outer.Signal()) != n {
			t.Errorf("signal %d: outer %#x, %v", n, outer, err)
		}
		unix.Close(process.control)
		unix.Close(process.pidfd)
	}
}

// Signals that outer was sent meanwhile, as by Ctrl-C, do not get in between.
func TestPendingSignals(t *testing.T) {
	img, err := sandboxed("sleep", "1000").Image()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []unix.Signal{unix.SIGTERM, unix.SIGSYS} {
		p, err := img.Start(&Attr{Files: make([]*os.File, 3)})
		if err != nil {
			t.Fatal(err)
		}
		for _, pending := range []unix.Signal{unix.SIGINT, unix.SIGTSTP} {
			unix.Kill(p.Pid(), pending)
		}
		p.Signal(n)
		stuck := time.AfterFunc(2*time.Minute, func() { unix.Kill(p.Pid(), unix.SIGKILL) })
		if state, err := p.Wait(); err != nil || state.Status.Signal() != n {
			t.Errorf("%v: %#x, %v", n, state.Status, err)
		}
		stuck.Stop()
	}
}

func TestNotFound(t *testing.T) {
	denied := filepath.Join(t.TempDir(), "denied")
	if err := os.WriteFile(denied, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	const missing, notdir, good = "/nonexistent", "/dev/null/x", "/bin/true"
	tests := []struct {
		paths []string
		want  error
	}{
		{nil, unix.ENOENT},
		{[]string{missing}, unix.ENOENT},
		{[]string{missing, notdir}, unix.ENOENT},
		{[]string{denied}, unix.EACCES},
		{[]string{missing, denied, notdir}, unix.EACCES},
		{[]string{denied, missing}, unix.EACCES},
		{[]string{good}, nil},
		{[]string{missing, notdir, good}, nil},
		{[]string{denied, good}, nil},
		{[]string{missing, denied, missing, denied, good, denied}, nil},
		{[]string{"/", good}, nil}, // a folder is EACCES
	}
	for _, test := range tests {
		state, _, err := run(t, alone(3, test.paths, "it"))
		var step *StepError
		switch {
		case !errors.Is(err, test.want) || state.Status != 0:
			t.Errorf("%q: %v, %v, want %v", test.paths, state.Status, err, test.want)
		case test.want != nil && (!errors.As(err, &step) || step.Doing != "execute it"):
			t.Errorf("%q: %#v", test.paths, err)
		}
	}
}

// Outer and init hold none of the command's streams: when the command closes its
// output, the reader sees the end of it, though the sandbox lives on.
func TestStreams(t *testing.T) {
	out := pipe(t)
	img, err := sandboxed("sh", "-c", "exec sleep 1000 <&- >&- 2>&-").Image()
	if err != nil {
		t.Fatal(err)
	}
	p, err := img.Start(&Attr{Files: []*os.File{out[1], out[1], out[1]}})
	if err != nil {
		t.Fatal(err)
	}
	out[1].Close()
	untilEOF(t, out[0])
	if err := p.Signal(0); err != nil {
		t.Errorf("the command has ended: %v", err)
	}
	p.Kill()
	if state, err := p.Wait(); err != nil || state.Status.Signal() != unix.SIGKILL {
		t.Errorf("%v, %v", state.Status, err)
	}
	// After the end neither does anything, whatever has the same numbers now.
	p.Kill()
	if err := p.Signal(unix.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("after the end: %v", err)
	}
}

// All of the above once more from a file. The temp folder holds names of the kind
// that the file gets, and keeps exactly those.
func TestFromFile(t *testing.T) {
	if os.Getenv("USANDBOX_TEST_REFUSE") != "" {
		t.Skip("skip: it is this test that runs the others so")
	}
	tmp, victim := t.TempDir(), t.TempDir()
	for i := range 20 {
		os.WriteFile(fmt.Sprintf("%s/usandbox-%d", tmp, i), nil, 0o600)
		os.Symlink(victim, fmt.Sprintf("%s/usandbox-%d", tmp, 1000+i))
	}
	before, _ := filepath.Glob(tmp + "/*")
	cmd := again("USANDBOX_TEST_REFUSE=memfd", "TMPDIR="+tmp, "XDG_RUNTIME_DIR=")
	cmd.Args = append(cmd.Args, "-test.v", "-test.run", "^(TestStart|TestExitCodes|TestSignals|TestNotFound|TestStreams|TestFiles|TestConcurrent|TestMemfdRefused)$")
	cmd.Stderr = nil
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS") != 8 {
		t.Errorf("%v\n%s", err, out)
	}
	after, _ := filepath.Glob(tmp + "/*")
	if files, _ := os.ReadDir(victim); !slices.Equal(before, after) || len(files) != 0 {
		t.Errorf("left: %q, %q", after, files)
	}
}

// Where neither can be executed, the error names both.
func TestMemfdRefused(t *testing.T) {
	if os.Getenv("USANDBOX_TEST_REFUSE") == "" {
		return // TestFromFile runs it
	}
	sameFDs(t)
	t.Setenv("TMPDIR", "/nonexistent")
	_, _, err := run(t, sandboxed("true"))
	if !errors.Is(err, unix.EACCES) || !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), "vm.memfd_noexec") {
		t.Error(err)
	}
}

// refuseMemfd makes memfd_create fail with EACCES in this process, as
// vm.memfd_noexec=2 does, by a seccomp filter.
func refuseMemfd() {

	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number, at the start of struct seccomp_data
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_MEMFD_CREATE, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EACCES)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		panic(err)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		panic(errno)
	}
}

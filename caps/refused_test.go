package caps

import (
	"errors"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Under a filter that refuses PR_CAPBSET_READ, Last and what rests on it fail: the
// refusal is not taken for the end of the list, and is not kept.
func TestLastRefused(t *testing.T) {
	kept := lastCached.Swap(0)
	defer lastCached.Store(kept)

	type result struct {
		filter, last, all, parse error
		printed                  string
	}
	done := make(chan result)
	go func() {
		// The thread has the filter and ends with this goroutine.
		runtime.LockOSThread()
		var r result
		r.filter = refusePrctl(unix.PR_CAPBSET_READ)
		_, r.last = Last()
		_, r.all = All()
		_, r.parse = Parse("kill")
		r.printed = upTo(1).String()
		done <- r
	}()
	r := <-done
	if r.filter != nil {
		t.Fatal(r.filter)
	}
	for name, err := range map[string]error{"Last": r.last, "All": r.all, "Parse": r.parse} {
		if !errors.Is(err, unix.EPERM) {
			t.Errorf("%s with prctl refused: %v, want EPERM", name, err)
		}
	}
	if want := "cap_chown,cap_dac_override"; r.printed != want {
		t.Errorf("String() = %q, want %q", r.printed, want)
	}
	if last, err := Last(); err != nil {
		t.Errorf("Last() on another thread: %v, %v", last, err)
	}
}

// refusePrctl makes prctl(option) fail with EPERM on the calling thread, for good.
// See seccomp(2).
func refusePrctl(option uint32) error {
	const (
		load = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		jeq  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		ret  = unix.BPF_RET | unix.BPF_K

		// In struct seccomp_data: the first argument, of whose halves a
		// little-endian machine has the low one first.
		argument = 16
	)
	filter := []unix.SockFilter{
		{Code: load, K: 0},
		{Code: jeq, K: unix.SYS_PRCTL, Jf: 3},
		{Code: load, K: argument},
		{Code: jeq, K: option, Jf: 1},
		{Code: ret, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: ret, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}

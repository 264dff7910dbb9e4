package sandbox

import (
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Many sandboxes with a network at once, in one process: each reaches what it may, and nothing of
// them is left.
func TestManyNetworks(t *testing.T) {
	leavesNothing(t)
	if err := hello(t).Run(); err != nil { // what is made once
		t.Fatal(err)
	}
	n := 50
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err == nil && limit.Cur < 4096 {
		n = 10 // each has about thirty
	}
	files := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	filesBefore, before := files(), runtime.NumGoroutine()
	addr := greeter(t, "127.0.0.1:0", "hello from outside")
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			c := helloTo(t, addr)
			out, err := c.Output()
			if want := "4\nhello from outside\n"; string(out) != want || err != nil {
				t.Errorf("%q, %v", out, err)
			}
			if s := c.NetworkSummary(); s == nil || s.Allowed != 1 || s.Failed+s.Denied != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
	group.Wait()
	const greeters = 2 // its goroutine and listener
	for end := time.Now().Add(5 * time.Second); files() > filesBefore+greeters || runtime.NumGoroutine() > before+greeters; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d files, %d goroutines; before %d, %d", files(), runtime.NumGoroutine(), filesBefore, before)
		}
	}
}

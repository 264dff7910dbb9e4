package cow

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What is changed just before a run is made is older than its marker; what is changed
// after it, and after the tick that the command waits for, is not.
func TestMarker(t *testing.T) {
	dir := home(t)
	ctime := func(name string) Time {
		t.Helper()
		var st unix.Stat_t
		if err := unix.Lstat(name, &st); err != nil {
			t.Fatal(err)
		}
		return Time{st.Ctim.Sec, st.Ctim.Nsec}
	}
	write := func(name string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	waited := 0
	for range 200 {
		before, looked, after := filepath.Join(dir, "before"), filepath.Join(dir, "looked"), filepath.Join(dir, "after")
		write(looked)
		ctime(looked) // its next time is exact, where the kernel has that
		write(before)
		write(looked)
		r := newRun(t, dir)
		text, err := os.ReadFile(filepath.Join(r.Folder(), "status"))
		if err != nil || len(text) != StatusOffset {
			t.Fatalf("status: %d bytes, %v", len(text), err)
		}
		tick := Time{int64(binary.LittleEndian.Uint64(text[TickOffset:])), int64(binary.LittleEndian.Uint64(text[TickOffset+8:]))}
		if tick != (Time{}) {
			waited++
		}
		for { // what the image does
			var now unix.Timespec
			if err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now); err != nil {
				t.Fatal(err)
			}
			if (Time{now.Sec, now.Nsec}) != tick {
				break
			}
			time.Sleep(100 * time.Microsecond)
		}
		write(after)
		for name, want := range map[string]bool{before: false, looked: false, after: true} {
			if c := ctime(name); c.After(r.Marker) != want && c.Nsec != 0 {
				t.Fatalf("%s: ctime %v, marker %v, tick %v; after: want %v", name, c, r.Marker, tick, want)
			}
		}
		for _, name := range []string{before, looked, after} {
			os.Remove(name)
		}
		if err := r.Remove(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of 200 runs had to wait for a tick", waited)
}

package cow

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// racesVariable is how often a race is run.
const racesVariable = "USANDBOX_RACES"

// A folder of the host is swapped with a symlink out of it, again and again, while a
// run that has changed something in it is applied.
//
// Defence: every folder is opened with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS.
func TestApplyRace(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv(racesVariable))
	if err != nil {
		rounds = 300
	}
	dir := home(t)
	secret := filepath.Join(filepath.Dir(dir), "secret")
	for _, d := range []string{secret + "/sub", dir + "/d/sub"} {
		for _, f := range []string{"file", "victim"} {
			must(t, os.MkdirAll(d, 0o755))
			must(t, os.WriteFile(d+"/"+f, []byte("before"), 0o644))
		}
	}
	must(t, os.Symlink(secret, dir+"/other"))
	before := snapshot(t, secret)
	real, err := unix.Open(dir+"/d/sub", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	must(t, err)
	defer unix.Close(real)
	realName := procFD(real)

	r := newRun(t, dir)
	must(t, r.Ended(0))
	upper := r.Layers[0].Upper()
	for _, name := range []string{"/d", "/sub"} {
		upper += name
		must(t, os.Mkdir(upper, 0o755))
		must(t, unix.Setxattr(upper, originXattr, nil, 0)) // the host has one
	}
	must(t, os.Chmod(upper, 0o700))
	must(t, os.WriteFile(upper+"/file", []byte("after"), 0o644))
	must(t, os.WriteFile(upper+"/new", []byte("after"), 0o644))
	must(t, os.Symlink("anywhere", upper+"/link"))
	must(t, unix.Mkfifo(upper+"/fifo", 0o644))
	must(t, unix.Mknod(upper+"/victim", unix.S_IFCHR, 0))
	r.Marker = Time{Sec: 1 << 40} // what this test does on the host is no conflict

	var stop atomic.Bool
	done := make(chan int)
	go func() {
		n := 0
		for ; !stop.Load(); n++ {
			unix.Renameat2(unix.AT_FDCWD, dir+"/d", unix.AT_FDCWD, dir+"/other", unix.RENAME_EXCHANGE)
		}
		done <- n
	}()
	whole, part := 0, 0
	for i := 0; i < rounds || i < 50*rounds && (whole == 0 || part == 0); i++ {
		sum, err := r.Apply(ApplyOptions{})
		if err == nil && sum.Complete() && sum.All == 6 {
			whole++
		} else {
			part++
		}
		if i%50 == 0 {
			if d := difference(before, snapshot(t, secret)); len(d) > 0 {
				t.Errorf("outside: %v", d)
				break
			}
		}
		for _, name := range []string{"new", "link", "fifo"} {
			os.Remove(realName + "/" + name)
		}
		must(t, os.WriteFile(realName+"/file", []byte("before"), 0o644))
		must(t, os.WriteFile(realName+"/victim", []byte("before"), 0o644))
		must(t, os.Chmod(realName, 0o755))
	}
	stop.Store(true)
	t.Logf("%d swaps; %d times all was applied, %d times not", <-done, whole, part)
	if d := difference(before, snapshot(t, secret)); len(d) > 0 {
		t.Errorf("outside: %v", d)
	}
	if whole == 0 || part == 0 {
		t.Error("BUG: all ended alike, so no race was run")
	}
	must(t, r.Recover())
	for _, d := range []string{dir, secret, realName + "/"} {
		list, err := os.ReadDir(d)
		must(t, err)
		if slices.ContainsFunc(list, func(e os.DirEntry) bool { return len(e.Name()) > 10 }) {
			t.Errorf("left in %s: %v", d, list)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

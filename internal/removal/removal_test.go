package removal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A tree deeper than paths are long, and than there are file descriptors, with folders
// that have no permissions, and a symlink out of it.
func TestAll(t *testing.T) {
	base := t.TempDir()
	outside, dir := filepath.Join(base, "outside"), filepath.Join(base, "dir")
	for _, d := range []string{outside, dir} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(outside+"/kept", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	os.Mkdir(dir+"/.deep-0", 0)
	at, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	name := strings.Repeat("d", 50)
	for i := 0; i < 1500 && err == nil; i++ {
		if err = unix.Mkdirat(at, name, 0o700); err != nil {
			break
		}
		below, err := unix.Openat(at, name, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if i%200 == 0 {
			unix.Mkdirat(at, "beside", 0)
			unix.Symlinkat(outside, at, "link")
		}
		unix.Close(at)
		at = below
	}
	if err != nil {
		t.Fatal(err)
	}
	unix.Mkdirat(at, "last", 0)
	unix.Close(at)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	few := limit
	few.Cur = 200
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	err = All(dir)
	unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	if err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(dir); !os.IsNotExist(err) {
		t.Error("it is left:", err)
	}
	if _, err := os.Lstat(outside + "/kept"); err != nil {
		t.Error("a symlink was followed:", err)
	}
	if err := All(dir); err != nil {
		t.Error("what is gone:", err)
	}
}

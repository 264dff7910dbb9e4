package mounts

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// What lies where a folder was made, but is not that folder, is given to nobody.
func TestGive(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("root only")
	}
	dir := t.TempDir()
	for name, make := range map[string]func(string) error{
		"file":    func(p string) error { return os.WriteFile(p, nil, 0o700) },
		"symlink": func(p string) error { return os.Symlink(dir, p) },
		"full":    func(p string) error { return os.MkdirAll(p+"/x", 0o700) },
		"open":    func(p string) error { return os.Mkdir(p, 0o755) },
		"theirs": func(p string) error {
			if err := os.Mkdir(p, 0o700); err != nil {
				return err
			}
			return os.Chown(p, 1, 1)
		},
		"new": func(p string) error { return os.Mkdir(p, 0o700|os.ModeSetgid) },
	} {
		p := filepath.Join(dir, name)
		if err := make(p); err != nil {
			t.Fatal(err)
		}
		parent, err := unix.Open(dir, unix.O_PATH, 0)
		if err != nil {
			t.Fatal(err)
		}
		err = give(parent, name, 77, 77)
		unix.Close(parent)
		var st unix.Stat_t
		if e := unix.Lstat(p, &st); e != nil {
			t.Fatal(e)
		}
		if given := st.Uid == 77; given != (name == "new") || (err == nil) != given {
			t.Errorf("%s: given %v, error %v", name, given, err)
		}
	}
}

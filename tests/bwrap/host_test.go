package bwrap

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// host is where the folder that sandboxes see lies.
func host() string { return filepath.Join(folder, "host") }

// makeHost makes that folder anew.
func makeHost(t testing.TB) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	filepath.WalkDir(host(), func(name string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			os.Chmod(name, 0o700) // what is in it is read after this
		}
		return nil
	})
	must(os.RemoveAll(host()))
	for _, dir := range []string{"", "d", "d/e", "w", "work", "upper"} {
		must(os.Mkdir(filepath.Join(host(), dir), 0o755))
		must(chown(filepath.Join(host(), dir)))
	}
	for _, file := range []string{"f", "d/f", "d/e/g"} {
		must(os.WriteFile(filepath.Join(host(), file), []byte(file+"\n"), 0o644))
		must(chown(filepath.Join(host(), file)))
	}
	must(os.Symlink("d", filepath.Join(host(), "link")))
	must(os.Symlink("nowhere", filepath.Join(host(), "dangling")))
	must(os.Symlink("/oldroot"+filepath.Join(host(), "w"), filepath.Join(host(), "out"))) // where it leads while the tree is made
}

// tree lists a folder: kinds, modes, owners, targets, sizes and contents.
func tree(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		st := info.Sys().(*syscall.Stat_t)
		fmt.Fprintf(&b, "%s %v %d %d", strings.TrimPrefix(name, dir), info.Mode(), st.Uid, st.Gid)
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(name)
			if err != nil && !os.IsPermission(err) {
				return err
			}
			fmt.Fprintf(&b, " %d %.40q", info.Size(), data)
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			b.WriteString(" -> " + target)
		case info.IsDir() && info.Mode()&0o700 == 0:
			b.WriteString(" closed\n")
			return fs.SkipDir
		}
		b.WriteString("\n")
		return nil
	})
	if err != nil && !os.IsPermission(err) {
		t.Fatal(err)
	}
	return b.String()
}

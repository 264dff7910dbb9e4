package cow

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// node is all that is compared of a path.
type node struct {
	mode         uint32
	text, xattrs string
	group        string // the first path of the same inode
}

func (n node) String() string {
	return fmt.Sprintf("%o %q %s group %q", n.mode, n.text, n.xattrs, n.group)
}

// open reports whether the owner can read what has a mode.
func open(mode uint32) bool {
	need := uint32(0o400)
	if mode&unix.S_IFMT == unix.S_IFDIR {
		need = 0o500
	}
	return mode&need == need
}

// snapshot reads a tree, whatever the modes in it. Nothing that can be read is touched.
func snapshot(t *testing.T, dir string) map[string]node {
	t.Helper()
	all := map[string]node{}
	groups := map[uint64]string{}
	var visit func(path, name string)
	visit = func(path, name string) {
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			t.Fatal(err)
		}
		n := node{mode: st.Mode}
		kind := st.Mode & unix.S_IFMT
		if kind == unix.S_IFREG || kind == unix.S_IFDIR {
			if !open(st.Mode) {
				os.Chmod(path, 0o700)
			}
			fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW, 0)
			if err != nil {
				t.Fatal(err)
			}
			attrs, _, err := xattrs(fd, false)
			unix.Close(fd)
			if err != nil {
				t.Fatal(err)
			}
			n.xattrs = fmt.Sprint(attrs)
		}
		if kind != unix.S_IFDIR {
			if first, ok := groups[st.Ino]; ok {
				n.mode = all[first].mode // it may have been opened
			} else {
				groups[st.Ino] = name
			}
			n.group = groups[st.Ino]
		}
		switch kind {
		case unix.S_IFREG:
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			n.text = string(text)
		case unix.S_IFLNK:
			n.text, _ = os.Readlink(path)
		case unix.S_IFDIR:
			list, err := os.ReadDir(path)
			if err != nil {
				t.Fatal(err)
			}
			all[name] = n
			for _, e := range list {
				visit(filepath.Join(path, e.Name()), strings.TrimPrefix(name+"/"+e.Name(), "./"))
			}
			if !open(n.mode) {
				unix.Chmod(path, n.mode&0o7777)
			}
			return
		}
		if kind == unix.S_IFREG && !open(n.mode) {
			unix.Chmod(path, n.mode&0o7777)
		}
		all[name] = n
	}
	visit(dir, ".")
	return all
}

// difference is what a full walk of two trees finds, as lines.
func difference(old, new map[string]node) (lines []string) {
	for path, a := range old {
		b, ok := new[path]
		switch {
		case !ok:
			lines = append(lines, fmt.Sprintf("D %q", path))
		case (a.mode^b.mode)&unix.S_IFMT != 0:
			lines = append(lines, fmt.Sprintf("T %q", path))
		default:
			var what What
			if a.mode != b.mode {
				what |= Mode
			}
			if a.xattrs != b.xattrs {
				what |= Xattr
			}
			if a.text != b.text {
				what |= Content
				if a.mode&unix.S_IFMT == unix.S_IFLNK {
					what = Symlink
				}
			}
			if what != 0 {
				lines = append(lines, fmt.Sprintf("M %q %d", path, what))
			}
		}
	}
	for path := range new {
		if _, ok := old[path]; !ok {
			lines = append(lines, fmt.Sprintf("A %q", path))
		}
	}
	sort.Strings(lines)
	return lines
}

// lines are changes as difference prints them.
func lines(changes []Change) (list []string) {
	for _, c := range changes {
		line := fmt.Sprintf("%c %q", c.Kind, c.Path)
		if c.Kind == Modified {
			line += fmt.Sprintf(" %d", c.What)
		}
		list = append(list, line)
	}
	sort.Strings(list)
	return list
}

package cow

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// lowerMark is an attribute that every folder has that was there before the sequence.
// The kernel does not rename such a folder in an overlay (EXDEV); the model must not
// either, because a copy splits hard links.
const lowerMark = "user.lower"

// names are few, so that operations collide.
var names = []string{"a", "b", "c", "d e", "ü\n", "\xff"}

// sequence is a random sequence of file operations in a folder. What it does depends
// on the seed and on what it finds.
type sequence struct {
	*rand.Rand
	dir string
	log []string
}

func newSequence(seed uint64, dir string) *sequence {
	return &sequence{Rand: rand.New(rand.NewPCG(seed, 1)), dir: dir}
}

// path is a random path of one to three names.
func (s *sequence) path() string {
	parts := []string{s.dir}
	for range 1 + s.IntN(3) {
		parts = append(parts, names[s.IntN(len(names))])
	}
	return strings.Join(parts, "/")
}

func (s *sequence) text() []byte {
	return bytes.Repeat([]byte{byte('a' + s.IntN(3)), '\n'}, s.IntN(5))
}

// begin makes the tree that the host has. It has no hard links.
func (s *sequence) begin() error {
	if err := unix.Setxattr(s.dir, lowerMark, nil, 0); err != nil {
		return err
	}
	for range 25 {
		path := s.path()
		switch s.IntN(5) {
		case 0, 1:
			if os.Mkdir(path, 0o755) == nil {
				if err := unix.Setxattr(path, lowerMark, nil, 0); err != nil {
					return err
				}
			}
		case 2, 3:
			os.WriteFile(path, s.text(), []fs.FileMode{0o644, 0o755, 0o600, 0o444}[s.IntN(4)])
			if s.IntN(4) == 0 {
				unix.Setxattr(path, "user.x", s.text(), 0)
			}
		case 4:
			os.Symlink(names[s.IntN(len(names))], path)
		}
	}
	return filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != s.dir && s.IntN(5) == 0 {
			defer os.Chmod(path, 0o555)
		}
		return err
	})
}

// run does n operations. Their errors are part of what is compared.
func (s *sequence) run(n int) {
	for range n {
		what, err := s.step()
		s.log = append(s.log, fmt.Sprintf("%s: %v", strings.ReplaceAll(what, s.dir+"/", ""), errno(err)))
	}
}

func errno(err error) string {
	var e unix.Errno
	if errors.As(err, &e) {
		return unix.ErrnoName(e)
	}
	return fmt.Sprint(err)
}

func (s *sequence) step() (string, error) {
	path, other := s.path(), s.path()
	switch s.IntN(19) {
	case 0, 1:
		return fmt.Sprintf("write %q", path), noFollow(path, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC, s.text())
	case 2:
		return fmt.Sprintf("append %q", path), noFollow(path, unix.O_WRONLY|unix.O_APPEND, s.text())
	case 3:
		fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
		if err == nil {
			err = unix.Ftruncate(fd, int64(s.IntN(10)))
			unix.Close(fd)
		}
		return fmt.Sprintf("truncate %q", path), err
	case 4, 5:
		return fmt.Sprintf("mkdir %q", path), os.Mkdir(path, 0o755)
	case 6:
		return fmt.Sprintf("rmdir %q", path), unix.Rmdir(path)
	case 7:
		return fmt.Sprintf("rm -r %q", path), removeAll(path)
	case 8, 9, 10:
		return fmt.Sprintf("mv %q %q", path, other), move(path, other)
	case 11:
		err := removeAll(path)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = os.Mkdir(path, 0o755)
		}
		return fmt.Sprintf("again as a folder %q", path), err
	case 12:
		err := removeAll(path)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = noFollow(path, unix.O_WRONLY|unix.O_CREAT, s.text())
		}
		return fmt.Sprintf("again as a file %q", path), err
	case 13:
		return fmt.Sprintf("symlink %q", path), os.Symlink(names[s.IntN(len(names))], path)
	case 14:
		return fmt.Sprintf("ln %q %q", path, other), unix.Link(path, other)
	case 15:
		mode := []uint32{0o755, 0o644, 0o000, 0o600, 0o555, 0o711, 0o1777}[s.IntN(7)]
		err := unix.Fchmodat(unix.AT_FDCWD, path, mode, 0)
		if st := (unix.Stat_t{}); unix.Lstat(path, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
			return "", nil // what it leads to may be the other tree's
		}
		return fmt.Sprintf("chmod %o %q", mode, path), err
	case 16:
		if s.IntN(3) == 0 {
			return fmt.Sprintf("removexattr %q", path), unix.Lremovexattr(path, "user.x")
		}
		return fmt.Sprintf("setxattr %q", path), unix.Lsetxattr(path, "user.x", s.text(), 0)
	case 17:
		return fmt.Sprintf("mkfifo %q", path), unix.Mkfifo(path, 0o644)
	}
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
	if err == nil {
		_, err = unix.Pwrite(fd, []byte("end"), int64(s.IntN(4))<<16)
		unix.Close(fd)
	}
	return fmt.Sprintf("hole %q", path), err
}

func noFollow(path string, flags int, text []byte) error {
	fd, err := unix.Open(path, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, text)
	return err
}

// move is mv -T: rename(2), and where that is not possible a copy and a removal.
func move(from, to string) error {
	if strings.HasPrefix(to+"/", from+"/") {
		return unix.EINVAL
	}
	if _, err := unix.Lgetxattr(from, lowerMark, nil); err != nil {
		if info, e := os.Lstat(from); e == nil && info.IsDir() && err != unix.ENODATA {
			return err // nobody knows
		}
		return unix.Rename(from, to)
	}
	in, err := filepath.EvalSymlinks(filepath.Dir(to))
	if err != nil {
		return err
	}
	if what, err := filepath.EvalSymlinks(filepath.Dir(from)); err != nil || strings.HasPrefix(in+"/", what+"/"+filepath.Base(from)+"/") {
		return unix.EINVAL
	}
	if err := unix.Access(filepath.Dir(to), unix.W_OK); err != nil {
		return err
	}
	if os.Remove(to) != nil {
		if _, err := os.Lstat(to); err == nil {
			return unix.EEXIST
		}
	}
	if err := copyTree(from, to, map[uint64]string{}); err != nil {
		return err
	}
	return removeAll(from)
}

// copyTree is cp -a, which keeps hard links.
func copyTree(from, to string, links map[uint64]string) error {
	var st unix.Stat_t
	if err := unix.Lstat(from, &st); err != nil {
		return err
	}
	if first, ok := links[st.Ino]; ok {
		return unix.Link(first, to)
	}
	if st.Nlink > 1 && st.Mode&unix.S_IFMT != unix.S_IFDIR {
		links[st.Ino] = to
	}
	var err error
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		text, _ := os.Readlink(from)
		return os.Symlink(text, to)
	case unix.S_IFIFO:
		return unix.Mkfifo(to, st.Mode&0o7777)
	case unix.S_IFREG:
		var text []byte
		if text, err = os.ReadFile(from); err == nil {
			err = os.WriteFile(to, text, 0o600)
		}
	case unix.S_IFDIR:
		if err = os.Mkdir(to, 0o700); err != nil {
			return err
		}
		var list []os.DirEntry
		list, err = os.ReadDir(from)
		for _, e := range list {
			err = errors.Join(err, copyTree(from+"/"+e.Name(), to+"/"+e.Name(), links))
		}
	}
	if err != nil {
		return err
	}
	buf := make([]byte, 100)
	if n, err := unix.Lgetxattr(from, "user.x", buf); err == nil {
		if err := unix.Lsetxattr(to, "user.x", buf[:n], 0); err != nil {
			return err
		}
	}
	if st.Mode&unix.S_IFMT == unix.S_IFREG {
		t := unix.NsecToTimespec(unix.TimespecToNsec(st.Mtim))
		unix.UtimesNanoAt(unix.AT_FDCWD, to, []unix.Timespec{t, t}, 0)
	}
	return unix.Chmod(to, st.Mode&0o7777)
}

// removeAll is rm -r. os.RemoveAll opens what the name is in, which may be a FIFO.
func removeAll(path string) error {
	if _, err := os.Lstat(path); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

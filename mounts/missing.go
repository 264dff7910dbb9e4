package mounts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Missing are the folders of the host that the entries with Create set want made,
// parents first: paths without symlinks. It compiles the entries, changes nothing, and
// fails as [Compile] does.
func Missing(entries []Entry) ([]string, error) {
	t, err := compile(launch.New(0), entries, Private, 0)
	if err != nil {
		return nil, err
	}
	return t.toMake, nil
}

// Make makes a folder that [Missing] has named, with mode 0700, for user uid and group gid; -1: the
// caller. Nothing in its path may be a symlink by now. One that exists by now is no error.
func Make(dir string, uid, gid int) error {
	fail := func(err error) error { return fmt.Errorf("make the folder %s: %w", dir, err) }
	parent, err := unix.Openat2(unix.AT_FDCWD, path.Dir(dir), &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return fail(err)
	}
	defer unix.Close(parent)
	switch err := unix.Mkdirat(parent, path.Base(dir), 0o700); {
	case err == unix.EEXIST:
		var st unix.Stat_t
		if err := unix.Fstatat(parent, path.Base(dir), &st, unix.AT_SYMLINK_NOFOLLOW); err != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return fail(unix.EEXIST)
		}
		return nil
	case err != nil:
		return fail(err)
	case uid < 0 && gid < 0:
		return nil
	}
	if err := give(parent, path.Base(dir), uid, gid); err != nil {
		return fail(err)
	}
	return nil
}

// give gives a new, empty folder to a user. Whoever can write to parent may have put
// something else in its place by now, which they are not to get.
func give(parent int, name string, uid, gid int) error {
	fd, err := unix.Openat(parent, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	// Into one of this owner and mode nobody else can put anything afterwards.
	if _, err := f.Readdirnames(1); err != io.EOF || int(st.Uid) != os.Geteuid() || st.Mode&0o077 != 0 {
		return errors.New("something else has been put there meanwhile")
	}
	return unix.Fchown(fd, uid, gid)
}

// make records that a folder of the host is to be made, with its parents. It has no
// symlink in it.
func (t *tree) make(dir string) error {
	var list []string
	for ; !t.willExist(dir); dir = path.Dir(dir) {
		info, err := os.Lstat(dir)
		if err == nil {
			if !info.IsDir() {
				return belowFile(dir + " is no folder")
			}
			break
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
			return err
		}
		list = append(list, dir)
	}
	slices.Reverse(list)
	t.toMake = append(t.toMake, list...)
	return nil
}

// willExist reports whether a folder is one that is to be made.
func (t *tree) willExist(dir string) bool { return slices.Contains(t.toMake, dir) }

// createSource records that the missing source of a bind is to be made, and says where its
// path leads to.
func (t *tree) createSource(name string) (string, error) {
	w, err := t.walk(name)
	switch {
	case err != nil:
		return "", err
	case !w.missing: // it has come meanwhile
	case w.theirs != "":
		return "", advise(fmt.Errorf("%s is reached by %s, a symlink of another user, and so is not made", name, w.theirs), "if you trust it, name %s itself", w.real)
	default:
		err = t.make(w.real)
	}
	return w.real, err
}

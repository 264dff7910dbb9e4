package mounts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// source looks up a path of the host now: its real path, and whether it is a
// file. Symlinks in it are followed here and never again, so what was looked at
// is what will be mounted, or the launch fails. Below a folder that the sandbox
// may write to they are refused: whoever writes there could point them anywhere.
func (t *tree) source(name string) (real string, file bool, err error) {
	if t.loose != nil {
		return t.loose.source(name)
	}
	// Most paths have no symlink in them: one openat2(2) sees that.
	fd, err := unix.Openat2(unix.AT_FDCWD, name, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS,
	})
	real = path.Clean(name)
	if err != nil || strings.Contains(name, "..") {
		if err == nil {
			unix.Close(fd)
		}
		w, err := t.walk(name)
		if err == nil && w.missing {
			err = missing(name)
		}
		if err != nil {
			return "", false, err
		}
		real = w.real
		fd, err = unix.Openat2(unix.AT_FDCWD, real, &unix.OpenHow{
			Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS,
		})
		if err != nil {
			return "", false, unmissing(name, err)
		}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	err = unix.Fstat(fd, &st)
	return real, st.Mode&unix.S_IFMT != unix.S_IFDIR, err
}

// walked is where a path leads to.
type walked struct {
	real    string
	missing bool   // nothing is there
	theirs  string // a symlink on the way that is neither the caller's nor root's
}

// walk follows the symlinks in a path, as the kernel does, once: each is read one
// time, and that decides both where it leads and whether it may.
func (t *tree) walk(name string) (w walked, err error) {
	at, rest := "/", split(name)
	for links := 0; len(rest) > 0; {
		step := rest[0]
		rest = rest[1:]
		if step == ".." || step == "." {
			at = path.Join(at, step)
			continue
		}
		next := path.Join(at, step)
		link, err := os.Readlink(next)
		switch {
		case errors.Is(err, unix.EINVAL): // no symlink
			at = next
			continue
		case errors.Is(err, fs.ErrNotExist) && !slices.Contains(rest, ".."):
			w.real, w.missing = path.Join(next, path.Join(rest...)), true
			return w, nil
		case err != nil:
			return w, unmissing(name, err)
		case t.isGranted(at):
			return w, advise(fmt.Errorf("%s is reached by a symlink in a folder that the sandbox may write to", name),
				"if you trust it, name %s itself", absolute(at, link))
		}
		if links++; links > maxLinks {
			return w, fmt.Errorf("%s: too many symlinks", name)
		}
		if info, err := os.Lstat(next); err != nil || !isTrusted(info) {
			w.theirs = next
		}
		if path.IsAbs(link) {
			at = "/"
		}
		rest = append(split(link), rest...)
	}
	w.real = at
	return w, nil
}

// isTrusted reports whether a file is the caller's or root's.
func isTrusted(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && (st.Uid == 0 || int(st.Uid) == os.Geteuid())
}

// absolute is where a symlink in the folder at points to.
func absolute(at, link string) string {
	if path.IsAbs(link) {
		return path.Clean(link)
	}
	return path.Join(at, link)
}

// unmissing is the error of a path that could not be looked up.
func unmissing(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return missing(name)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// missing is the error of a source that does not exist.
type missing string

func (m missing) Error() string        { return "the source " + string(m) + " does not exist" }
func (m missing) Is(target error) bool { return target == fs.ErrNotExist }

// isGranted reports whether a real path is in a writable source.
func (t *tree) isGranted(p string) bool {
	for _, g := range t.granted {
		if p == g || strings.HasPrefix(p, strings.TrimSuffix(g, "/")+"/") {
			return true
		}
	}
	return false
}

// grants are the real paths of the writable sources among entries.
func grants(entries []Entry) (list []string) {
	for _, e := range entries {
		var written []string
		switch e := e.(type) {
		case Bind:
			if e.Writable {
				written = []string{e.Source}
			}
		case Overlay:
			written = e.writes()
		}
		for _, dir := range written {
			if real, err := filepath.EvalSymlinks(dir); err == nil {
				list = append(list, real)
			}
		}
	}
	return list
}

// openSource opens a real path of the host as t.src. Without missing, that it is
// not there any more is a failure.
func (t *tree) openSource(real string, missing *launch.Label) {
	s := t.p.Call(unix.SYS_OPENAT2, t.old, relative(real), inRootExact, sizeofHow).To(t.src).Retry()
	if missing != nil {
		s.On(unix.ENOENT, missing).On(unix.ENOTDIR, missing)
	}
}

package mounts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// source looks up a path of the host now: its real path, and whether it is a
// file. Symlinks in it are followed here and never again, so what was looked at
// is what will be mounted, or the launch fails. Below a folder that the sandbox
// may write to they are refused: whoever writes there could point them anywhere.
func (t *tree) source(name string) (real string, file bool, err error) {
	if real, file, err = lookUp(name); err != nil {
		return "", false, err
	}
	if t.throughGranted(name, real) {
		return "", false, advise(fmt.Errorf("%s is reached by a symlink in a folder that the sandbox may write to", name),
			"if you trust it, name %s itself", real)
	}
	return real, file, nil
}

// lookUp finds a path's real path, and whether it is a file. Most paths have no
// symlink in them: one openat2(2) sees that.
func lookUp(name string) (real string, file bool, err error) {
	fd, err := unix.Openat2(unix.AT_FDCWD, name, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS,
	})
	real = path.Clean(name)
	if err == nil && !strings.Contains(name, "..") {
		var st unix.Stat_t
		err = unix.Fstat(fd, &st)
		unix.Close(fd)
		return real, st.Mode&unix.S_IFMT != unix.S_IFDIR, err
	}
	if err == nil {
		unix.Close(fd)
	}
	if real, err = filepath.EvalSymlinks(name); err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
			return "", false, missing(name)
		}
		return "", false, err
	}
	info, err := os.Lstat(real)
	return real, err == nil && !info.IsDir(), err
}

// missing is the error of a source that does not exist.
type missing string

func (m missing) Error() string        { return "the source " + string(m) + " does not exist" }
func (m missing) Is(target error) bool { return target == fs.ErrNotExist }

// throughGranted reports whether name, whose real path is real, leads through a
// symlink in a writable source. It walks the path as the kernel does.
func (t *tree) throughGranted(name, real string) bool {
	if len(t.granted) == 0 || path.Clean(name) == real {
		return false
	}
	at, rest := "/", split(name)
	for links := 0; len(rest) > 0 && links <= maxLinks; {
		step := rest[0]
		rest = rest[1:]
		if step == ".." || step == "." {
			at = path.Join(at, step)
			continue
		}
		link, err := os.Readlink(path.Join(at, step))
		if err != nil { // no symlink
			at = path.Join(at, step)
			continue
		}
		if t.isGranted(at) {
			return true
		}
		if links++; path.IsAbs(link) {
			at = "/"
		}
		rest = append(split(link), rest...)
	}
	return false
}

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
		if b, ok := e.(Bind); ok && b.Writable {
			if real, err := filepath.EvalSymlinks(b.Source); err == nil {
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

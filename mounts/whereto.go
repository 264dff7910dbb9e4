package mounts

import (
	"path"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// A path in a loose tree is one of three kinds.
//
// Known: it leads through folders of our own alone, and nothing but the steps can change
// what is there. It needs no look, and is passed to the kernel from the root of the file
// system that it lies in.
//
// Exact: it leads into a mount of the host's, and has no symlink now. The kernel looks, and
// refuses symlinks, so it cannot lead out of that mount.
//
// Any other: the kernel follows it, within the new root. Since it may lead into a folder of our
// own, whatever is made there makes the compiler blind: from then on all paths are of this kind.

// find tells which kind of path a target is: known, if the place is named; exact, if it has a
// path; else any other. What is known to be there but is of another sort than asked for is left
// to the kernel, which says so.
func (t *tree) find(target string, file bool) place {
	rel := relative(target)
	clean := path.Clean("/" + rel)
	if t.loose.blind || relative(clean) != rel {
		return place{}
	}
	at, err := t.shape.resolve(clean)
	switch {
	case err != nil || at.path != clean: // by a symlink
		return place{}
	case at.cover == "":
		at.named = !at.exists || (at.node.kind == ownFile) == file
		if !at.named {
			return place{}
		}
		return at
	case at.mount.layers != nil:
		return place{}
	}
	host, ok := at.host()
	if !ok {
		return place{}
	}
	fd, err := unix.Openat2(unix.AT_FDCWD, host, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS})
	switch err {
	case nil:
		unix.Close(fd)
	case unix.ENOENT, unix.ENOTDIR: // no symlink up to there
	default:
		return place{}
	}
	return at
}

// prepareLoose is prepare in a loose tree. What is not known is open as t.dst then.
func (t *tree) prepareLoose(target string, file bool) place {
	at := t.find(target, file)
	if at.named {
		at = t.create(at, file)
		at.named = true
		return at
	}
	t.point(target, at, file)
	return at
}

// resolution is how the kernel is to resolve a path that was found.
func (at place) resolution() (name string, bits uint64) {
	if at.path != "" {
		return " RESOLVE_IN_ROOT|RESOLVE_NO_SYMLINKS", unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS
	}
	return " RESOLVE_IN_ROOT", unix.RESOLVE_IN_ROOT
}

// openLoose opens a path below the new root.
func (t *tree) openLoose(rel string, at place, name string, flags uint64, to *launch.Var) *launch.Step {
	return t.openMaking(rel, at, name, flags, 0, to)
}

// openMaking is openLoose with the mode of a file that is made.
func (t *tree) openMaking(rel string, at place, name string, flags uint64, mode uint32, to *launch.Var) *launch.Step {
	words, bits := at.resolution()
	return t.p.Call(unix.SYS_OPENAT2, t.new, rel, howMaking(name+words, flags|unix.O_CLOEXEC, uint64(mode), bits), sizeofHow).To(to).Retry()
}

// isBlind notes that something was made where a path led that is not known.
func (t *tree) isBlind(at place) {
	if at.path == "" {
		t.loose.blind = true
	}
}

// parent is the folder that a place is in, where something is missing.
func (at place) parent() place {
	at.missing--
	at.exists = at.missing == 0
	at.path, at.rel = path.Dir(at.path), path.Dir(at.rel)
	return at
}

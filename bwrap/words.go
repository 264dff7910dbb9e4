package bwrap

import (
	"path"
	"strconv"
	"strings"

	"github.com/usandbox/usandbox/mounts"
)

// The folders of the base, as bubblewrap calls them.
const newRoot, oldRoot = "/newroot", "/oldroot"

// words are bubblewrap's messages about the file tree.
func words(e mounts.Entry, s mounts.Stage, detail string) string {
	if e == nil {
		return baseWords(s)
	}
	to := e.Where()
	switch s {
	case mounts.StageParents:
		return "Can't mkdir parents for " + to
	case mounts.StagePoint:
		return pointWords(e, detail == "file")
	case mounts.StageMount:
		return mountWords(e, detail)
	case mounts.StageAttributes:
		if _, ok := e.(mounts.Remount); ok {
			return remount(to) + unsettable
		}
		return binding(e, detail) + unsettable
	case mounts.StageSame:
		return "Race condition binding dirfd"
	case mounts.StageDone:
		return "Can't stat fd " + strconv.Itoa(*e.(mounts.Bind).Done)
	case mounts.StageLayers:
		return "Creating --tmp-overlay " + detail + " failed"
	case mounts.StageOverlap:
		return mountWords(e, detail) + ": Overlay directories may not overlap"
	case mounts.StagePart, mounts.StagePartMount:
		return partWords(to, s, detail)
	case mounts.StageAccess:
		return "Can't access " + shown(to) + "/" + detail
	case mounts.StageCover:
		return "Can't bind mount " + path.Join(shown(to), detail) + " on itself"
	case mounts.StageCoverAttrs:
		return "Can't bind mount " + path.Join(shown(to), detail) + " on itself" + unsettable
	case mounts.StageTemporary:
		return "Can't create tmpfile for " + to
	case mounts.StageMode:
		if d, ok := e.(mounts.Data); ok {
			return "Can't set mode " + modeText(d.Mode) + " on file to be used for " + to
		}
		return "Can't chmod " + modeText(e.(mounts.Chmod).Mode) + " " + to
	case mounts.StageWrite:
		return "Can't write data to file " + to
	case mounts.StageThere:
		return "Can't make symlink at " + to + ": destination exists, and cannot read symlink target"
	case mounts.StageNoLink:
		return "Can't make symlink at " + to + ": destination exists and is not a symlink"
	case mounts.StageOther:
		return "Can't make symlink at " + to + ": existing destination is "
	}
	// StageNotMounted
	return remount(to) + ": Unable to find \"" + path.Join(newRoot, to) + "\" in mount table"
}

func baseWords(s mounts.Stage) string {
	switch s {
	case mounts.StageSlave:
		return "Failed to make / slave"
	case mounts.StageBase:
		return "Failed to mount tmpfs"
	case mounts.StagePivot:
		return "pivot_root"
	}
	return "unmount old root" // StageDetach
}

// stepWords are bubblewrap's messages for what other packages do.
func stepWords() map[string]string {
	return map[string]string{
		"write uid_map": "setting up uid map", "write gid_map": "setting up gid map", "deny setgroups": "error writing to setgroups",
		"create the user namespace": "unshare user ns", "forbid further namespaces": "sysctl user.max_user_namespaces = 1",
		"switch the loopback interface on": "loopback: Failed RTM_NEWADDR",
	}
}

const (
	unsettable = ": Unable to remount destination with correct flags"
	unmounted  = ": Unable to mount source on destination"
)

// shown is a destination as messages show it.
func shown(dest string) string { return newRoot + "/" + strings.TrimLeft(dest, "/") }

func remount(to string) string { return "Can't remount readonly on " + shown(to) }

// binding are the first words about a bind mount.
func binding(e mounts.Entry, source string) string {
	switch e.(type) {
	case mounts.Bind:
		source = path.Join(oldRoot, source)
	case mounts.Proc:
		source = "oldroot/proc"
	}
	return "Can't bind mount " + source + " on " + shown(e.Where())
}

func pointWords(e mounts.Entry, file bool) string {
	to := e.Where()
	switch e := e.(type) {
	case mounts.Symlink:
		return "Can't make symlink at " + to
	case mounts.Remount:
		return remount(to) + ": realpath(destination)"
	case mounts.Data:
		if !e.Mounted {
			return "Can't create file " + to
		}
	}
	if file {
		return "Can't create file at " + to
	}
	return "Can't mkdir " + to
}

func mountWords(e mounts.Entry, detail string) string {
	on := " on " + shown(e.Where())
	switch e := e.(type) {
	case mounts.Tmpfs, mounts.Dev:
		return "Can't mount tmpfs" + on
	case mounts.Mqueue:
		return "Can't mount mqueue" + on
	case mounts.Overlay:
		return "Can't make overlay mount" + on + " with options " + detail
	case mounts.Proc:
		if !e.Host {
			return "Can't mount proc" + on
		}
	case mounts.Dir:
		return "Can't mkdir " + e.Target
	}
	return binding(e, detail) + unmounted
}

// partWords are about what is in a dev.
func partWords(dev string, s mounts.Stage, detail string) string {
	source, name, _ := strings.Cut(detail, " ")
	switch {
	case s == mounts.StagePartMount && source == "devpts":
		return "Can't mount devpts on " + shown(dev) + "/pts"
	case s == mounts.StagePartMount:
		return "Can't bind mount " + oldRoot + source + " on " + shown(dev) + "/" + name + unmounted
	}
	switch detail {
	case "shm":
		return "Can't create " + dev + "/shm"
	case "pts":
		return "Can't create " + dev + "/devpts"
	case "ptmx":
		return "Can't make symlink at " + dev + "/ptmx"
	case "stdin", "stdout", "stderr", "fd", "core":
		return "Can't create symlink " + dev + "/" + detail
	}
	return "Can't create file " + dev + "/" + detail
}

// modeText is "%#o" of C.
func modeText(mode uint32) string {
	if mode == 0 {
		return "0"
	}
	return "0" + strconv.FormatUint(uint64(mode), 8)
}

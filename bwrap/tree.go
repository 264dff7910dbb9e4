package bwrap

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// tree is what is known of the new root while the program is made.
type tree struct {
	root           *launch.Var // fd of the new root
	src, dst, mnt  *launch.Var // fds of the operation at hand
	dir, fs        *launch.Var
	own            map[string]bool // folders that steps made, in file systems of the sandbox's own, reached through such alone
	taken          map[string]bool // what steps made in such folders that is no such folder: symlinks, mounts
	holds          map[string]bool // folders with something of these two in them
	blind          bool            // something was made through a path that is not known: nothing is own any more
	data, overlays int             // how many there are
}

// The folders of the base, as bubblewrap calls them: programs may look for them in mountinfo.
const newRoot, oldRoot = "/newroot", "/oldroot"

// beginTree appends the base, a tmpfs with the caller's root and the new one in it.
func (c *compiler) beginTree() {
	c.root, c.src, c.dst, c.mnt = c.Var("root"), c.Var("src"), c.Var("dst"), c.Var("mount")
	c.dir, c.fs, c.umask = c.Var("dir"), c.Var("fs"), c.Var("umask")
	c.own, c.taken, c.holds = map[string]bool{".": true}, map[string]bool{}, map[string]bool{}
	c.Call(unix.SYS_UMASK, 0).To(c.umask)
	c.say("Failed to make / slave")
	c.Call(unix.SYS_MOUNT, 0, "/", 0, unix.MS_SILENT|unix.MS_SLAVE|unix.MS_REC, 0)
	c.say("Failed to mount tmpfs")
	c.Call(unix.SYS_MOUNT, "tmpfs", "/tmp", "tmpfs", unix.MS_NODEV|unix.MS_NOSUID, 0)
	c.say("chdir base_path")
	c.Call(unix.SYS_CHDIR, "/tmp")
	c.say("Creating newroot failed")
	c.Call(unix.SYS_MKDIRAT, unix.AT_FDCWD, "newroot", 0o755)
	c.say("setting up newroot bind")
	c.Call(unix.SYS_MOUNT, "newroot", "newroot", 0, unix.MS_SILENT|unix.MS_BIND|unix.MS_REC, 0)
	c.say("Creating oldroot failed")
	c.Call(unix.SYS_MKDIRAT, unix.AT_FDCWD, "oldroot", 0o755)
	c.say("pivot_root")
	c.Call(unix.SYS_PIVOT_ROOT, "/tmp", "oldroot")
	c.say("chdir / (base path)")
	c.Call(unix.SYS_CHDIR, "/")
	c.openRoot()
}

func (c *compiler) openRoot() {
	c.say("open the new root")
	c.Call(unix.SYS_OPENAT, unix.AT_FDCWD, newRoot, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC).To(c.root)
}

// endTree appends: the new root is the root, and nothing of the caller's is left.
func (c *compiler) endTree() {
	c.say("Failed to make old root rprivate")
	c.Call(unix.SYS_MOUNT, "oldroot", "oldroot", 0, unix.MS_SILENT|unix.MS_REC|unix.MS_PRIVATE, 0)
	c.say("unmount old root")
	c.Call(unix.SYS_UMOUNT2, "oldroot", unix.MNT_DETACH)
	c.say("chdir /newroot")
	c.Call(unix.SYS_CHDIR, newRoot)
	c.Close(c.root)
	c.say("pivot_root(/newroot)")
	c.Call(unix.SYS_PIVOT_ROOT, ".", ".")
	c.say("umount old root")
	c.Call(unix.SYS_UMOUNT2, ".", unix.MNT_DETACH)
	c.say("chdir /")
	c.Call(unix.SYS_CHDIR, "/")
}

// below is a destination as a path from the new root: "a/b", "." for the root itself.
func below(dest string) string {
	if dest = strings.TrimLeft(dest, "/"); dest == "" {
		return "."
	}
	return dest
}

// shown is a destination as messages show it.
func shown(dest string) string { return newRoot + "/" + strings.TrimLeft(dest, "/") }

// isOwn reports whether a path below the new root leads through folders only that steps
// made where nobody else can change anything. It needs no look while the program runs.
func (c *compiler) isOwn(rel string) bool { return !c.blind && c.own[rel] && path.Clean(rel) == rel }

// madeOwn notes a folder that was made, if it lies in such a folder.
func (c *compiler) madeOwn(rel string) {
	if c.isOwn(above(rel)) && path.Clean(rel) == rel && !c.taken[rel] {
		c.own[rel] = true
		c.holds[above(rel)] = true
	}
}

// covered notes that something is mounted at a path. Fresh: a file system of the sandbox's
// own, empty.
func (c *compiler) covered(rel string, fresh bool) {
	rel = path.Clean(rel)
	was := c.own[rel]
	delete(c.own, rel)
	if c.holds[rel] {
		delete(c.holds, rel)
		for _, known := range []map[string]bool{c.own, c.taken, c.holds} {
			for name := range known {
				if rel == "." || strings.HasPrefix(name, rel+"/") {
					delete(known, name)
				}
			}
		}
	}
	if fresh && was {
		c.own[rel] = true
	} else {
		c.taken[rel] = true
		c.holds[above(rel)] = true
	}
}

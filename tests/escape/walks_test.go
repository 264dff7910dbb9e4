package escape

import (
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

const pivoted = "the host's tree is detached after the pivot; nothing refers to it"

var walks = []attack{
	{
		name:    "find the secret by its path",
		tries:   "open a folder beside the project, the home folder and what the host has mounted elsewhere",
		defence: pivoted,
		inside: func(p *prisoner) {
			for _, name := range p.args {
				for _, prefix := range []string{"", "/proc/self/root", "/..", "/proc/self/cwd/../../../../../..", "/dev/fd/../../.."} {
					p.refused("open "+prefix+name, mayOpen(prefix+name, unix.O_RDONLY), unix.ENOENT, unix.ENOTDIR)
				}
			}
			for _, name := range []string{"/sys", "/old", "/new", "/boot", "/root/.ssh", "/var/lib", "/mnt", "/lost+found"} {
				p.refused("open "+name, mayOpen(name, unix.O_RDONLY), unix.ENOENT)
			}
		},
		outside: func(s *scene) {
			s.say = []string{s.secret, filepath.Join(s.secret, "token"), "/work", "/old_root"}
			s.launch()
		},
	}, {
		name:    "chroot and climb",
		tries:   "chroot(2) to a folder below, then .. from a descriptor above it",
		defence: "no CAP_SYS_CHROOT; and with it, nothing is above the root of the tree",
		inside:  chrootAndClimb,
	}, {
		name:    "take the root away",
		tries:   "unmount, move or pivot away the root, and enter the mount namespace again to get below it",
		defence: "no CAP_SYS_ADMIN; and with it, the root is a locked mount",
		inside:  takeRootAway,
	}, {
		name:    "folder moved out of the bind",
		tries:   "stand in a folder that the host moves out of the project, and climb",
		defence: "the kernel does not go up where a path is not connected to its mount",
		under:   []string{build, asRoot, allCaps},
		inside:  climbAfterMove,
		outside: moveWhileInside,
	}, {
		name:    "write to what is read-only",
		tries:   "create, change, remove, link and touch in read-only folders and the root",
		defence: "read-only mounts, set recursively",
		inside:  writeReadOnly,
		outside: func(s *scene) {
			shown := filepath.Join(s.base, "shown")
			s.write(filepath.Join(shown, "file"), "theirs")
			s.must(os.Chmod(shown, 0o777))
			s.must(os.Chmod(filepath.Join(shown, "file"), 0o666))
			s.show(shown, "/shown", false)
			before := snapshot(s.T, shown)
			s.launch()
			same(s.T, before, snapshot(s.T, shown))
		},
	},
}

func chrootAndClimb(p *prisoner) {
	var before, after unix.Stat_t
	p.worked("stat", unix.Stat("/", &before))
	root, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY, 0)
	p.worked("open /", err)
	os.Mkdir("/tmp/below", 0o755)
	err = unix.Chroot("/tmp/below")
	if !p.has() {
		p.refused("chroot", err)
		return
	}
	p.worked("chroot with CAP_SYS_CHROOT", err)
	p.worked("fchdir", unix.Fchdir(root))
	for range 64 {
		p.worked("climb", unix.Chdir(".."))
	}
	p.worked("chroot", unix.Chroot("."))
	p.worked("stat", unix.Stat("/", &after))
	if before.Ino != after.Ino || before.Dev != after.Dev {
		p.bad("another root is reached")
	}
}

func takeRootAway(p *prisoner) {
	if !p.has() {
		p.refused("umount /", unix.Unmount("/", unix.MNT_DETACH))
		p.refused("pivot_root", unix.PivotRoot("/tmp", "/tmp"))
		p.refused("move /", unix.Mount("/", "/tmp", "", unix.MS_MOVE, ""))
		p.refused("mount", unix.Mount("none", "/tmp", "tmpfs", 0, ""))
		_, err := unix.OpenTree(unix.AT_FDCWD, "/", unix.OPEN_TREE_CLONE)
		p.refused("open_tree", err)
		_, err = unix.Fsopen("tmpfs", 0)
		p.refused("fsopen", err)
		p.refused("setns", enterOwnMounts())
		p.refused("unshare of the mounts", call(unix.SYS_UNSHARE, unix.CLONE_NEWNS))
		return
	}
	var before, after unix.Stat_t
	p.worked("stat", unix.Stat("/", &before))
	p.refused("umount /", unix.Unmount("/", unix.MNT_DETACH), unix.EINVAL, unix.EBUSY)
	p.refused("umount / at once", unix.Unmount("/", 0), unix.EINVAL, unix.EBUSY)
	p.refused("move /", unix.Mount("/", "/tmp", "", unix.MS_MOVE, ""), unix.EINVAL, unix.ELOOP)
	unix.Unmount("/..", unix.MNT_DETACH)
	// The thread has to have its root and working directory for itself.
	p.worked("unshare", unix.Unshare(unix.CLONE_FS))
	p.worked("enter the mount namespace again", enterOwnMounts())
	p.worked("stat", unix.Stat("/", &after))
	if before.Ino != after.Ino || before.Dev != after.Dev {
		p.bad("below the root is another one")
	}
	// Pivot away twice over: what was below the root must not turn up.
	os.Mkdir("/tmp/new", 0o755)
	p.worked("bind", unix.Mount("/tmp/new", "/tmp/new", "", unix.MS_BIND, ""))
	p.worked("chdir", unix.Chdir("/tmp/new"))
	p.worked("pivot_root", unix.PivotRoot(".", "."))
	unix.Unmount(".", unix.MNT_DETACH)
	p.refused("umount of the new root", unix.Unmount("/", unix.MNT_DETACH), unix.EINVAL, unix.EBUSY)
	for _, name := range []string{"/old", "/new", "/work", "/../old", "/proc", "/usr", "/dev"} {
		p.refused("open "+name, mayOpen(name, unix.O_RDONLY), unix.ENOENT)
	}
}

// enterOwnMounts sets the root to the top of the process's own mount namespace.
func enterOwnMounts() error {
	fd, err := unix.Open("/proc/thread-self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	return unix.Setns(fd, unix.CLONE_NEWNS)
}

func moveWhileInside(s *scene) {
	s.mkdir(s.path("a", "b"))
	s.write(s.path("a", "b", "file"), "x")
	s.theirs()
	go func() {
		for i := 0; i < 2000 && !exists(s.path("ready")); i++ {
			pause()
		}
		os.Rename(s.path("a", "b"), filepath.Join(s.base, "moved"))
		os.WriteFile(s.path("gone"), nil, 0o644)
	}()
	s.launch()
	if !exists(filepath.Join(s.base, "moved", "file")) {
		s.Error("BUG: nothing was moved")
	}
}

func climbAfterMove(p *prisoner) {
	p.worked("chdir", os.Chdir("a/b"))
	above, err := unix.Open("../..", unix.O_PATH, 0)
	p.worked("open ../..", err)
	p.worked("say ready", os.WriteFile("../../ready", nil, 0o644))
	for i := 0; i < 2000 && unix.Faccessat(above, "gone", unix.F_OK, 0) != nil; i++ {
		pause()
	}
	for i := 1; i < 8; i++ {
		up := strings.Repeat("../", i)
		p.refused("open "+up+"secret/token", mayOpen(up+"secret/token", unix.O_RDONLY), unix.ENOENT)
		p.refused("open "+up, mayOpen(up, unix.O_PATH), unix.ENOENT)
	}
}

func writeReadOnly(p *prisoner) {
	readOnly := []error{unix.EROFS, unix.EXDEV, unix.EACCES, unix.EPERM, unix.EBUSY}
	// The system's own folders are asked, not changed: should the defence be missing,
	// root's run must not damage the machine.
	for _, dir := range []string{"/", "/usr", "/etc", "/usr/bin", "/proc/sys", "/proc/sys/kernel"} {
		if p.policy == bubblewrap && strings.HasPrefix(dir, "/proc") {
			continue // the kernel's own check of what root owns is left to it
		}
		var st unix.Stat_t
		p.worked("stat "+dir, unix.Stat(dir, &st))
		p.refused("write access to "+dir, unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK, 0), readOnly...)
		p.refused("set the mode that it has of "+dir, unix.Chmod(dir, st.Mode&0o7777), readOnly...)
		var fs unix.Statfs_t
		p.worked("statfs "+dir, unix.Statfs(dir, &fs))
		if fs.Flags&unix.ST_RDONLY == 0 {
			p.bad("%s is not mounted read-only", dir)
		}
	}
	for _, dir := range []string{"/shown", "/proc/self/root/shown"} {
		p.refused("create in "+dir, mayOpen(dir+"/planted", unix.O_CREAT|unix.O_WRONLY), append(readOnly, unix.ENOENT)...)
		p.refused("mkdir in "+dir, unix.Mkdir(dir+"/planted-folder", 0o755), append(readOnly, unix.ENOENT)...)
		p.refused("touch "+dir, unix.UtimesNanoAt(unix.AT_FDCWD, dir, nil, 0), readOnly...)
		p.refused("chmod "+dir, unix.Chmod(dir, 0o777), readOnly...)
		p.refused("symlink in "+dir, unix.Symlink("x", dir+"/planted-link"), append(readOnly, unix.ENOENT)...)
	}
	const file = "/shown/file"
	for _, name := range []string{file, "/proc/self/root" + file, "/dev/../shown/file"} {
		p.refused("write "+name, mayOpen(name, unix.O_WRONLY), readOnly...)
		p.refused("truncate "+name, unix.Truncate(name, 0), readOnly...)
		p.refused("remove "+name, unix.Unlink(name), readOnly...)
		p.refused("rename "+name, unix.Rename(name, "/shown/other"), readOnly...)
		p.refused("link "+name, unix.Link(name, "planted-link"), readOnly...)
		p.refused("set an attribute of "+name, unix.Setxattr(name, "user.x", []byte("x"), 0), append(readOnly, unix.EOPNOTSUPP)...)
	}
	fd, err := unix.Open(file, unix.O_RDONLY, 0)
	p.worked("open "+file, err)
	p.refused("fchmod", unix.Fchmod(fd, 0o777), readOnly...)
	p.refused("fallocate", unix.Fallocate(fd, 0, 0, 10), unix.EBADF)
	p.refused("open again for writing", mayOpen("/proc/self/fd/"+itoa(fd), unix.O_WRONLY), readOnly...)
	p.refused("linkat", unix.Linkat(fd, "", unix.AT_FDCWD, "planted-link", unix.AT_EMPTY_PATH), append(readOnly, unix.ENOENT)...)
	var flags uint32 = 0x10 // FS_IMMUTABLE_FL
	const setFlags = 0x40086602
	p.refused("make it immutable", call(unix.SYS_IOCTL, uintptr(fd), setFlags, uintptr(unsafe.Pointer(&flags))), append(readOnly, unix.ENOTTY)...)
}

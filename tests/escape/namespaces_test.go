package escape

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

var namespaces = []attack{
	{
		name:    "further user namespaces",
		tries:   "be almighty in a user namespace of one's own",
		defence: "max_user_namespaces is 0 in the sandbox's user namespace; proc's sys is read-only; the filter",
		under:   []string{build, asRoot, ranges, allCaps, other, bare},
		inside: func(p *prisoner) {
			want := error(unix.ENOSPC)
			if p.filtered() {
				want = unix.EPERM
			}
			for _, flags := range []uintptr{unix.CLONE_NEWUSER, unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID} {
				cmd := exec.Command("/attack")
				cmd.Env = []string{roleVariable + "=whoami"}
				cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
				p.refused("clone with a user namespace", cmd.Run(), want)
			}
			p.refused("unshare", call(unix.SYS_UNSHARE, unix.CLONE_NEWUSER), want, unix.EINVAL)
			p.refused("raise the limit", mayOpen("/proc/sys/user/max_user_namespaces", unix.O_WRONLY), unix.EROFS, unix.EACCES)
		},
	}, {
		name:    "other namespaces without a user namespace",
		tries:   "unshare(2) and clone(2) of every other kind",
		defence: "no CAP_SYS_ADMIN",
		under:   []string{build, asRoot, ranges, nested, other, bare},
		inside: func(p *prisoner) {
			for _, flag := range []uintptr{unix.CLONE_NEWNS, unix.CLONE_NEWPID, unix.CLONE_NEWNET, unix.CLONE_NEWIPC, unix.CLONE_NEWUTS, unix.CLONE_NEWCGROUP, unix.CLONE_NEWTIME} {
				p.refused("unshare", call(unix.SYS_UNSHARE, flag))
			}
		},
	}, {
		name:    "look below mounts",
		tries:   "in a user namespace of one's own, uncover what is hidden, write what is read-only, mount a proc that is not",
		defence: "mounts that come from another user namespace are locked, in their attributes too",
		under:   []string{nested},
		inside:  lookBelow,
		outside: hidden,
	}, {
		name:    "uncover with every capability",
		tries:   "as user 0 outside, take the read-only mounts off proc and write settings of the kernel",
		defence: "an ordinary user outside does not own them; for root, mounts have to be locked",
		under:   []string{allCaps},
		inside:  uncoverProc,
	}, {
		name:    "mounts that the host makes later",
		tries:   "see what is mounted outside below a bound folder after the start",
		defence: "every mount of the sandbox is private",
		under:   []string{build},
		outside: func(s *scene) { s.inOwnMounts("propagate") },
		inside: func(p *prisoner) {
			p.worked("say ready", os.WriteFile("ready", nil, 0o644))
			for i := 0; i < 2000 && !exists("mounted"); i++ {
				pause()
			}
			p.refused("see the later mount", mayOpen("/shown/sub/later", unix.O_RDONLY), unix.ENOENT)
			p.refused("write to the earlier mount", mayOpen("/shown/nested/planted", unix.O_CREAT|unix.O_WRONLY), unix.EROFS)
			p.refused("write to what is mounted in it", mayOpen("/shown/nested/deep/planted", unix.O_CREAT|unix.O_WRONLY), unix.EROFS)
			var st unix.Statfs_t
			p.worked("statfs", unix.Statfs("/shown/nested", &st))
			if want := int64(unix.ST_NOSUID | unix.ST_NODEV | unix.ST_RDONLY); st.Flags&want != want {
				p.bad("the nested mount has the flags %#x", st.Flags)
			}
			text, _ := os.ReadFile("/proc/self/mountinfo")
			for _, word := range []string{" shared:", " master:", " propagate_from:"} {
				if strings.Contains(string(text), word) {
					p.bad("a mount is%s", word)
				}
			}
		},
	},
}

// hidden shows a folder read-only with parts of it hidden.
func hidden(s *scene) {
	shown := filepath.Join(s.base, "shown")
	s.write(filepath.Join(shown, "hidden", "token"), s.token)
	s.write(filepath.Join(shown, "key"), s.token)
	s.write(filepath.Join(shown, "file"), "theirs")
	s.must(os.Chmod(shown, 0o777))
	s.show(shown, "/shown", false)
	s.cmd.Policy.Files = append(s.cmd.Policy.Files, mounts.Hide{Target: "/shown/hidden"}, mounts.Hide{Target: "/shown/key"})
	before := snapshot(s.T, shown)
	s.launch()
	same(s.T, before, snapshot(s.T, shown))
}

func lookBelow(p *prisoner) {
	if len(p.args) == 0 {
		cmd := exec.Command("/attack", "below")
		cmd.Env = append(os.Environ(), roleVariable+"=inside "+p.policy+" look below mounts")
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP,
		}
		if unix.Getuid() == 0 { // the kernel lets nobody map user 0 of above without CAP_SETFCAP there
			for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
				cmd.SysProcAttr.AmbientCaps = append(cmd.SysProcAttr.AmbientCaps, c)
			}
		} else {
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: unix.Getuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: unix.Getgid(), Size: 1}}
		}
		out, err := cmd.CombinedOutput()
		os.Stdout.Write(out)
		p.worked("the part in a user namespace", err)
		return
	}
	p.worked("make the mounts private", unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	locked := []error{unix.EPERM, unix.EINVAL, unix.EACCES, unix.EBUSY}
	for _, name := range []string{"/shown/hidden", "/shown/key", "/shown", "/proc/sys", "/proc/sysrq-trigger", "/usr", "/dev/null", "/proc", "/"} {
		if !exists(name) {
			continue // not every kernel has all of them
		}
		p.refused("umount "+name, unix.Unmount(name, unix.MNT_DETACH), locked...)
		for _, flags := range []uintptr{0, unix.MS_NOSUID, unix.MS_NODEV | unix.MS_NOSUID | unix.MS_NOEXEC} {
			err := unix.Mount("none", name, "", unix.MS_REMOUNT|unix.MS_BIND|flags, "")
			if name == "/dev/null" || name == "/proc" {
				continue // not read-only in the first place
			}
			p.refused("remount "+name, err, locked...)
		}
		for _, bits := range []uint64{unix.MOUNT_ATTR_RDONLY, unix.MOUNT_ATTR_NOSUID} {
			if name != "/proc" && name != "/dev/null" || bits != unix.MOUNT_ATTR_RDONLY {
				p.refused("clear attributes of "+name, unix.MountSetattr(unix.AT_FDCWD, name, unix.AT_RECURSIVE, &unix.MountAttr{Attr_clr: bits}), locked...)
			}
		}
		if name != "/proc/sys" && name != "/shown/hidden" && name != "/shown/key" && name != "/dev/null" && name != "/usr" && name != "/proc/sysrq-trigger" {
			_, err := unix.OpenTree(unix.AT_FDCWD, name, unix.OPEN_TREE_CLONE)
			p.refused("clone "+name+" without what is on it", err, locked...)
			p.refused("bind "+name, unix.Mount(name, "/tmp", "", unix.MS_BIND, ""), locked...)
		}
	}
	os.Mkdir("/tmp/m", 0o755)
	p.refused("mount a proc", unix.Mount("proc", "/tmp/m", "proc", 0, ""))
	p.refused("mount a sysfs", unix.Mount("sysfs", "/tmp/m", "sysfs", 0, ""))
	for _, kind := range []string{"ext4", "devtmpfs", "debugfs", "tracefs", "bpf", "securityfs", "configfs", "binfmt_misc", "fusectl", "pstore"} {
		if err := unix.Mount("none", "/tmp/m", kind, 0, ""); err == nil && kind != "bpf" && kind != "binfmt_misc" { // these two are per user namespace
			p.bad("a %s is mounted", kind)
		}
		unix.Unmount("/tmp/m", unix.MNT_DETACH)
	}
	if err := unix.Mount("o", "/tmp/m", "overlay", 0, "lowerdir=/shown:/usr"); err == nil {
		p.tried++
		text, _ := os.ReadFile("/tmp/m/hidden/token")
		os.Stdout.Write(text)
		text, _ = os.ReadFile("/tmp/m/key")
		os.Stdout.Write(text)
		if len(text) > 0 {
			p.bad("an overlay shows what is hidden")
		}
	}
	p.refused("write a setting", mayOpen("/proc/sys/kernel/core_pattern", unix.O_WRONLY), unix.EROFS, unix.EACCES)
	p.refused("write to what is read-only", mayOpen("/shown/planted", unix.O_CREAT|unix.O_WRONLY), unix.EROFS)
	p.refused("open what is hidden", mayOpen("/shown/hidden/token", unix.O_RDONLY), unix.ENOENT)
	text, _ := os.ReadFile("/shown/key")
	os.Stdout.Write(text)
}

func uncoverProc(p *prisoner) {
	for _, name := range []string{"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"} {
		unix.Unmount(name, unix.MNT_DETACH)
		unix.Mount("none", name, "", unix.MS_REMOUNT|unix.MS_BIND, "")
		unix.MountSetattr(unix.AT_FDCWD, name, unix.AT_RECURSIVE, &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY})
	}
	os.Mkdir("/tmp/proc", 0o755)
	unix.Mount("proc", "/tmp/proc", "proc", 0, "")
	// Opening is enough: nothing is written.
	for _, proc := range []string{"/proc", "/tmp/proc"} {
		for _, name := range []string{"sys/kernel/core_pattern", "sysrq-trigger", "sys/vm/drop_caches"} {
			p.refused("open "+proc+"/"+name+" for writing", mayOpen(proc+"/"+name, unix.O_WRONLY), unix.EROFS, unix.EACCES, unix.EPERM, unix.ENOENT)
		}
	}
}

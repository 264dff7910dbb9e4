package escape

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// Attacks on what there is once for the whole machine.
var machine = []attack{
	{
		name:    "settings in sysfs",
		tries:   "write to every writable file of a sysfs that is shown, read the tables of the firmware",
		defence: "there is none by default; it is read-only, and firmware and energy meters are empty",
		under:   []string{build, asRoot, ranges, entering, other, bare, bubblewrap},
		outside: func(s *scene) {
			s.cmd.Policy.Files = append(s.cmd.Policy.Files, mounts.Sysfs{Target: "/sys"})
			s.launch()
		},
		inside: func(p *prisoner) {
			refused := []error{unix.EROFS, unix.EACCES, unix.EPERM, unix.ENOENT}
			tried := 0
			filepath.WalkDir("/sys", func(name string, d fs.DirEntry, err error) error {
				if err != nil || !d.Type().IsRegular() {
					return nil
				}
				if info, err := d.Info(); err == nil && info.Mode()&0o222 != 0 && tried < 3000 {
					tried++
					p.refused("write "+name, mayOpen(name, unix.O_WRONLY), refused...)
				}
				return nil
			})
			for _, name := range []string{"/sys/power/state", "/sys/kernel/uevent_helper", "/sys/class/net/lo/ifalias"} {
				p.refused("write "+name, mayOpen(name, unix.O_WRONLY), refused...)
			}
			for _, dir := range []string{"/sys/firmware", "/sys/devices/virtual/powercap"} {
				if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
					p.bad("%s has %d entries", dir, len(list))
				}
			}
		},
	}, {
		name:    "control groups",
		tries:   "write cgroup.procs, cgroup.kill, cgroup.freeze, and limits of the own group and of those above",
		defence: "a cgroup namespace of its own; the file system only on request, read-only",
		under:   []string{build, asRoot, ranges, entering, other, bare},
		ours:    "it has no flag for such a file system",
		outside: func(s *scene) {
			s.cmd.Policy.Files = append(s.cmd.Policy.Files, mounts.Cgroupfs{Target: "/cgroup"})
			if err := s.cmd.Start(); err != nil { // no control groups of version 2
				s.Logf("no cgroup2: %v", err)
				s.prepare()
			} else {
				s.cmd.Kill()
				s.cmd.Wait()
				s.prepare()
				s.cmd.Policy.Files = append(s.cmd.Policy.Files, mounts.Cgroupfs{Target: "/cgroup"})
			}
			s.launch()
		},
		inside: func(p *prisoner) {
			text, err := os.ReadFile("/proc/self/cgroup")
			p.worked("read the own group", err)
			for line := range strings.Lines(string(text)) {
				if _, path, _ := strings.Cut(strings.TrimSpace(line), "::"); path != "" && path != "/" {
					p.bad("the group outside is seen: %s", line)
				}
			}
			for _, dir := range []string{"/cgroup", "/cgroup/..", "/sys/fs/cgroup"} {
				for _, name := range []string{"cgroup.procs", "cgroup.threads", "cgroup.kill", "cgroup.freeze", "cgroup.subtree_control", "memory.max", "pids.max"} {
					p.refused("write "+dir+"/"+name, mayOpen(dir+"/"+name, unix.O_WRONLY), unix.EROFS, unix.EACCES, unix.EPERM, unix.ENOENT)
				}
				p.refused("make a group in "+dir, unix.Mkdir(dir+"/planted", 0o755), unix.EROFS, unix.EACCES, unix.EPERM, unix.ENOENT)
			}
		},
	}, {
		name:    "core pattern",
		tries:   "crash, to have a core dump written, or the host's core_pattern run",
		defence: "the core limit is 1, which the kernel refuses for files and programs, and cannot be raised",
		inside: func(p *prisoner) {
			var limit unix.Rlimit
			p.worked("getrlimit", unix.Getrlimit(unix.RLIMIT_CORE, &limit))
			if limit.Cur > 1 || limit.Max > 1 {
				p.bad("core dumps may have %d bytes, at most %d", limit.Cur, limit.Max)
			}
			p.refused("raise the limit", unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}))
			if p.failed {
				return // nothing shall run on the host
			}
			crash := exec.Command("/bin/sh", "-c", "kill -SEGV $$")
			if err := crash.Run(); err == nil || crash.ProcessState.Exited() {
				p.bad("BUG: it did not crash")
			}
			if names, _ := filepath.Glob("core*"); len(names) > 0 {
				p.bad("there are %v", names)
			}
		},
	}, {
		name:    "block devices and loop mounts",
		tries:   "attach a file to a loop device, make nodes of disks, memory and loop devices, mount a file system of one's own making",
		defence: "no such device is shown; nodev everywhere; no capability outside",
		inside: func(p *prisoner) {
			gone := []error{unix.ENOENT, unix.EPERM, unix.EACCES}
			for _, name := range []string{"loop-control", "loop0", "sda", "vda", "nvme0n1", "mem", "kmem", "port", "kmsg", "kvm", "fuse", "net/tun", "vhost-net", "vhost-vsock", "uinput", "input/event0", "mapper/control", "btrfs-control", "snd/timer", "dri/card0", "userfaultfd"} {
				p.refused("open /dev/"+name, mayOpen("/dev/"+name, unix.O_RDWR), gone...)
			}
			for name, device := range map[string]uint64{"vda": unix.Mkdev(254, 0), "loop0": unix.Mkdev(7, 0), "sda": unix.Mkdev(8, 0)} {
				if err := unix.Mknod(name, unix.S_IFBLK|0o600, int(device)); err == nil {
					p.refused("open what mknod made", mayOpen(name, unix.O_RDONLY), gone...)
					os.Remove(name)
				}
			}
			if err := unix.Mknod("mem", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 1))); err == nil {
				p.refused("open what mknod made", mayOpen("mem", unix.O_RDONLY), gone...)
				os.Remove("mem")
			}
			os.Mkdir("/tmp/mnt", 0o755)
			p.worked("make an image", os.WriteFile("/tmp/image", make([]byte, 1<<16), 0o600))
			for _, kind := range []string{"ext4", "squashfs", "vfat", "erofs", "xfs", "iso9660", "btrfs"} {
				p.refused("mount as "+kind, unix.Mount("/tmp/image", "/tmp/mnt", kind, 0, ""), unix.EPERM, unix.ENOTBLK, unix.ENODEV, unix.EACCES, unix.ENOENT)
			}
		},
	}, {
		name:    "programs that change ids",
		tries:   "run newuidmap, su and mount, and execute as user 0, to gain a capability or another id",
		defence: "no_new_privs and nosuid; the bounding set is empty",
		inside: func(p *prisoner) {
			for _, command := range [][]string{
				{"newuidmap", itoa(os.Getpid()), "0", "0", "1"}, {"newgidmap", itoa(os.Getpid()), "0", "0", "1"},
				{"su", "-c", "id"}, {"mount", "-t", "tmpfs", "none", "/tmp"}, {"ping", "-c1", "127.0.0.1"},
			} {
				path, err := exec.LookPath(command[0])
				if err != nil || p.has() {
					continue
				}
				cmd := exec.Command(path, command[1:]...)
				if out, err := cmd.CombinedOutput(); err == nil && command[0] != "ping" && (command[0] != "su" || os.Getuid() != 0) {
					p.bad("%v works: %s", command, out)
				}
				p.tried++
			}
			out, err := exec.Command("/bin/sh", "-c", "exec grep -E '^Cap|NoNewPrivs' /proc/self/status").Output()
			p.worked("execute", err)
			want := none
			if p.has() {
				want = everyCap()
			}
			for line := range strings.Lines(string(out)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), ":\t")
				if strings.HasPrefix(name, "Cap") && value != want || name == "NoNewPrivs" && value != "1" {
					p.bad("after an exec: %s", line)
				}
			}
		},
	},
}

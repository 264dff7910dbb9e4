package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// What follows runs in the virtual machine: this program is /init of the initramfs,
// then starts systemd, or takes its place, and runs the job.

const (
	guestProgram = "/usr/local/sbin/vm-guest"
	plainWord    = "usandbox.plain" // on the kernel's command line: no systemd
	userName     = "tester"
	userID       = 1000
	userHome     = "/home/" + userName
	jobFolder    = userHome + "/job"
	delegated    = "/sys/fs/cgroup/delegated" // the user's, without systemd
)

// unit starts the job when the user could log in.
const unit = `[Unit]
After=systemd-logind.service dbus.socket systemd-user-sessions.service multi-user.target
[Service]
Type=oneshot
ExecStart=` + guestProgram + ` job
StandardOutput=journal+console
FailureAction=poweroff-immediate
`

// delegate gives the user's manager every controller, as a system would that is
// meant for containers.
const delegate = "[Service]\nDelegate=cpu cpuset io memory pids\n"

// guest runs what the program is for in the machine, and does not return.
func guest(role string) {
	err := map[string]func() error{"init": initramfsInit, "plain": plainInit,
		"plain-job": func() error { return job(true) }, "job": func() error { return job(false) }}[role]()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", role+":", err)
	}
	if role == "init" || role == "plain" || err != nil {
		powerOff()
	}
	os.Exit(0)
}

func powerOff() {
	unix.Sync()
	time.Sleep(100 * time.Millisecond) // for what the serial lines still hold
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

// initramfsInit loads the drivers of the disks, mounts them and becomes the root's init.
func initramfsInit() error {
	for _, m := range [][3]string{{"devtmpfs", "/dev", "devtmpfs"}, {"proc", "/proc", "proc"}, {"sysfs", "/sys", "sysfs"}} {
		if err := unix.Mount(m[0], m[1], m[2], 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	names, _ := filepath.Glob("/modules/*")
	sort.Strings(names)
	for _, name := range names {
		if err := loadModule(name); err != nil {
			return fmt.Errorf("load %s: %w", name, err)
		}
	}
	for range 1200 { // a minute, on a busy machine
		if _, err := os.Stat("/dev/vdc"); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := unix.Mount("/dev/vda", "/root", "ext4", 0, ""); err != nil {
		return fmt.Errorf("mount /dev/vda: %w", err)
	}
	// Not below /usr: who binds that folder alone would be refused for the mount in it.
	err := errors.Join(os.Mkdir("/root/modules", 0o755), os.Remove("/root/usr/lib/modules"), os.Symlink("/modules", "/root/usr/lib/modules"),
		unix.Mount("/dev/vdb", "/root/modules", "ext4", unix.MS_RDONLY, ""))
	if err != nil {
		return fmt.Errorf("mount /dev/vdb: %w", err)
	}
	program, err := os.ReadFile("/init")
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		guestProgram:                                        string(program),
		"/etc/systemd/system/vm-guest.service":              unit,
		"/etc/systemd/system/user@.service.d/delegate.conf": delegate,
	} {
		name = "/root" + name
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
			return err
		}
	}
	// Before Linux 6.6 an overlay cannot write to a tmpfs all that it has to.
	os.Symlink("/dev/null", "/root/etc/systemd/system/tmp.mount")
	wants := "/root/etc/systemd/system/default.target.wants"
	os.MkdirAll(wants, 0o755)
	os.Symlink("/etc/systemd/system/vm-guest.service", wants+"/vm-guest.service")
	for _, name := range []string{"/dev", "/proc", "/sys"} {
		if err := unix.Mount(name, "/root"+name, "", unix.MS_MOVE, ""); err != nil {
			return fmt.Errorf("move %s: %w", name, err)
		}
	}
	if err := errors.Join(unix.Chdir("/root"), unix.Mount(".", "/", "", unix.MS_MOVE, ""), unix.Chroot("."), unix.Chdir("/")); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	text, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return err
	}
	args := []string{"/sbin/init"}
	if slices.Contains(strings.Fields(string(text)), plainWord) {
		args = []string{guestProgram, "plain"}
	}
	return unix.Exec(args[0], args, []string{"PATH=" + path, "TERM=dumb", "LANG=C.UTF-8"})
}

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func loadModule(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	flags := 0
	if filepath.Ext(name) != ".ko" {
		flags = unix.MODULE_INIT_COMPRESSED_FILE
	}
	return unix.FinitModule(int(f.Fd()), "", flags)
}

// plainInit is an init for a machine without systemd: the usual mounts, and a cgroup
// that is the user's, with a cgroup of the job's in it.
func plainInit() error {
	for _, m := range []struct{ kind, name, data string }{
		{"cgroup2", "/sys/fs/cgroup", ""}, {"tmpfs", "/run", "mode=755"}, {"tmpfs", "/tmp", "mode=1777"},
		{"tmpfs", "/dev/shm", "mode=1777"}, {"devpts", "/dev/pts", "gid=5,mode=620,ptmxmode=666"}, {"mqueue", "/dev/mqueue", ""}, {"securityfs", "/sys/kernel/security", ""},
	} {
		os.MkdirAll(m.name, 0o755)
		if err := unix.Mount(m.kind, m.name, m.kind, 0, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.name, err)
		}
	}
	for name, to := range map[string]string{"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"} {
		os.Symlink(to, "/dev/"+name)
	}
	unix.Sethostname([]byte("vm"))
	exec.Command("ip", "link", "set", "lo", "up").Run()
	const controllers = "+cpu +cpuset +io +memory +pids"
	os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte(controllers), 0)
	own := delegated + "/job"
	if err := os.MkdirAll(own, 0o755); err != nil {
		return err
	}
	for _, dir := range []string{delegated, own} {
		for _, name := range []string{"", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"} {
			if err := os.Chown(filepath.Join(dir, name), userID, userID); err != nil {
				return err
			}
		}
	}
	child, err := os.StartProcess(guestProgram, []string{guestProgram, "plain-job"}, &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return err
	}
	for { // the orphans too
		if pid, err := unix.Wait4(-1, nil, 0, nil); pid == child.Pid || err != nil && err != unix.EINTR {
			return err
		}
	}
}

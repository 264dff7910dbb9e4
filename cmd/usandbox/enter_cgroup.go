package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/procfs"
)

// cgroupProcs opens cgroup.procs of the target's cgroup for writing: the kernel checks
// by whoever opens it.
func (e *entering) cgroupProcs() (int, error) {
	if e.target == nil {
		return -1, errNeedsTarget
	}
	text, err := e.target.read("cgroup")
	if err != nil {
		return -1, e.about(err)
	}
	group, err := procfs.ParseCgroup(text)
	if err != nil {
		return -1, e.about(err)
	}
	if text, err = os.ReadFile("/proc/self/mountinfo"); err != nil {
		return -1, err
	}
	mounts, err := procfs.ParseMountinfo(text)
	if err != nil {
		return -1, err
	}
	dir, ok := procfs.CgroupFolder(mounts, group)
	if !ok {
		return -1, fmt.Errorf("no mount of cgroups, version 2, shows %s", group)
	}
	name := dir + "/cgroup.procs"
	fd, err := unix.Open(name, unix.O_WRONLY, 0)
	if err != nil {
		return -1, hinted{fmt.Errorf("open %s: %w", name, err), "a user needs a cgroup that is delegated to them: systemd-run --user --scope -p Delegate=yes"}
	}
	return fd, nil
}

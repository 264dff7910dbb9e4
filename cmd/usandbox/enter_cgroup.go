package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
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
	group, err := unifiedCgroup(string(text))
	if err != nil {
		return -1, e.about(err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return -1, err
	}
	root, err := cgroupMount(string(mounts))
	if err != nil {
		return -1, err
	}
	name := strings.TrimSuffix(root+group, "/") + "/cgroup.procs"
	fd, err := unix.Open(name, unix.O_WRONLY, 0)
	if err != nil {
		return -1, hinted{fmt.Errorf("open %s: %w", name, err), "a user needs a cgroup that is delegated to them: systemd-run --user --scope -p Delegate=yes"}
	}
	return fd, nil
}

// unifiedCgroup is the cgroup of version 2 in the text of /proc/PID/cgroup, cgroups(7).
func unifiedCgroup(text string) (string, error) {
	for line := range strings.Lines(text) {
		group, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::")
		switch {
		case !ok:
		case strings.HasPrefix(group, "/.."), strings.HasSuffix(group, " (deleted)"):
			return "", fmt.Errorf("its cgroup %s cannot be reached from your cgroup namespace", group)
		default:
			return group, nil
		}
	}
	return "", errors.New("it is in no cgroup of version 2")
}

// cgroupMount is where the whole of the cgroup file system, version 2, is mounted
// according to the text of /proc/self/mountinfo.
func cgroupMount(text string) (string, error) {
	for line := range strings.Lines(text) {
		before, after, _ := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if len(fields) > 4 && fields[3] == "/" && strings.HasPrefix(after, "cgroup2 ") && !strings.Contains(fields[4], `\`) {
			return fields[4], nil
		}
	}
	return "", errors.New("cgroups of version 2 are not mounted here")
}

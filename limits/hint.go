package limits

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

var (
	errNotMounted = errors.New("cgroups of version 2 are not mounted here, or have no controllers")
	errNotShown   = errors.New("none of the mounts of cgroups shows the one you are in")
)

const (
	hintVersion1   = "the machine has to be started with cgroups of version 2 alone (systemd.unified_cgroup_hierarchy=1), and a container with a mount of them; or take what setrlimit(2) can do: --limits=best-effort"
	hintController = "systemd hands users memory and pids, and often cpu, only; root can change that: systemctl edit user@.service, with [Service] and Delegate=cpu cpuset io memory pids; then log in anew"
	hintChown      = "root can delegate a cgroup: mkdir it, chown it and the files cgroup.procs, cgroup.subtree_control and cgroup.threads in it to you; see docs/limits.md"
	hintContainer  = "in a container: podman run --cgroupns=private --security-opt unmask=/sys/fs/cgroup, or docker run --cgroupns=private --security-opt writable-cgroups=true, with usandbox as its only process; or --cgroup DIR, or --limits=best-effort"
	hintLinger     = "a systemd of your own is needed: log in (loginctl enable-linger %s keeps it) with XDG_RUNTIME_DIR=/run/user/%d; or a unit with Delegate=yes that runs usandbox alone; or --cgroup DIR, or --limits=best-effort"
	hintDelegate   = "a cgroup has to be delegated to you: systemd-run --user --scope -p Delegate=yes, or --cgroup DIR, see docs/limits.md; or take what setrlimit(2) can do: --limits=best-effort"
)

// nowhere is the error that no place was found, with what to do about it.
func (h *host) nowhere(own string, ownErr, busErr error) error {
	err := fmt.Errorf("no cgroup is delegated to you: %w; and %w", ownErr, busErr)
	switch {
	case inContainer(own):
		return hinted{err, hintContainer}
	case unix.Access("/run/systemd/system", unix.F_OK) == nil:
		return hinted{err, fmt.Sprintf(hintLinger, userName(), os.Geteuid())}
	}
	return hinted{err, hintDelegate}
}

// inContainer reports whether this looks like a container: there are marks, or the caller
// is at the root of a cgroup namespace that is not the machine's.
func inContainer(own string) bool {
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if unix.Access(mark, unix.F_OK) == nil {
			return true
		}
	}
	if own == "" {
		return false
	}
	_, err := os.Lstat(own + "/cgroup.type")
	return own == "/sys/fs/cgroup" && err == nil
}

func userName() string {
	if name := os.Getenv("USER"); name != "" && !strings.ContainsAny(name, " \n") {
		return name
	}
	return "USER"
}

// explainMkdir says what hinders a cgroup from being made.
func explainMkdir(err error) error {
	switch {
	case errors.Is(err, unix.EAGAIN):
		return hinted{fmt.Errorf("%w: a limit on the number or depth of cgroups is reached", err), "see cgroup.max.descendants and cgroup.max.depth there and above"}
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EROFS):
		return hinted{err, hintChown}
	}
	return err
}

package idmap

import (
	"context"
	"fmt"
	"strconv"

	"github.com/usandbox/usandbox/internal/procfs"
)

// Install has newuidmap or newgidmap write the map of the user namespace that
// the process pid is in. A map can be written once.
//
// The helper takes only the caller's own id, alone in a range, and ids that
// are delegated to the caller, see [Map.CheckDelegated]. It works only on a
// process whose folder in /proc has the caller's user and primary group: one
// that is dumpable and has changed neither. Where no_new_privs is set for the
// caller, or the set-user-id bit has no effect, it fails. newgidmap writes
// "deny" to /proc/PID/setgroups unless a delegated gid is used.
//
// The pid must not be reused during the call: the process is a child that has
// not been waited for. The helper is killed after 10 seconds.
//
// A missing helper is a [*HelperMissingError], a failing one an error with
// what it printed, quoted. See newuidmap(1) and newgidmap(1).
func Install(k Kind, pid int, m Map) error {
	ctx, cancel := context.WithTimeout(context.Background(), helperTime)
	defer cancel()
	number, err := procfs.Number(pid) // as the helper will read it
	if err != nil {
		return fmt.Errorf("write %s: %w", k.mapFile(), err)
	}
	return install(ctx, helperDirs, k, number, m)
}

// install is Install with the folders to look in and the time to use.
func install(ctx context.Context, dirs []string, k Kind, pid int, m Map) error {
	if err := k.valid(); err != nil {
		return err
	}
	if pid <= 0 {
		return fmt.Errorf("BUG: write %s: process id %d", k.mapFile(), pid)
	}
	if err := m.Validate(); err != nil {
		return fmt.Errorf("write %s of process %d: %w", k.mapFile(), pid, err)
	}
	path, ok := findHelper(dirs, k.helper())
	if !ok {
		return fmt.Errorf("write %s of process %d: %w", k.mapFile(), pid, &HelperMissingError{Program: k.helper()})
	}
	if _, err := runHelper(ctx, path, installArgs(pid, m)); err != nil {
		return fmt.Errorf("write %s of process %d: %w", k.mapFile(), pid, err)
	}
	return nil
}

// installArgs are the arguments of newuidmap: PID, then INSIDE OUTSIDE COUNT
// for each range.
func installArgs(pid int, m Map) []string {
	args := []string{strconv.Itoa(pid)}
	for _, r := range m {
		for _, n := range []uint32{r.Inside, r.Outside, r.Count} {
			args = append(args, strconv.FormatUint(uint64(n), 10))
		}
	}
	return args
}

package peer

import (
	"fmt"
	"os"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/userns"
)

// Args are bubblewrap's arguments, without its name, for a sandbox of the same namespaces and
// the same mounts as p, in the same order, with a session of its own. The command is to follow.
// It fails on an entry that bubblewrap has nothing for.
func Args(p sandbox.Policy) ([]string, error) {
	args := []string{"--unshare-all", "--new-session", "--die-with-parent"}
	if p.Share.Has(userns.Network) {
		args = append(args, "--share-net")
	}
	for _, e := range p.Files {
		more, err := entry(e)
		if err != nil {
			return nil, err
		}
		args = append(args, more...)
	}
	return append(args, "--remount-ro", "/", "--chdir", p.Dir, "--"), nil
}

func entry(e mounts.Entry) ([]string, error) {
	switch e := e.(type) {
	case mounts.Bind:
		if e.Writable {
			return []string{"--bind", e.Source, e.Target}, nil
		}
		return []string{"--ro-bind", e.Source, e.Target}, nil
	case mounts.ReadOnly:
		return []string{"--ro-bind", e.Target, e.Target}, nil
	case mounts.Hide:
		if info, err := os.Stat(e.Target); err == nil && !info.IsDir() {
			return []string{"--ro-bind", "/dev/null", e.Target}, nil
		}
		return []string{"--tmpfs", e.Target}, nil
	case mounts.Symlink:
		return []string{"--symlink", e.Link, e.Target}, nil
	case mounts.Tmpfs:
		return []string{"--perms", fmt.Sprintf("%04o", Mode(e)), "--tmpfs", e.Target}, nil
	case mounts.Dir:
		return []string{"--dir", e.Target}, nil
	case mounts.Proc:
		return []string{"--proc", e.Target}, nil
	case mounts.Dev:
		return []string{"--dev", e.Target}, nil
	case mounts.Sysfs: // there is no flag for one of its own
		return []string{"--ro-bind", "/sys", e.Target}, nil
	}
	return nil, fmt.Errorf("bubblewrap has no %T", e)
}

// Mode are the permission bits of a tmpfs's root.
func Mode(t mounts.Tmpfs) uint32 {
	if t.Mode == 0 {
		return 0o755
	}
	return t.Mode
}

package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

func init() { roles["propagate"] = propagate }

// inOwnMounts runs a role of this program in a user and a mount namespace of its
// own, as root there: it may mount, and the host does not see it.
func (s *scene) inOwnMounts(role string) {
	cmd := again(role, s.dir)
	cmd.Env = append(cmd.Env, "INSIDE="+s.role())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.Output()
	s.report(string(out), err)
}

// propagate mounts below a shown folder before and after the start of a sandbox:
// DIR. Its mounts are shared, as on most systems.
func propagate(args []string) {
	dir := args[0]
	program, _ := os.Executable()
	shown := filepath.Join(filepath.Dir(dir), "shown")
	must := func(err error) {
		if err != nil {
			fmt.Println("BUG:", err)
			os.Exit(1)
		}
	}
	must(unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	for _, name := range []string{"", "sub", "nested"} {
		must(os.MkdirAll(filepath.Join(shown, name), 0o755))
	}
	must(unix.Mount(shown, shown, "", unix.MS_BIND, ""))
	must(unix.Mount("none", shown, "", unix.MS_SHARED, ""))
	for _, name := range []string{"nested", "nested/deep"} {
		must(os.MkdirAll(filepath.Join(shown, name), 0o755))
		must(unix.Mount("none", filepath.Join(shown, name), "tmpfs", 0, "mode=777"))
	}
	p, err := sandbox.BuildPolicy(dir)
	must(err)
	p.Files = append(p.Files, mounts.Bind{Source: program, Target: "/attack"}, mounts.Bind{Source: shown, Target: "/shown"})
	cmd := &sandbox.Cmd{Args: []string{"/attack"}, Policy: p, Env: []string{os.Getenv("INSIDE")}, Stdout: os.Stdout, Stderr: os.Stdout}
	must(cmd.Start())
	for i := 0; i < 2000 && !exists(filepath.Join(dir, "ready")); i++ {
		pause()
	}
	must(unix.Mount("none", filepath.Join(shown, "sub"), "tmpfs", 0, ""))
	must(os.WriteFile(filepath.Join(shown, "sub", "later"), nil, 0o644))
	must(os.WriteFile(filepath.Join(dir, "mounted"), nil, 0o644))
	must(cmd.Wait())
}

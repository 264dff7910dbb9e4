package caps

// What a process has after the steps, read from its own status: they are run in a
// user namespace, in which a process begins with every capability.

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// after is the status of a process, executed with the given user id, that has run
// the steps of f.
func after(t *testing.T, uid int, f func(*launch.Program)) Sets {
	t.Helper()
	p := launch.New(3)
	p.Begin()
	p.Doing("make a user namespace")
	p.Call(unix.SYS_UNSHARE, unix.CLONE_NEWUSER)
	fd := p.Var("fd")
	for _, file := range [][2]string{{"setgroups", "deny"}, {"uid_map", fmt.Sprintf("%d %d 1", uid, os.Getuid())}, {"gid_map", fmt.Sprintf("0 %d 1", os.Getgid())}} {
		p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, "/proc/self/"+file[0], unix.O_WRONLY).To(fd)
		p.Call(unix.SYS_WRITE, fd, file[1], len(file[1]))
		p.Close(fd)
	}
	init := p.Label("init")
	p.ForkInit(init, unix.CLONE_NEWPID)
	p.Supervise(true)
	p.Here(init)
	p.BeginInit()
	f(p)
	p.Exec("cat", []string{"/bin/cat"}, launch.Strings([]string{"cat", "/proc/self/status"}), launch.Strings(nil))
	img, err := p.Image()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	process, err := img.Start(&launch.Attr{Files: []*os.File{nil, w, w}})
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	out.ReadFrom(r)
	if _, err := process.Wait(); err != nil {
		t.Fatal(err)
	}
	sets, err := ParseStatus(&out)
	if err != nil {
		t.Fatal(err)
	}
	return sets
}

func TestRestrict(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	same := func(s Set) Sets { return Sets{Inheritable: s, Permitted: s, Effective: s, Bounding: s, Ambient: s} }
	last, err := Last()
	if err != nil {
		t.Fatal(err)
	}
	for _, uid := range []int{0, 1000} { // root of the namespace gets the bounding set anew by every exec
		for _, keep := range []Set{None, None.With(unix.CAP_KILL), None.With(0), None.With(last), None.With(unix.CAP_CHOWN, unix.CAP_SETPCAP, last), all} {
			if got := after(t, uid, func(p *launch.Program) { Restrict(p, keep) }); got != same(keep) {
				t.Errorf("user %d, keep %v: %+v", uid, keep, got)
			}
		}
	}
	if got := after(t, 0, func(*launch.Program) {}); got.Effective != all || got.Bounding != all {
		t.Errorf("without any step: %+v", got)
	}
}

// Keep leaves the bounding set as it is, RestrictBounding the others.
func TestRestrictInParts(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	kill := None.With(unix.CAP_KILL)
	if got := after(t, 1000, func(p *launch.Program) { Keep(p, kill) }); got != (Sets{kill, kill, kill, all, kill}) {
		t.Errorf("Keep: %+v", got)
	}
	if got := after(t, 1000, func(p *launch.Program) { Keep(p, None) }); got != (Sets{Bounding: all}) {
		t.Errorf("Keep of none: %+v", got)
	}
	for _, keep := range []Set{None, kill} {
		if got := after(t, 0, func(p *launch.Program) { RestrictBounding(p, keep) }); got.Bounding != keep || got.Permitted != keep {
			t.Errorf("RestrictBounding to %v: %+v", keep, got)
		}
	}
	// Nothing is kept of what is only effective: the exec is by another user than root.
	if got := after(t, 1000, func(p *launch.Program) { Use(p, kill, None) }); got != (Sets{Bounding: all}) {
		t.Errorf("Use: %+v", got)
	}
}

// The numbers are written as capget(2) has them: the low half of each set first.
func TestUseText(t *testing.T) {
	p := launch.New(3)
	Use(p, None, None)
	Use(p, None.With(unix.CAP_KILL, 40), None)
	var lines []string
	for _, s := range p.Steps() {
		lines = append(lines, s.Doing()+": "+s.String())
	}
	want := "drop every capability: capset({VERSION_3}, {none})\n" +
		"set the capabilities cap_kill,cap_checkpoint_restore: capset({VERSION_3}, {cap_kill,cap_checkpoint_restore})"
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("%s", got)
	}
}

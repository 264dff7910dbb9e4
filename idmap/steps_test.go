package idmap

// The steps, run by a process in a new user namespace, which then tells who it is.

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// told is what a shell script says after the steps of f in a new user namespace.
// Prepare is called while the steps wait, if they do.
func told(t *testing.T, script string, f func(*launch.Program), prepare func(pid int) error) string {
	t.Helper()
	p := launch.New(3)
	p.Begin()
	p.Doing("make a user namespace")
	p.Call(unix.SYS_UNSHARE, unix.CLONE_NEWUSER)
	f(p)
	init := p.Label("init")
	p.ForkInit(init, unix.CLONE_NEWPID)
	p.Supervise(true)
	p.Here(init)
	p.BeginInit()
	p.Exec("sh", []string{"/bin/sh"}, launch.Strings([]string{"sh", "-c", script}), launch.Strings([]string{"PATH=/usr/bin:/bin"}))
	img, err := p.Image()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	process, err := img.Start(&launch.Attr{Files: []*os.File{nil, w, w}, Prepare: prepare})
	w.Close()
	if err != nil {
		return err.Error()
	}
	var out bytes.Buffer
	out.ReadFrom(r)
	process.Wait()
	return strings.Join(strings.Fields(out.String()), " ")
}

const whoAmI = `grep -E '^(Uid|Gid):' /proc/self/status; cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups`

func TestWrite(t *testing.T) {
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	for _, id := range [][2]uint32{{0, 0}, {uid, gid}, {7, 1<<32 - 2}} {
		got := told(t, whoAmI, func(p *launch.Program) {
			Write(p, UID, One(id[0], uid))
			Write(p, GID, One(id[1], gid))
		}, nil)
		u, g := strings.Repeat(fmt.Sprintf(" %d", id[0]), 4), strings.Repeat(fmt.Sprintf(" %d", id[1]), 4)
		if want := fmt.Sprintf("Uid:%s Gid:%s %d %d 1 %d %d 1 deny", u, g, id[0], uid, id[1], gid); got != want {
			t.Errorf("%v: %s\nwant %s", id, got, want)
		}
	}
}

// A process cannot write a map of more than its own id, and the caller is told so
// in the step's words.
func TestWriteOthers(t *testing.T) {
	for _, m := range []Map{{{Inside: 0, Outside: 4000000, Count: 1}}, {{Inside: 0, Outside: uint32(os.Getuid()), Count: 2}}} {
		got := told(t, "echo done", func(p *launch.Program) { Write(p, UID, m) }, nil)
		if got != "write uid_map: operation not permitted" {
			t.Errorf("%v: %s", m, got)
		}
	}
}

func TestWriteText(t *testing.T) {
	p := launch.New(3)
	Write(p, UID, One(0, 7))
	Write(p, GID, Map{{Inside: 0, Outside: 1000, Count: 1}, {Inside: 1, Outside: 100000, Count: 5}})
	Become(p, 7, 8, false)
	Become(p, 7, 8, true)
	var lines []string
	for _, s := range p.Steps() {
		lines = append(lines, s.Doing()+": "+s.String())
	}
	got := strings.Join(lines, "\n")
	for _, part := range []string{`write uid_map: openat`, `deny setgroups: write(file, "deny", 4)`, `write gid_map: write(file, "0 1000 1\n1 100000 5\n", 20)`,
		"become user 7 and group 8: setresgid(8, 8, 8)", "setresuid(7, 7, 7)", "prctl(PR_SET_DUMPABLE, 1, ",
		"become user 7 and group 8: setgroups(0, 0)", "setresgid(8, 8, 8)", "setresuid(7, 7, 7)"} {
		_, rest, ok := strings.Cut(got, part) // in this order
		if !ok {
			t.Errorf("%q is not in\n%s", part, strings.Join(lines, "\n"))
		}
		got = rest
	}
}

// Root maps ranges for the process, which then takes on ids of them.
func TestBecome(t *testing.T) {
	if os.Geteuid() != 0 {
		if err := WriteFor(UID, os.Getpid(), Map{{Inside: 0, Outside: 0, Count: 2}}); err == nil {
			t.Error("an ordinary user wrote a map for the initial namespace")
		}
		return
	}
	m := Map{{Inside: 0, Outside: 100000, Count: 1000}, {Inside: 5000, Outside: 0, Count: 1}}
	for _, groups := range []bool{true, false} {
		got := told(t, `grep -E '^(Uid|Gid|Groups|CapEff):' /proc/self/status; cat /proc/self/setgroups`, func(p *launch.Program) {
			p.AwaitCaller()
			KeepCapabilities(p)
			Become(p, 7, 8, groups)
		}, func(pid int) error {
			for _, k := range []Kind{UID, GID} {
				if err := WriteFor(k, pid, m); err != nil {
					return err
				}
			}
			return nil
		})
		if !strings.HasPrefix(got, "Uid: 7 7 7 7 Gid: 8 8 8 8 Groups:") || !strings.HasSuffix(got, "CapEff: 0000000000000000 allow") {
			t.Errorf("%s", got)
		}
		if groups && !strings.Contains(got, "Groups: CapEff") {
			t.Errorf("supplementary groups are left: %s", got)
		}
	}
}

func TestWriteForRefuses(t *testing.T) {
	const none = 1<<22 + 1 // above any process id
	wantError(t, WriteFor(UID, none, nil), "empty")
	wantError(t, WriteFor(GID, none, Map{{0, 1, 2}, {1, 9, 1}}), "overlap")
	wantError(t, WriteFor(UID, none, One(0, 0)), "write the uid map", "no such process")
}

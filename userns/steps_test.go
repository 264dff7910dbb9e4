package userns

// The steps, by their text, and their effect in a process that runs them.

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/usandbox/usandbox/launch"
)

// steps are what f appends: "doing: step".
func steps(f func(*launch.Program)) string {
	p := launch.New(3)
	f(p)
	var lines []string
	for _, s := range p.Steps() {
		lines = append(lines, s.Doing()+": "+s.String())
	}
	return strings.Join(lines, "\n")
}

func TestSteps(t *testing.T) {
	for _, c := range []struct {
		f    func(*launch.Program)
		want string // parts, in order
	}{
		{func(p *launch.Program) { Unshare(p, 0) }, ""},
		{func(p *launch.Program) { Unshare(p, SetOf(User)) }, "create the user namespace: unshare(CLONE_NEWUSER)"},
		{func(p *launch.Program) { Unshare(p, SetOf(Network, Mount)) }, "create the namespaces mnt,net: unshare(CLONE_NEWNS|CLONE_NEWNET)"},
		{func(p *launch.Program) { Hostname(p, "a b") }, `set the host name "a b": sethostname("a b", 3)`},
		{func(p *launch.Program) { Domainname(p, "ü") }, `set the domain name "ü": setdomainname("ü", 2)`},
		{func(p *launch.Program) { OpenLimits(p).Set(p, Counts{Mount: 12, IPC: Unlimited}) }, `"/proc/sys/user"` + "\n" + `openat(limits, "max_user_namespaces"` + "\n" + `write(file, "0", 1)` +
			"\nclose(file)\n" + `"max_mnt_namespaces"` + "\n" + `write(file, "12", 2)` + "\n" + `"max_cgroup_namespaces"`},
		{func(p *launch.Program) { l := OpenLimits(p); l.Set(p, Only(PID, 3)); l.Close(p) }, `"/proc/sys/user"` + "\n" + `openat(limits, "max_pid_namespaces"` + "\n" +
			`write(file, "3", 1)` + "\nclose(file)\nforbid further namespaces: close(limits)"},
		{LoopbackUp, "socket(AF_INET\nioctl(socket, SIOCSIFFLAGS, {lo, IFF_UP})\nclose(socket)"},
		{func(p *launch.Program) { TimeOffsets(p, Offsets{Monotonic: -time.Hour, Boottime: time.Minute}) },
			`"/proc/self/timens_offsets"` + "\n" + `write(file, "monotonic -3600 0\nboottime 60 0\n", 32)` + "\nclose(file)"},
		{func(p *launch.Program) { TimeOffset(p, "boottime", -5) }, "offset the boottime clock by -5 seconds: \n" + `"/proc/self/timens_offsets"` + "\n" + `write(file, "boottime -5 0\n", 14)`},
		{func(p *launch.Program) { Keep(p, UTS, 7, "a b") }, `keep the uts namespace on "a b": mount("/proc/7/ns/uts", "a b", 0, MS_BIND, 0)`},
		{func(p *launch.Program) { Keep(p, PID, 7, "/f") }, `mount("/proc/7/ns/pid_for_children", "/f"`},
		{func(p *launch.Program) { Keep(p, Time, 7, "/f") }, `mount("/proc/7/ns/time_for_children", "/f"`},
		{func(p *launch.Program) { Discard(p, "/f") }, `umount2("/f", MNT_DETACH); error: next`},
		{func(p *launch.Program) { SetPropagation(p, Private) }, `make every mount private: mount("none", "/", 0, MS_REC|MS_PRIVATE, 0)`},
		{func(p *launch.Program) { SetPropagation(p, Slave) }, `mount("none", "/", 0, MS_REC|MS_SLAVE, 0)`},
		{func(p *launch.Program) { SetPropagation(p, Shared) }, `mount("none", "/", 0, MS_REC|MS_SHARED, 0)`},
		{func(p *launch.Program) { SetPropagation(p, Unchanged) }, ""},
		{func(p *launch.Program) { TimeOffsets(p, Offsets{Boottime: time.Second}) }, `write(file, "boottime 1 0\n", 13)`},
	} {
		got := steps(c.f)
		rest := got
		for _, part := range strings.Split(c.want, "\n") {
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Errorf("%s\nmisses %s", got, part)
			}
			rest = after
		}
		if c.want == "" && got != "" {
			t.Errorf("steps where there is nothing to do: %s", got)
		}
	}
}

func TestParsePropagation(t *testing.T) {
	for _, g := range []Propagation{Private, Slave, Shared, Unchanged} {
		if got, err := ParsePropagation(g.String()); err != nil || got != g {
			t.Errorf("%v: %v, %v", g, got, err)
		}
	}
	for _, text := range []string{"", "Private", "rprivate", "unbindable", "private "} {
		if g, err := ParsePropagation(text); err == nil {
			t.Errorf("%q is %v", text, g)
		}
	}
}

// inside runs a shell script as PID 1 of its namespace, after the steps of f.
func inside(t *testing.T, f func(*launch.Program), script string) string {
	t.Helper()
	p := launch.New(3)
	p.Process("outer")
	p.Begin()
	Unshare(p, SetOf(User))
	for _, file := range [][2]string{{"setgroups", "deny"}, {"uid_map", fmt.Sprintf("0 %d 1", os.Getuid())}, {"gid_map", fmt.Sprintf("0 %d 1", os.Getgid())}} {
		p.Doing("write " + file[0])
		writeFile(p, "/proc/self/"+file[0], file[1])
	}
	f(p)
	init := p.Label("init")
	p.ForkInit(init, PID.Flag())
	p.Supervise(true)
	p.Here(init)
	p.BeginInit()
	p.Exec("sh", []string{"/bin/sh"}, launch.Strings([]string{"sh", "-c", script}), launch.Strings([]string{"PATH=/usr/sbin:/sbin:/usr/bin:/bin"}))
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
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if state, err := process.Wait(); err != nil || state.Status != 0 {
		t.Errorf("%s: %v, %#x: %s", script, err, state.Status, out)
	}
	return string(out)
}

func TestEffect(t *testing.T) {
	for _, c := range []struct {
		f      func(*launch.Program)
		script string
		want   string
	}{
		{func(p *launch.Program) { Unshare(p, SetOf(UTS)); Hostname(p, "inside"); Domainname(p, "domain") },
			"cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname", "inside\ndomain\n"},
		{func(p *launch.Program) { Unshare(p, SetOf(Network)) }, "cut -d' ' -f1-3 /proc/net/fib_trie; echo end", "end\n"},
		{func(p *launch.Program) { OpenLimits(p).Set(p, Counts{PID: 1, UTS: 7}) }, "cd /proc/sys/user && grep . max_*_namespaces",
			"max_cgroup_namespaces:0\nmax_ipc_namespaces:0\nmax_mnt_namespaces:0\nmax_net_namespaces:0\nmax_pid_namespaces:1\nmax_time_namespaces:0\n" +
				"max_user_namespaces:0\nmax_uts_namespaces:7\n"},
		{func(p *launch.Program) { Unshare(p, SetOf(Time)); TimeOffsets(p, Offsets{Boottime: 1e6 * time.Second}) },
			"cat /proc/self/timens_offsets", "monotonic           0         0\nboottime      1000000         0\n"},
	} {
		if got := inside(t, c.f, c.script); got != c.want {
			t.Errorf("%s: %q, want %q", c.script, got, c.want)
		}
	}
	up := inside(t, func(p *launch.Program) { Unshare(p, SetOf(Network)); LoopbackUp(p) }, "grep -c 127.0.0.1 /proc/net/fib_trie; true")
	if strings.TrimSpace(up) == "0" {
		t.Errorf("the loopback interface has no address")
	}
	host, err := os.Hostname()
	if err != nil || host == "inside" {
		t.Errorf("the caller's host name is %q, %v", host, err)
	}
}

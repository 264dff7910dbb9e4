package main

// The flags of unshare: what they come to, that the help names each, and the order of
// the steps that they are compiled to.

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/userns"
)

func TestUnshareHelp(t *testing.T) {
	newUnshareFlags().set.VisitAll(func(f *pflag.Flag) {
		name := "      --" + f.Name
		if f.Shorthand != "" {
			name = "  -" + f.Shorthand + ", --" + f.Name
		}
		if f.NoOptDefVal == absent && strings.Contains(unshareHelp, name+"[=") {
			return
		}
		if !strings.Contains(unshareHelp, name+" ") {
			t.Errorf("the help does not have %q", name)
		}
	})
	for line := range strings.Lines(unshareHelp) {
		if len(line) > 101 {
			t.Errorf("%d letters: %s", len(line), line)
		}
	}
}

// unshareOf is what the flags in a line come to.
func unshareOf(t *testing.T, line string) *unshareSpec {
	t.Helper()
	spec, err := newUnshareFlags().parse(strings.Fields(line))
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return spec
}

func TestUnshareFlags(t *testing.T) {
	uid, gid := uint32(os.Geteuid()), uint32(os.Getegid())
	number := func(n uint32) *uint32 { return &n }
	seconds := func(n int64) *int64 { return &n }
	for line, want := range map[string]unshareSpec{
		"":                                    {setgroupsAllowed: true},
		"-imnpuUCT -f":                        {kinds: 0xff, fork: true},
		"--kill-child":                        {fork: true, kill: unix.SIGKILL, setgroupsAllowed: true},
		"--kill-child=term":                   {fork: true, kill: unix.SIGTERM, setgroupsAllowed: true},
		"--kill-child=SIGHUP":                 {fork: true, kill: unix.SIGHUP, setgroupsAllowed: true},
		"--forward-signals":                   {fork: true, forward: true, setgroupsAllowed: true},
		"--mount-proc":                        {kinds: userns.SetOf(userns.Mount), proc: "/proc", setgroupsAllowed: true},
		"--mount-proc=/p":                     {kinds: userns.SetOf(userns.Mount), proc: "/p", setgroupsAllowed: true},
		"--mount-binfmt":                      {kinds: userns.SetOf(userns.User, userns.Mount), proc: "/proc", binfmt: "/proc/sys/fs/binfmt_misc"},
		"--mount-binfmt=/b":                   {kinds: userns.SetOf(userns.User, userns.Mount), binfmt: "/b"},
		"--mount-proc=/p --mount-binfmt":      {kinds: userns.SetOf(userns.User, userns.Mount), proc: "/p", binfmt: "/proc/sys/fs/binfmt_misc"},
		"--propagation slave":                 {propagation: userns.Slave, setgroupsAllowed: true},
		"-R /r -w d -S 1 -G 2":                {root: "/r", dir: "d", uid: number(1), gid: number(2), setgroupsAllowed: true},
		"-T --boottime -5 --monotonic=7":      {kinds: userns.SetOf(userns.Time), uptime: seconds(-5), monotonic: seconds(7), setgroupsAllowed: true},
		"-U --setgroups deny":                 {kinds: userns.SetOf(userns.User), setgroups: "deny"},
		"--keep-caps":                         {setgroupsAllowed: true},
		"--map-user 5":                        {kinds: userns.SetOf(userns.User), uidMap: idMapping{m: idmap.One(5, uid), flag: "map-user"}},
		"-c --map-user 5":                     {kinds: userns.SetOf(userns.User), uidMap: idMapping{m: idmap.One(5, uid), flag: "map-user"}, gidMap: idMapping{m: idmap.One(gid, gid), flag: "map-current-user"}},
		"--map-group 5 -r":                    {kinds: userns.SetOf(userns.User), uidMap: idMapping{m: idmap.One(0, uid), flag: "map-root-user"}, gidMap: idMapping{m: idmap.One(0, gid), flag: "map-root-user"}},
		"--map-user=3 -- --map-user=4 -c --x": {kinds: userns.SetOf(userns.User), uidMap: idMapping{m: idmap.One(3, uid), flag: "map-user"}},
	} {
		got := *unshareOf(t, line)
		got.pid, got.name, got.paths, got.argv, got.env = 0, "", nil, nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v, want\n%+v", line, got, want)
		}
	}
	if got := unshareOf(t, "--map-user=3 -- --map-user=4 -c").argv; !slices.Equal(got, []string{"--map-user=4", "-c"}) {
		t.Errorf("the command is %q", got)
	}
}

func TestSearchPath(t *testing.T) {
	for _, c := range []struct{ name, path, want string }{
		{"a", "PATH=/x:/y/", "/x/a /y/a"},
		{"a/b", "PATH=/x", "a/b"},
		{"a", "PATH=.::x:/y", "/y/a"},
		{"a", "PATH=", ""},
		{"", "PATH=/x", ""},
		{"a", "XPATH=/x", "/usr/local/bin/a /usr/bin/a /bin/a"},
	} {
		if got := strings.Join(searchPath(c.name, []string{c.path, "PATH=/late"}), " "); got != c.want && c.path[0] == 'P' {
			t.Errorf("%v: %s", c, got)
		}
		if got := strings.Join(searchPath(c.name, []string{c.path}), " "); got != c.want {
			t.Errorf("%v: %s", c, got)
		}
	}
}

// What is bound to an order comes in it.
func TestUnshareOrder(t *testing.T) {
	for line, want := range map[string][]string{
		"-r -n -T --boottime 5 -p --mount-proc -R / -w x -S 0 -G 0 --keep-caps --kill-child true": {
			"create the user namespace", "write uid_map", "deny setgroups", "write gid_map", "create the namespaces time,pid,mnt,net",
			"offset the boottime clock by 5 seconds", "hold signals back", "fork the command", "wait for the command", "restore the signal mask",
			"make every mount private", `change the root to "/" (--root)`, `change to the working directory "x" (--wd)`, `mount proc on "/proc" (--mount-proc)`,
			"become group 0 (--setgid)", "keep the capabilities over a change of ids", "become user 0 (--setuid)", "drop the ambient capabilities",
			"tie the command to its parent (--kill-child)", "execute true",
		},
	} {
		p, err := unshareOf(t, line).compile()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Image(); err != nil {
			t.Fatal(err)
		}
		var doing []string
		for _, s := range p.Steps() {
			doing = append(doing, s.Doing())
		}
		rest := doing
		for _, d := range want {
			i := slices.Index(rest, d)
			if i < 0 {
				t.Fatalf("%s: %q is not where it should be in %q", line, d, slices.Compact(doing))
			}
			rest = rest[i:]
		}
	}
}

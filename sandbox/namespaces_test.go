package sandbox

// Each field of a policy, seen from inside a sandbox that has it.

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/userns"
)

func TestPolicyInside(t *testing.T) {
	uid, gid := os.Getuid(), os.Getgid()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	const ids = "echo $(id -u) $(id -g); cat /proc/self/uid_map /proc/self/gid_map; cat /proc/self/setgroups"
	const sets = `grep ^Cap /proc/self/status | cut -f2`
	for _, c := range []struct {
		name   string
		policy func(*Policy)
		script string
		want   string
	}{
		{"own ids", func(p *Policy) {}, ids, fmt.Sprintf("%d %d %d %d 1 %d %d 1 deny", uid, gid, uid, uid, gid, gid)},
		{"root", func(p *Policy) { p.UID, p.GID = ID(0), ID(0) }, ids, fmt.Sprintf("0 0 0 %d 1 0 %d 1 deny", uid, gid)},
		{"others", func(p *Policy) { p.UID, p.GID = ID(7), ID(1<<32-2) }, ids,
			fmt.Sprintf("7 4294967294 7 %d 1 4294967294 %d 1 deny", uid, gid)},
		{"no capabilities", func(p *Policy) { p.UID = ID(0) }, sets, strings.Repeat("0000000000000000 ", 5)},
		{"one capability", func(p *Policy) { p.Capabilities = caps.None.With(unix.CAP_NET_ADMIN) }, sets, strings.Repeat("0000000000001000 ", 5)},
		{"and as root", func(p *Policy) { p.UID, p.Capabilities = ID(0), caps.None.With(unix.CAP_KILL, unix.CAP_CHOWN) }, sets,
			strings.Repeat("0000000000000021 ", 5)},
		{"no new privileges", func(p *Policy) {}, "grep ^NoNewPrivs /proc/self/status", "NoNewPrivs: 1"},
		{"caller's host name", func(p *Policy) {}, "uname -n", host},
		{"host name", func(p *Policy) { p.Hostname, p.Domainname = "inside", "domain" }, "uname -n; cat /proc/sys/kernel/domainname", "inside domain"},
		{"init", func(p *Policy) {}, "echo $$; cut -d' ' -f1 /proc/1/stat", "2 1"},
		{"command is init", func(p *Policy) { p.CommandIsInit = true }, "echo $$", "1"},
		{"no user namespaces", func(p *Policy) {}, "unshare -U true 2>/dev/null || echo refused", "refused"},
		{"user namespaces", func(p *Policy) { p.UserNamespaces = true }, "unshare -U true && echo made", "made"},
		{"loopback only", func(p *Policy) {}, `tail -n +3 /proc/net/dev | cut -d: -f1; unshare -n true 2>/dev/null || echo refused`, "lo refused"},
	} {
		cmd := sh(c.script)
		c.policy(&cmd.Policy)
		if got := strings.Join(strings.Fields(output(t, cmd)), " "); got != strings.TrimSpace(c.want) {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

// Every namespace is the sandbox's own, but those that are shared.
func TestShare(t *testing.T) {
	all := []userns.Kind{userns.User, userns.Mount, userns.PID, userns.UTS, userns.IPC, userns.Network, userns.Cgroup, userns.Time}
	for _, share := range []userns.Set{0, userns.SetOf(userns.Network), userns.SetOf(userns.IPC, userns.UTS), shareable} {
		for _, clocks := range []time.Duration{0, time.Hour} {
			c := sh(`for n; do readlink /proc/self/ns/$n; done`)
			var outside []string
			for _, k := range all {
				c.Args = append(c.Args, k.String())
				name, err := os.Readlink("/proc/self/ns/" + k.String())
				if err != nil {
					t.Fatal(err)
				}
				outside = append(outside, name)
			}
			c.Policy.Share, c.Policy.Clocks.Boottime = share, clocks
			inside := strings.Fields(output(t, c))
			if len(inside) != len(all) {
				t.Fatalf("%q", inside)
			}
			for i, k := range all {
				same := share.Has(k) || k == userns.Time && clocks == 0
				if (inside[i] == outside[i]) != same {
					t.Errorf("sharing %v, clocks %v: %s inside, %s outside", share, clocks, inside[i], outside[i])
				}
			}
		}
	}
}

func TestClocks(t *testing.T) {
	boot := func(c *Cmd) time.Duration {
		var seconds float64
		fmt.Sscan(output(t, c), &seconds)
		return time.Duration(seconds * float64(time.Second))
	}
	c := Command("cat", "/proc/uptime")
	c.Policy.Clocks = userns.Offsets{Boottime: 1000 * time.Hour, Monotonic: -time.Second}
	before := boot(Command("cat", "/proc/uptime"))
	if moved := boot(c) - before; moved < 1000*time.Hour || moved > 1001*time.Hour {
		t.Errorf("the boot-time clock is moved by %v", moved)
	}
}

// Ranges of ids, as far as the caller has been given some.
func TestIDMaps(t *testing.T) {
	for _, k := range []idmap.Kind{idmap.UID, idmap.GID} {
		m, err := AutoMap(k)
		if os.Geteuid() == 0 {
			m, err = idmap.Map{{Inside: 0, Outside: 0, Count: 1}, {Inside: 1, Outside: 100000, Count: 1000}}, nil
		} else if err != nil {
			t.Skipf("skip: user %d has no subordinate ids: %v", os.Geteuid(), err)
		}
		c := sh("echo $(id -u) $(id -g); cat /proc/self/" + k.String() + "_map")
		c.Policy.Files = SystemPolicy().Files
		want := fmt.Sprintf("0 %d ", os.Getgid())
		c.Policy.UIDMap = m
		if k == idmap.GID {
			c.Policy.UIDMap, c.Policy.GIDMap = nil, m
			want = fmt.Sprintf("%d 0 ", os.Getuid())
		}
		for _, r := range m {
			want += fmt.Sprintf("%d %d %d ", r.Inside, r.Outside, r.Count)
		}
		if got := strings.Join(strings.Fields(output(t, c)), " ") + " "; got != want {
			t.Errorf("%v: %s, want %s", k, got, want)
		}
	}
}

// For a caller that is root, the sandbox is somebody else outside; nobody else may.
func TestAs(t *testing.T) {
	if os.Geteuid() != 0 {
		c := Command("true")
		c.Policy.As = &Credential{12345, 54321}
		if err := c.Run(); !isField("As")(err) {
			t.Errorf("by another user: %v", err)
		}
		return
	}
	dir := t.TempDir()
	for _, d := range []string{dir, dir + "/.."} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	open := dir + "/open"
	if err := os.Mkdir(open, 0o777); err != nil || os.Chmod(open, 0o777) != nil {
		t.Fatal(err)
	}
	write(t, open+"/secret", "", 0o600)
	policy, err := BuildPolicy(open)
	if err != nil {
		t.Fatal(err)
	}
	c := sh("id -u; id -g; id -G; touch new; cat secret 2>/dev/null || echo denied")
	c.Policy = policy
	c.Policy.As = &Credential{12345, 54321}
	if got := strings.Join(strings.Fields(output(t, c)), " "); got != "12345 54321 54321 denied" {
		t.Errorf("inside: %s", got)
	}
	var st unix.Stat_t
	if err := unix.Stat(open+"/new", &st); err != nil || st.Uid != 12345 || st.Gid != 54321 {
		t.Errorf("its file belongs to %d, %d, %v", st.Uid, st.Gid, err)
	}
}

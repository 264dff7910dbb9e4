package sandbox

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/seccomp"
)

// filter compiles a policy that allows all but what rules say.
func filter(t *testing.T, rules ...seccomp.Rule) seccomp.Program {
	t.Helper()
	allow := seccomp.Action{Kind: seccomp.Allow}
	p, err := (&seccomp.Policy{Default: allow, Unknown: allow, Foreign: allow, Rules: rules}).Compile()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func denies(action seccomp.Action, calls ...string) seccomp.Rule {
	return seccomp.Rule{Action: action, Calls: calls}
}

func TestSeccompFilters(t *testing.T) {
	eperm, kill := seccomp.Fails(unix.EPERM), seccomp.Action{}
	for _, x := range []struct {
		name    string
		seccomp Seccomp
		script  string
		want    string
	}{
		{"default", Seccomp{}, "grep Seccomp_f /proc/self/status", "Seccomp_filters:\t1\n"},
		{"off", Seccomp{Off: true}, "grep Seccomp_f /proc/self/status", "Seccomp_filters:\t0\n"},
		{"one more", Seccomp{Filters: []seccomp.Program{filter(t, denies(eperm, "mkdir", "mkdirat"))}}, "grep Seccomp_f /proc/self/status; mkdir /tmp/x || echo denied; touch /tmp/y && chmod 4755 /tmp/y || echo denied too", "Seccomp_filters:\t2\ndenied\ndenied too\n"},
		{"two in its place", Seccomp{Off: true, Filters: []seccomp.Program{filter(t, denies(eperm, "mkdir", "mkdirat")), filter(t, denies(eperm, "rmdir", "unlinkat", "seccomp"))}}, "grep Seccomp_f /proc/self/status; mkdir /tmp/x || echo denied; touch /tmp/y && chmod 4755 /tmp/y && echo allowed", "Seccomp_filters:\t2\ndenied\nallowed\n"},
		{"kills", Seccomp{Filters: []seccomp.Program{filter(t, denies(kill, "mkdir", "mkdirat"))}}, "mkdir /tmp/x; echo $?", "159\n"},
	} {
		t.Run(x.name, func(t *testing.T) {
			for _, enterable := range []bool{false, true} {
				c := sh(x.script)
				c.Policy.Seccomp, c.Enterable = x.seccomp, enterable
				var errOut strings.Builder
				c.Stderr = &errOut
				out, err := c.Output()
				if string(out) != x.want {
					t.Errorf("%q %v %s, want %q", out, err, &errOut, x.want)
				}
			}
		})
	}
}

// A filter under which nothing could be started, or end, is refused before anything is
// done, and says so.
func TestSeccompRefused(t *testing.T) {
	for _, kind := range []seccomp.Action{seccomp.Fails(unix.EPERM), {}, {Kind: seccomp.Trace}, {Kind: seccomp.Notify}, {Kind: seccomp.Trap}} {
		for _, x := range []struct {
			filters   []seccomp.Program
			enterable bool
			want      string
		}{
			{[]seccomp.Program{filter(t, denies(kind, "execve"))}, false, "forbids execve"},
			{[]seccomp.Program{filter(t, denies(kind, "execveat"))}, true, "forbids execveat"},
			{[]seccomp.Program{filter(t), filter(t, denies(kind, "execve"))}, false, "forbids execve"},
			{[]seccomp.Program{filter(t, denies(kind, "seccomp")), filter(t)}, false, "forbids seccomp"},
			{[]seccomp.Program{{}}, false, "of 0 instructions"},
			{[]seccomp.Program{{{Code: 0x15}}}, false, "instruction 0"},
		} {
			c := sh("echo ran")
			c.Policy.Seccomp.Filters, c.Enterable = x.filters, x.enterable
			out, err := c.Output()
			var wrong *PolicyError
			if !errors.As(err, &wrong) || wrong.Field != "Seccomp" || !strings.Contains(err.Error(), x.want) || len(out) > 0 {
				t.Errorf("%v: %q %v, want %s", kind, out, err, x.want)
			}
		}
	}
	for _, kind := range []seccomp.Action{seccomp.Fails(unix.EPERM), {Kind: seccomp.Trace}, {Kind: seccomp.Notify}} {
		c := sh("echo ran")
		c.Policy.Seccomp.Filters = []seccomp.Program{filter(t, denies(kind, "exit_group"))}
		if err := c.Run(); err == nil || !strings.Contains(err.Error(), "lets exit_group fail") {
			t.Errorf("%v: %v", kind, err)
		}
	}
	for _, code := range []uint64{125, 126, 127} { // with which a start ends that fails
		c := Command("nonexistent")
		rule := denies(seccomp.Fails(unix.EPERM), "exit_group")
		rule.When = []seccomp.Condition{{Arg: 0, Value: code}}
		c.Policy.Seccomp.Filters = []seccomp.Program{filter(t, rule)}
		stop := time.AfterFunc(2*time.Minute, func() { panic("it hangs") })
		if err := c.Run(); err == nil || !strings.Contains(err.Error(), "lets exit_group fail") {
			t.Errorf("%d: %v", code, err)
		}
		stop.Stop()
	}
	for _, s := range []Seccomp{{Allow: []string{"nothing"}}, {Off: true, Allow: []string{"perf"}}} {
		c := sh("echo ran")
		c.Policy.Seccomp = s
		var wrong *PolicyError
		if err := c.Run(); !errors.As(err, &wrong) || wrong.Field != "Seccomp" {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// A filter may forbid what tells of a failure: then the launch ends all the same.
func TestSeccompFailsSilently(t *testing.T) {
	for _, action := range []seccomp.Action{seccomp.Fails(unix.EPERM), {}} {
		c := Command("nonexistent")
		c.Policy.Seccomp.Filters = []seccomp.Program{filter(t, denies(action, "write", "sendto", "sendmsg", "writev"))}
		defer time.AfterFunc(2*time.Minute, func() { panic("it hangs") }).Stop()
		if err := c.Run(); err == nil {
			t.Error("it worked")
		}
	}
}

// What is asked for opens what it would be useless without.
func TestSeccompOpened(t *testing.T) {
	for _, x := range []struct {
		policy Policy
		want   []string
	}{
		{Policy{}, nil},
		{Policy{UserNamespaces: true, Seccomp: Seccomp{Allow: []string{"perf"}}}, []string{"perf", "userns"}},
		{Policy{Capabilities: caps.None.With(unix.CAP_SYS_ADMIN)}, []string{"namespaces", "mount"}},
		{Policy{Capabilities: caps.None.With(unix.CAP_CHOWN)}, nil},
		{Policy{Capabilities: everyCapability}, []string{"namespaces", "mount", "chroot", "packet", "packet", "perf", "bpf", "handles", "setuid"}},
	} {
		if got := x.policy.opened(); !slices.Equal(got, x.want) {
			t.Errorf("%v, want %v", got, x.want)
		}
		if _, err := x.policy.filters(false); err != nil {
			t.Error(err)
		}
	}
}

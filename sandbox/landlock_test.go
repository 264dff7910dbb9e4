package sandbox

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/landlock"
	"github.com/usandbox/usandbox/mounts"
)

func landlockPlan(t *testing.T, p Policy) (string, error) {
	t.Helper()
	program, err := (&Cmd{Args: []string{"true"}, Policy: p}).Plan()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, s := range program.Steps() {
		b.WriteString(s.String() + "\n")
	}
	return b.String(), nil
}

// The domain is made once, after the last mount and before the fork; by the ABI it has what
// it can have.
func TestLandlockOrder(t *testing.T) {
	for _, x := range []struct {
		name          string
		policy        Policy
		has, hasNot   []string
		after, before string
	}{
		{"all", Policy{Landlock: Landlock{ABI: 7}}, []string{"{files 0xffff tcp 0x0 scoped 0x3}", "LOG_SUBDOMAINS_OFF"}, nil, "umount2(", "PR_CAPBSET_DROP"},
		{"ABI 5", Policy{Landlock: Landlock{ABI: 5}}, []string{"{files 0xffff tcp 0x0 scoped 0x0}, 8"}, nil, "umount2(", "PR_CAPBSET_DROP"},
		{"ABI 1", Policy{Landlock: Landlock{ABI: 1}}, nil, []string{"landlock"}, "", ""},
		{"none", Policy{Landlock: Landlock{Mode: LandlockNone}}, nil, []string{"landlock"}, "", ""},
		{"user namespaces", Policy{UserNamespaces: true, Landlock: Landlock{ABI: 7}}, []string{"{files 0x0 tcp 0x0 scoped 0x3}"}, []string{"PATH_BENEATH"}, "umount2(", "PR_CAPBSET_DROP"},
		{"CAP_SYS_ADMIN", Policy{Files: []mounts.Entry{mounts.Proc{Target: "/proc"}}, Capabilities: caps.None.With(unix.CAP_SYS_ADMIN), Landlock: Landlock{ABI: 7}},
			[]string{"{files 0x0 tcp 0x0 scoped 0x3}"}, []string{"PATH_BENEATH"}, "umount2(", "clone("},
		{"command is init", Policy{CommandIsInit: true, Landlock: Landlock{ABI: 6}}, []string{"{files 0xffff tcp 0x0 scoped 0x3}"}, []string{"SUBDOMAINS"}, "PR_SET_NO_NEW_PRIVS", "execve("},
	} {
		text, err := landlockPlan(t, x.policy)
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
			continue
		}
		for _, has := range x.has {
			if strings.Count(text, has) != 1 {
				t.Errorf("%s: there is no %s, or several", x.name, has)
			}
		}
		for _, not := range x.hasNot {
			if strings.Contains(text, not) {
				t.Errorf("%s: there is %s", x.name, not)
			}
		}
		at := strings.Index(text, "landlock_restrict_self(")
		if x.after != "" && (at < strings.LastIndex(text[:max(at, 0)], x.after) || !strings.Contains(text[:max(at, 0)], x.after) || !strings.Contains(text[max(at, 0):], x.before)) {
			t.Errorf("%s: the domain is not made after %s and before %s", x.name, x.after, x.before)
		}
		if n := strings.Count(text, "landlock_restrict_self("); n > 1 {
			t.Errorf("%s: %d domains", x.name, n)
		}
	}
}

func TestLandlockRequired(t *testing.T) {
	required := func(abi int) Landlock { return Landlock{Mode: LandlockRequired, ABI: abi} }
	for _, abi := range []int{6, 7} {
		if _, err := landlockPlan(t, Policy{Landlock: required(abi)}); err != nil {
			t.Errorf("ABI %d: %v", abi, err)
		}
	}
	for abi := 1; abi < 6; abi++ {
		_, err := landlockPlan(t, Policy{Landlock: required(abi)})
		var policy *PolicyError
		var lost *LandlockError
		if !errors.As(err, &policy) || policy.Field != "Landlock" || !errors.As(err, &lost) || lost.ABI != abi || len(lost.Lost) == 0 || Hint(err) == "" {
			t.Errorf("ABI %d: %v", abi, err)
		}
	}
	for _, p := range []Policy{
		{UserNamespaces: true, Landlock: required(7)}, {Landlock: required(8)}, {Landlock: required(-1)}, {Landlock: Landlock{Mode: 3}},
	} {
		var policy *PolicyError
		if _, err := landlockPlan(t, p); !errors.As(err, &policy) || policy.Field != "Landlock" {
			t.Errorf("%+v: %v", p.Landlock, err)
		}
	}
}

func TestLandlockNote(t *testing.T) {
	for want, p := range map[string]Policy{
		"Landlock is not used": {Landlock: Landlock{Mode: LandlockNone}},
		"Landlock ABI 7":       {Landlock: Landlock{ABI: 7}},
		"Landlock ABI 5; this kernel cannot restrict abstract unix sockets, signals":        {Landlock: Landlock{ABI: 5}},
		"Landlock ABI 7, without files, as further user namespaces are allowed":             {UserNamespaces: true, Landlock: Landlock{ABI: 7}},
		"Landlock ABI 1; this kernel cannot restrict files, abstract unix sockets, signals": {Landlock: Landlock{ABI: 1}},
	} {
		if got := (&Cmd{Policy: p}).LandlockNote(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A place gives what it is: nothing is made in a proc, no device node where none works.
func TestLandlockRights(t *testing.T) {
	for want, w := range map[landlock.Rights]mounts.Writable{
		landlock.Write:                         {},
		landlock.Write | landlock.Devices:      {Devices: true},
		landlock.WriteFile | landlock.Truncate: {Fixed: true},
		landlock.OfFile &^ landlock.Read:       {Devices: true, Fixed: true},
	} {
		if got := rights(w); got != want {
			t.Errorf("%+v: %v, want %v", w, got, want)
		}
	}
}

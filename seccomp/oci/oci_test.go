package oci

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/seccomp"
)

// host is one without capabilities.
var host = Host{Arch: seccomp.AMD64, Kernel: [2]int{6, 1}}

func with(caps ...string) Host {
	h := host
	h.HasCapability = func(name string) (bool, error) {
		if !strings.HasPrefix(name, "CAP_") {
			return false, errors.New("no capability")
		}
		return slices.Contains(caps, name), nil
	}
	return h
}

// verdict is what a call gets of a policy, in words.
func verdict(t *testing.T, p *seccomp.Policy, arch seccomp.Arch, name string, args ...uint64) string {
	t.Helper()
	nr, ok := seccomp.Number(arch, name)
	if !ok {
		t.Fatalf("%v has no %s", arch, name)
	}
	call := seccomp.Call{Arch: arch, Number: nr}
	copy(call.Args[:], args)
	a, _ := p.Decide(call)
	return a.String()
}

func TestContainersProfile(t *testing.T) {
	parse := func(h Host) *seccomp.Policy {
		f, err := os.Open("testdata/containers.json")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		p, notes, err := Parse(f, "containers.json", h)
		if err != nil {
			t.Fatal(err)
		}
		// Names of other processors and of no kernel are told, and are few.
		if len(notes.UnknownCalls) > 30 || !slices.IsSorted(notes.UnknownCalls) {
			t.Errorf("unknown calls: %v", notes.UnknownCalls)
		}
		return &p
	}
	plain, admin, audit := parse(host), parse(with("CAP_SYS_ADMIN")), parse(with("CAP_AUDIT_WRITE"))
	for _, c := range []struct {
		of   *seccomp.Policy
		arch seccomp.Arch
		name string
		args []uint64
		want string
	}{
		{plain, seccomp.AMD64, "read", nil, "allow"},
		{plain, seccomp.I386, "read", nil, "allow"},
		{plain, seccomp.X32, "read", nil, "allow"},
		{plain, seccomp.ARM64, "read", nil, "kill"},
		{plain, seccomp.AMD64, "kexec_load", nil, "errno EPERM"},
		{plain, seccomp.AMD64, "cachestat", nil, "errno ENOSYS"}, // not in the profile
		{plain, seccomp.AMD64, "bpf", nil, "errno EPERM"},
		{admin, seccomp.AMD64, "bpf", nil, "allow"},
		{plain, seccomp.AMD64, "setns", nil, "allow"}, // the first rule of two
		{plain, seccomp.AMD64, "perf_event_open", nil, "errno EPERM"},
		{admin, seccomp.AMD64, "perf_event_open", nil, "allow"},
		{plain, seccomp.AMD64, "personality", []uint64{8}, "allow"},
		{plain, seccomp.AMD64, "personality", []uint64{0x20008}, "allow"},
		{plain, seccomp.AMD64, "personality", []uint64{0x40000}, "errno ENOSYS"},
		{plain, seccomp.AMD64, "personality", []uint64{1<<32 | 8}, "errno ENOSYS"}, // 64 bits are compared
		{plain, seccomp.AMD64, "socket", []uint64{16, 3, 9}, "errno EINVAL"},
		{plain, seccomp.AMD64, "socket", []uint64{16, 3, 0}, "allow"},
		{plain, seccomp.AMD64, "socket", []uint64{2, 1, 0}, "allow"},
		{audit, seccomp.AMD64, "socket", []uint64{16, 3, 9}, "allow"},
		{plain, seccomp.AMD64, "arch_prctl", nil, "allow"}, // includes arches amd64
	} {
		if got := verdict(t, c.of, c.arch, c.name, c.args...); got != c.want {
			t.Errorf("%v %s%v: %s, want %s", c.arch, c.name, c.args, got, c.want)
		}
	}
	if a, _ := plain.Decide(seccomp.Call{Arch: seccomp.AMD64, Number: 5000}); a.String() != "errno ENOSYS" {
		t.Errorf("a number that nobody knows: %v", a)
	}
}

// small parses a profile with a default of errno 5 and the given entries.
func small(t *testing.T, h Host, entries string) *seccomp.Policy {
	t.Helper()
	p, _, err := Parse(strings.NewReader(`{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 5, "syscalls": [`+entries+`]}`), "f", h)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

// What libseccomp 2.5.4 makes of the same rules, as it prints them itself.
func TestUnconditionalWins(t *testing.T) {
	const conditional = `{"names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": 7, "args": [{"index": 0, "value": 16, "valueTwo": 16, "op": "SCMP_CMP_MASKED_EQ"}]}`
	const allow = `{"names": ["clone"], "action": "SCMP_ACT_ALLOW"}`
	const refuse = `{"name": "clone", "action": "SCMP_ACT_ERRNO", "errnoRet": 9}`
	for _, c := range []struct{ entries, want string }{
		{conditional + "," + allow, "allow"},
		{allow + "," + conditional, "allow"},
		{conditional + "," + refuse, "errno EBADF"},
		{allow + "," + refuse, "allow"},
		{refuse + "," + allow, "errno EBADF"},
		{conditional, "errno E2BIG"},
	} {
		if got := verdict(t, small(t, host, c.entries), seccomp.AMD64, "clone", 16); got != c.want {
			t.Errorf("%s: %s, want %s", c.entries, got, c.want)
		}
	}
}

func TestArguments(t *testing.T) {
	one := func(args string) *seccomp.Policy {
		return small(t, host, `{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [`+args+`]}`)
	}
	arg := func(index, op, value, two string) string {
		return `{"index": ` + index + `, "value": ` + value + `, "valueTwo": ` + two + `, "op": "SCMP_CMP_` + op + `"}`
	}
	for _, c := range []struct {
		args string
		a, b uint64
		want bool
	}{
		{arg("0", "EQ", "4294967297", "0"), 1<<32 | 1, 0, true},
		{arg("0", "EQ", "1", "0"), 1<<32 | 1, 0, false},
		{arg("0", "NE", "1", "0"), 1<<32 | 1, 0, true},
		{arg("0", "LT", "2", "0"), 1, 0, true},
		{arg("0", "LT", "2", "0"), 1 << 32, 0, false},
		{arg("0", "LE", "2", "0"), 2, 0, true},
		{arg("0", "GT", "2", "0"), 2, 0, false},
		{arg("0", "GE", "18446744073709551615", "0"), 1<<64 - 1, 0, true},
		{arg("0", "MASKED_EQ", "2114060288", "0"), 0x10000000, 0, false},
		{arg("0", "MASKED_EQ", "2114060288", "0"), 0x11, 0, true},
		{arg("0", "MASKED_EQ", "1", "2"), 2, 0, true}, // the mask is the value's, too
		{arg("0", "MASKED_EQ", "1", "2"), 3, 0, false},
		{arg("0", "MASKED_EQ", "2114060288", "1"), 0x11, 0, true},
		{arg("0", "MASKED_EQ", "0", "0"), 99, 0, true}, // is always
		{arg("0", "EQ", "1", "0") + "," + arg("1", "EQ", "2", "0"), 1, 2, true},
		{arg("0", "EQ", "1", "0") + "," + arg("1", "EQ", "2", "0"), 1, 3, false},
		// Two on one argument: each is a rule of its own, the third one too.
		{arg("0", "EQ", "1", "0") + "," + arg("0", "EQ", "2", "0") + "," + arg("1", "EQ", "3", "0"), 2, 0, true},
		{arg("0", "EQ", "1", "0") + "," + arg("0", "EQ", "2", "0") + "," + arg("1", "EQ", "3", "0"), 9, 3, true},
		{arg("0", "EQ", "1", "0") + "," + arg("0", "EQ", "2", "0") + "," + arg("1", "EQ", "3", "0"), 9, 9, false},
	} {
		want := "errno EIO"
		if c.want {
			want = "allow"
		}
		if got := verdict(t, one(c.args), seccomp.AMD64, "clone", c.a, c.b); got != want {
			t.Errorf("%s of %#x, %#x: %s, want %s", c.args, c.a, c.b, got, want)
		}
	}
}

func TestDependence(t *testing.T) {
	for _, c := range []struct {
		fields string
		h      Host
		want   string
	}{
		{`"includes": {}`, host, "allow"},
		{`"includes": {"caps": ["CAP_BPF"]}`, host, "errno EIO"},
		{`"includes": {"caps": ["CAP_BPF"]}`, with("CAP_BPF"), "allow"},
		{`"includes": {"caps": ["CAP_BPF", "CAP_KILL"]}`, with("CAP_BPF"), "errno EIO"},
		{`"excludes": {"caps": ["CAP_BPF", "CAP_KILL"]}`, with("CAP_BPF"), "errno EIO"},
		{`"excludes": {"caps": ["CAP_BPF"]}`, host, "allow"},
		{`"includes": {"arches": ["arm", "arm64"]}`, host, "errno EIO"},
		{`"includes": {"arches": ["amd64", "x32"]}`, host, "allow"},
		{`"excludes": {"arches": ["amd64"]}`, host, "errno EIO"},
		{`"includes": {"minKernel": "4.8"}`, host, "allow"},
		{`"includes": {"minKernel": "6.1"}`, host, "allow"},
		{`"includes": {"minKernel": "6.2"}`, host, "errno EIO"},
		{`"includes": {"minKernel": "7.0"}`, host, "errno EIO"},
		{`"excludes": {"minKernel": "4.8"}`, host, "errno EIO"},
		{`"excludes": {"minKernel": "6.10"}`, host, "allow"},
	} {
		p := small(t, c.h, `{"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", `+c.fields+`}`)
		if got := verdict(t, p, seccomp.AMD64, "ptrace"); got != c.want {
			t.Errorf("%s: %s, want %s", c.fields, got, c.want)
		}
	}
}

func TestUnknownNumbers(t *testing.T) {
	for def, want := range map[string]string{
		"ALLOW": "errno ENOSYS", "LOG": "errno ENOSYS", "ERRNO": "errno ENOSYS", "TRACE": "errno ENOSYS",
		"KILL": "kill-thread", "KILL_PROCESS": "kill", "TRAP": "trap",
	} {
		p, _, err := Parse(strings.NewReader(`{"defaultAction": "SCMP_ACT_`+def+`"}`), "f", host)
		if err != nil || p.Unknown.String() != want || p.Foreign.Kind != seccomp.KillProcess {
			t.Errorf("default %s: %v, %v; want %s", def, p.Unknown, err, want)
		}
	}
}

func TestNotes(t *testing.T) {
	_, notes, err := Parse(strings.NewReader(`{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"],
		"syscalls": [{"names": ["zz", "read", "aa", "zz"], "action": "SCMP_ACT_TRAP"}]}`), "f", host)
	if err != nil || !slices.Equal(notes.UnknownCalls, []string{"aa", "zz"}) || !slices.Equal(notes.Flags, []string{"SECCOMP_FILTER_FLAG_LOG"}) {
		t.Errorf("%+v, %v", notes, err)
	}
}

func TestRefused(t *testing.T) {
	entry := func(fields string) string {
		return `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_TRAP"` + fields + `}]}`
	}
	for _, c := range []struct{ text, want string }{
		{"", "EOF"},
		{"[]", "cannot unmarshal array"},
		{"{}", "defaultAction is missing"},
		{`{"defaultAction": "SCMP_ACT_ALLOW"} x`, "something follows"},
		{`{"defaultAction": "SCMP_ACT_ALLOW"} {}`, "something follows"},
		{`{"defaultAction": "ALLOW"}`, `"ALLOW" is no action`},
		{`{"defaultAction": "SCMP_ACT_NOTIFY"}`, "nobody here to answer"},
		{`{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096}`, "errnoRet 4096"},
		{`{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": -1}`, "line 1: json"},
		{`{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/x"}`, "listenerPath"},
		{`{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["X"]}`, `"X" is no flag`},
		{`{"defaultAction": "SCMP_ACT_ALLOW", "linux": {}}`, `unknown field "linux"`},
		{`{"defaultAction": "SCMP_ACT_ALLOW", "DefaultAction": "SCMP_ACT_KILL"}`, "twice"},
		{`{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["x86"]}`, `"x86" is no architecture`},
		{`{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"], "archMap": [{"architecture": "SCMP_ARCH_X86_64"}]}`, "exclude each other"},
		{entry(`, "name": "write"`), "syscalls[0]: name and names"},
		{entry(`, "errnoRet": 1`), "errnoRet with SCMP_ACT_TRAP"},
		{entry(`, "when": 1`), `unknown field "when"`},
		{entry(`, "args": [{"index": 6, "op": "SCMP_CMP_EQ"}]`), "args[0]: index 6"},
		{entry(`, "args": [{"index": 0, "op": "EQ"}]`), `"EQ" is no comparison`},
		{entry(`, "args": [{"index": 0, "valueTwo": 1, "op": "SCMP_CMP_EQ"}]`), "valueTwo with"},
		{entry(`, "args": [{"index": 0, "value": 1, "value": 2, "op": "SCMP_CMP_EQ"}]`), `"value" is there twice`},
		{entry(`, "includes": {"minKernel": "new"}`), `"new" is no version`},
		{entry(`, "includes": {"caps": ["SYS_ADMIN"]}`), "no capability"},
		{entry(`, "includes": {"users": []}`), `unknown field "users"`},
		{`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_TRAP"}]}`, "no names"},
		{`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["@mount"], "action": "SCMP_ACT_TRAP"}]}`, "no name of a system call"},
		{`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [""], "action": "SCMP_ACT_TRAP"}]}`, "no name of a system call"},
		{`{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [` + strings.Repeat(`{},`, 4096) + `{}]}`, "more than 4096 entries"},
		{strings.Repeat(" ", 1<<20+1), "more than 1048576 bytes"},
		{strings.Repeat("[", 100), "in one another"},
		{"{\n\n\"defaultAction\": x", "line 3"},
	} {
		_, _, err := Parse(strings.NewReader(c.text), "f", with())
		if err == nil || !strings.HasPrefix(err.Error(), "f: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80q: %v; want %q", c.text, err, c.want)
		}
	}
}

func TestParseKernel(t *testing.T) {
	for release, want := range map[string][2]int{"6.1": {6, 1}, "6.18.5": {6, 18}, "5.10-rc1": {5, 10}, "4.8.0-52-generic": {4, 8}} {
		if got, err := ParseKernel(release); err != nil || got != want {
			t.Errorf("%s: %v, %v", release, got, err)
		}
	}
	for _, release := range []string{"", "6", "6.", "x.1", "6.x", "99999.1", "-1.2"} {
		if _, err := ParseKernel(release); err == nil {
			t.Errorf("%q is read", release)
		}
	}
}

// A profile that is read is a policy that prints as a text that is read.
func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("testdata/containers.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add(`{"defaultAction": "SCMP_ACT_TRACE", "defaultErrnoRet": 3, "architectures": ["SCMP_ARCH_X86", "SCMP_ARCH_NATIVE"], "syscalls": [
		{"name": "clone", "action": "SCMP_ACT_LOG", "args": [{"index": 1, "value": 3, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, _, err := Parse(strings.NewReader(text), "f", with("CAP_KILL"))
		if err != nil {
			return
		}
		if _, err := seccomp.ParseText(strings.NewReader(p.String()), "t"); err != nil {
			t.Fatalf("%v\n%s", err, p.String())
		}
	})
}

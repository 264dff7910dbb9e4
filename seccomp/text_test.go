package seccomp

import (
	"errors"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
)

const sample = `# what a build needs
default allow
unknown errno ENOSYS
foreign kill
arch amd64 i386
errno EPERM  @mount setns pivot_root
errno EPERM  unshare clone when arg0:32 & CLONE_NEWUSER|CLONE_NEWNS != 0  # namespaces
errno EAFNOSUPPORT socket \
    when arg0:32 == AF_NETLINK and arg2:64 > 0x10 \
    opens sockets
trap 7 ptrace
kill-thread ioctl when arg1:32 == TIOCSTI
log  personality
trace 0x10 open
`

func TestParseText(t *testing.T) {
	got, err := ParseText(strings.NewReader(sample), "a.filter")
	if err != nil {
		t.Fatal(err)
	}
	want := Policy{
		Default: Action{Kind: Allow},
		Unknown: Action{Errno, 38},
		Arches:  []Arch{AMD64, I386},
		Rules: []Rule{
			{Action: Action{Errno, 1}, Calls: []string{"@mount", "setns", "pivot_root"}, Origin: "a.filter:6"},
			{Action: Action{Errno, 1}, Calls: []string{"unshare", "clone"}, Origin: "a.filter:7",
				When: []Condition{{Mask: 0x10020000, Op: NotEqual}}},
			{Action: Action{Errno, 97}, Calls: []string{"socket"}, Origin: "a.filter:8", Opens: "sockets",
				When: []Condition{{Value: 16}, {Arg: 2, Op: Greater, Value: 16, Wide: true}}},
			{Action: Action{Trap, 7}, Calls: []string{"ptrace"}, Origin: "a.filter:11"},
			{Action: Action{Kind: KillThread}, Calls: []string{"ioctl"}, Origin: "a.filter:12",
				When: []Condition{{Arg: 1, Value: 0x5412}}},
			{Action: Action{Kind: Log}, Calls: []string{"personality"}, Origin: "a.filter:13"},
			{Action: Action{Trace, 16}, Calls: []string{"open"}, Origin: "a.filter:14"},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestTextDefaults(t *testing.T) {
	p, err := ParseText(strings.NewReader("default log\n"), "f")
	if err != nil {
		t.Fatal(err)
	}
	if want := (Policy{Default: Action{Kind: Log}, Unknown: Action{Errno, 38}}); !reflect.DeepEqual(p, want) {
		t.Errorf("%+v, want %+v", p, want)
	}
}

func TestPrintText(t *testing.T) {
	p, err := ParseText(strings.NewReader(sample), "a.filter")
	if err != nil {
		t.Fatal(err)
	}
	const want = `default allow
unknown errno ENOSYS
foreign kill
arch amd64 i386
errno EPERM @mount setns pivot_root
errno EPERM unshare clone when arg0:32 & CLONE_NEWUSER|CLONE_NEWNS != 0
errno EAFNOSUPPORT socket when arg0:32 == AF_NETLINK and arg2:64 > 16 opens sockets
trap 7 ptrace
kill-thread ioctl when arg1:32 == TIOCSTI
log personality
trace 16 open
`
	if got := p.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Each text is wrong in its last line, and the error has to say so.
func TestParseTextErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "f: no line says what a call gets that no rule decides"},
		{"errno EPERM mount", "f: no line says"},
		{"default", "f:1: an action is missing"},
		{"default allow deny", `f:1: "deny" after default: one action is wanted`},
		{"default allow\ndefault allow", "f:2: default is there twice"},
		{"default alow", `f:1: "alow" is no action; did you mean allow?`},
		{"default errno", "f:1: errno without its name"},
		{"default errno EPREM", `f:1: "errno EPREM": want an errno`},
		{"default errno 4096", `f:1: "errno 4096": an errno is at most`},
		{"default errno -1", `f:1: "errno -1": want an errno`},
		{"default trap 65536", `f:1: "trap 65536": want a number`},
		{"\n\ndeny mount", `f:3: "deny" starts no line; want default`},
		{"arch", "f:1: arch without an architecture"},
		{"arch amd64 amd64", "f:1: amd64 is there twice"},
		{"arch z80", `f:1: unknown architecture "z80"`},
		{"kill", "f:1: a rule without a call"},
		{"kill *", `f:1: "*" is no system call`},
		{"kill all", `f:1: "all" is no system call`},
		{"kill @*", `f:1: "@*" is no group`},
		{"kill @mnt", `f:1: "@mnt" is no group of system calls; did you mean @mount?`},
		{"kill moutn", `f:1: "moutn" is no system call; did you mean mount?`},
		{"kill 59", `f:1: "59" is no system call`},
		{"kill mount,umount2", `f:1: "mount,umount2" is no system call`},
		{"kill mount when", "f:1: nothing after when"},
		{"kill mount when arg0 == 1", `f:1: "arg0" without its width: write arg0:32`},
		{"kill mount when arg0:16 == 1", `f:1: "arg0:16" without its width`},
		{"kill mount when arg6:32 == 1", `f:1: "arg6:32" is no argument`},
		{"kill mount when arg01:32 == 1", `f:1: "arg01:32" is no argument`},
		{"kill mount when arg0:32 = 1", `f:1: "=" is no comparison`},
		{"kill mount when arg0:32 ==", "f:1: the condition on arg0 ends early"},
		{"kill mount when arg0:32 & != 0", `f:1: "!=" is no constant`},
		{"kill mount when arg0:32 & 0 == 0", "f:1: a mask of 0"},
		{"kill mount when arg0:32 == 0x100000000", "f:1: 0x100000000 has more than 32 bits"},
		{"kill mount when arg0:64 == 0x10000000000000000", `is no number of at most 64 bits`},
		{"kill mount when arg0:64 == -1", `"-1" is no constant`},
		{"kill mount when arg0:32 == 1|", "a value is missing"},
		{"kill mount when arg0:32 == CLONE_NEWUSR", `did you mean CLONE_NEWUSER?`},
		{"kill mount when arg0:32 == 1 or arg0:32 == 2", `f:1: "or" is not expected here`},
		{"kill mount when arg0:32 == 1 and", "f:1: nothing after when or and"},
		{"kill mount when arg0:32 == 1 when arg1:32 == 1", `"when" is not expected here`},
		{"kill mount opens", `"opens" is not expected here`},
		{"kill mount opens A", `"A" after opens`},
		{"kill mount opens a b", `"opens" is not expected here`},
		{"default allow\nkill \\\n  moutn", `f:2: "moutn"`},
		{"default allow \\", "f:1: nothing follows"},
		{"default allow\x00", "f:1: the byte 0x0 is not part of a text"},
		{"default\rallow", "f:1: the byte 0xd"},
		{"default allow\n" + strings.Repeat("#\n", 5000), "f: more than 4096 lines"},
		{"kill " + strings.Repeat("mount ", 20000), "f:1: a line of more than 65536 bytes"},
		{strings.Repeat("kill \\\n", 0) + "kill " + strings.Repeat("mount mount mount mount \\\n", 4000), "a line of more than 65536 bytes"},
		{"kill mount when arg0:32 == 1" + strings.Repeat(" and arg0:32 == 1", 40), "f:1: more than 32 conditions"},
	} {
		_, err := ParseText(strings.NewReader(c.text), "f")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: %v; want %q", c.text, err, c.want)
		}
	}
	var where *TextError
	if _, err := ParseText(strings.NewReader("\nx"), "f"); !errors.As(err, &where) || where.Line != 2 {
		t.Errorf("%v is no TextError of line 2", err)
	}
	if _, err := ParseText(failing{}, "f"); !errors.Is(err, os.ErrPermission) {
		t.Errorf("an error of the reader: %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, os.ErrPermission }

// parse(print(p)) is p.
func TestTextRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		want := randomForText(rnd)
		text := want.String()
		got, err := ParseText(strings.NewReader(text), "f")
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		for i := range got.Rules {
			got.Rules[i].Origin = ""
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\ngot  %+v\nwant %+v", text, got, want)
		}
	}
}

func randomForText(r *rand.Rand) Policy {
	p := Policy{Default: randomTextAction(r), Unknown: randomTextAction(r), Foreign: randomTextAction(r)}
	for _, a := range r.Perm(len(archNames))[:r.IntN(3)] {
		p.Arches = append(p.Arches, Arch(a))
	}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for range r.IntN(6) {
		rule := Rule{Action: randomTextAction(r), Opens: pick("", "", "mount", "io_uring")}
		for range 1 + r.IntN(20)*r.IntN(2) {
			rule.Calls = append(rule.Calls, pick("clone", "unshare", "socket", "ioctl", "openat", "mmap", "mount", "@mount", "personality", "prctl"))
		}
		for range r.IntN(4) {
			c := Condition{Arg: r.IntN(6), Op: Op(r.IntN(len(opNames))), Wide: r.IntN(2) == 0}
			c.Value, c.Mask = randomTextValue(r), randomTextValue(r)*uint64(r.IntN(2))
			if !c.Wide {
				c.Value, c.Mask = uint64(uint32(c.Value)), uint64(uint32(c.Mask))
			}
			rule.When = append(rule.When, c)
		}
		p.Rules = append(p.Rules, rule)
	}
	return p
}

func randomTextAction(r *rand.Rand) Action {
	a := Action{Kind: Kind(r.IntN(len(kindNames)))}
	switch a.Kind {
	case Errno:
		a.Data = uint16(r.IntN(maxErrno + 1))
	case Trap, Trace:
		a.Data = uint16(r.Uint32() >> r.IntN(20))
	}
	return a
}

func randomTextValue(r *rand.Rand) uint64 {
	f := family(r.IntN(int(families)))
	if list := f.constants(); len(list) > 0 {
		a, b := list[r.IntN(len(list))], list[r.IntN(len(list))]
		return a.value | b.value
	}
	return r.Uint64() >> r.IntN(64)
}

// What was parsed once is printed so that it is parsed to the same.
func FuzzParseText(f *testing.F) {
	f.Add(sample)
	f.Add("default errno 0\nkill @mount when arg5:64 & 1|0x10 <= 017 opens x\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseText(strings.NewReader(text), "f")
		if err != nil {
			return
		}
		again, err := ParseText(strings.NewReader(p.String()), "f")
		if err != nil {
			t.Fatalf("%v\n%s", err, p.String())
		}
		for _, q := range []*Policy{&p, &again} {
			for i := range q.Rules {
				q.Rules[i].Origin = ""
			}
		}
		if !reflect.DeepEqual(p, again) {
			t.Fatalf("%q becomes\n%s", text, p.String())
		}
	})
}

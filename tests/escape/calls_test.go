package escape

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/seccomp"
)

// What a filter says to every system call is asked without making one: a second filter
// hands each call that bears a mark in its sixth argument to a listener, which answers
// for the kernel. Of two filters the stricter decides, so what the listener gets is what
// the sandbox's filter allows. The answers depend on no kernel's version, and no call
// does anything.

const (
	lastCall = 600
	mark     = 0x5eccc0de
)

// withArguments are calls whose arguments matter.
var withArguments = func() (list []probe) {
	add := func(name string, args ...uintptr) { list = append(list, probe{name: name, args: args}) }
	for bit := range 32 {
		add("clone", 1<<bit)
		add("unshare", 1<<bit)
	}
	for family := range uintptr(48) {
		add("socket", family, unix.SOCK_STREAM)
		add("socketpair", family, unix.SOCK_STREAM)
	}
	for protocol := range uintptr(24) {
		add("socket", unix.AF_NETLINK, unix.SOCK_RAW, protocol)
	}
	for kind := uintptr(1); kind < 11; kind++ {
		add("socket", unix.AF_INET, kind)
	}
	for _, high := range []uintptr{0, 1 << 32, 1 << 63} {
		for _, request := range []uintptr{unix.TIOCSTI, 0x541c, unix.TIOCSCTTY, unix.TCSETS, unix.TIOCGWINSZ, unix.TIOCINQ} {
			add("ioctl", 0, request|high)
		}
		for _, bits := range []uintptr{0, 8, 0x20000, 0x40000, 0x100000, 0x400000, 0x800000, 0xffffffff} {
			add("personality", bits|high)
		}
	}
	for _, mode := range []uintptr{0o755, 0o1755, 0o2755, 0o4755, 0o6755} {
		add("chmod", 0, mode)
		add("fchmod", 0, mode)
		add("fchmodat", 0, 0, mode)
		add("fchmodat2", 0, 0, mode)
		add("creat", 0, mode)
		add("open", 0, unix.O_CREAT, mode)
		add("openat", 0, 0, unix.O_CREAT, mode)
		add("openat", 0, 0, unix.O_TMPFILE, mode)
		add("openat", 0, 0, 0, mode)
		add("mknod", 0, unix.S_IFREG|mode)
		add("mknodat", 0, 0, unix.S_IFREG|mode)
		add("mkdirat", 0, 0, mode)
		add("mq_open", 0, unix.O_CREAT, mode)
	}
	for option := range uintptr(80) {
		add("prctl", option)
	}
	for resource := range uintptr(16) {
		add("setrlimit", resource)
		add("prlimit64", 0, resource, 1)
	}
	return list
}()

// probe is a system call with arguments.
type probe struct {
	name   string
	args   []uintptr
	number uint32
}

func (c probe) String() string {
	var b strings.Builder
	b.WriteString(c.name + "(")
	for i, a := range c.args {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%#x", a)
	}
	return b.String() + ")"
}

// unasked are uretprobe and uprobe of amd64: they come from the kernel's own trampolines,
// which filters never see, and end with SIGILL elsewhere.
func unasked(nr uint32) bool { return runtime.GOARCH == "amd64" && (nr == 335 || nr == 336) }

// calls are all that is asked: every number, then those with arguments.
func calls() (list []probe) {
	for nr := range uint32(lastCall + 1) {
		if unasked(nr) {
			continue
		}
		name, ok := seccomp.Name(seccomp.Native, nr)
		if !ok {
			name = strconv.Itoa(int(nr))
		}
		list = append(list, probe{name: name, number: nr})
	}
	for _, c := range withArguments {
		if nr, ok := seccomp.Number(seccomp.Native, c.name); ok {
			c.number = nr
			list = append(list, c)
		}
	}
	return list
}

// askAll is the part inside: it prints an answer a line, from the first on.
func askAll(p *prisoner) {
	first, _ := strconv.Atoi(p.args[0])
	p.tried++
	listener, err := listen()
	if err != nil {
		p.bad("load the second filter: %v", err)
		return
	}
	debug.SetGCPercent(-1)
	var every unix.Sigset_t
	for i := range every.Val {
		every.Val[i] = ^every.Val[i]
	}
	// The end of a signal handler, with which Go preempts, is a call with the mark in a register.
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &every, nil); err != nil {
		p.bad("block signals: %v", err)
	}
	ready := make(chan bool)
	go answer(listener, ready)
	<-ready
	for _, c := range calls()[first:] {
		var a [5]uintptr
		copy(a[:], c.args)
		// The mark must not be left in a register for a call of Go's own.
		got, _, errno := unix.Syscall6(uintptr(c.number), a[0], a[1], a[2], a[3], a[4], mark)
		unix.RawSyscall6(unix.SYS_GETPID, 0, 0, 0, 0, 0, 0)
		switch {
		case errno != 0:
			fmt.Println(unix.ErrnoName(errno))
		case got == mark:
			fmt.Println("allowed")
		default:
			fmt.Printf("%#x\n", got)
		}
	}
}

// listen loads the second filter in this thread, and returns its listener.
func listen() (int, error) {
	const arg5 = 16 + 8*5
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: arg5},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, K: mark},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF},
	}
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	fd, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// answer gives every call that comes to a listener the mark as its result.
func answer(listener int, ready chan bool) {
	runtime.LockOSThread()
	close(ready)
	for {
		var call struct {
			id         uint64
			pid, flags uint32
			data       [64]byte
		}
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&call))); errno != 0 {
			if errno == unix.EINTR {
				continue
			}
			return
		}
		reply := struct {
			id, value    uint64
			error, flags int32
		}{id: call.id, value: mark}
		unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&reply)))
	}
}

// ask runs askAll in a sandbox, again from behind every call that killed it.
func (s *scene) ask() (answers []string) {
	s.Helper()
	total := len(calls())
	for len(answers) < total {
		s.prepare()
		s.cmd.Args = []string{"/attack", strconv.Itoa(len(answers))}
		s.cmd.Env = append(sandbox.DefaultEnv(os.Environ()), s.role())
		run := s.cmd.CombinedOutput
		if variantOf(s.name).enters {
			run = s.enter
		}
		late := time.AfterFunc(patience, s.cmd.Kill)
		out, err := run()
		late.Stop()
		lines := strings.Fields(strings.TrimSuffix(string(out), finished))
		if strings.Contains(string(out), "goroutine ") {
			s.Fatalf("BUG: %s", out)
		}
		answers = append(answers, lines...)
		switch {
		case len(answers) == total && err == nil:
			return answers
		case len(answers) >= total || err == nil || len(lines) == 0 && len(answers) == 0:
			s.Fatalf("BUG: %d answers of %d: %v\n%s", len(answers), total, err, out)
		}
		answers = append(answers, "killed")
	}
	return answers
}

var everyCall = []attack{{
	name:    "every system call",
	tries:   "each number from 0 to 600, and those whose arguments matter",
	defence: theFilter + ": what it answers is compared with testdata/calls.amd64.txt",
	under:   []string{build},
	inside:  askAll,
	outside: func(s *scene) {
		answers := s.ask()
		for _, name := range []string{"mount", "bpf", "keyctl", "ptrace", "read", "clone3"} {
			i := slices.IndexFunc(calls(), func(c probe) bool { return c.name == name })
			want := map[string]string{"ptrace": "allowed", "read": "allowed", "clone3": "ENOSYS"}[name]
			if want == "" {
				want = "EPERM"
			}
			if answers[i] != want {
				s.Errorf("%s: %s, want %s", name, answers[i], want)
			}
		}
	},
}}

// TestCalls compares what the filter says to every system call, and to some with
// arguments that matter, with what it said before. -update writes it anew.
func TestCalls(t *testing.T) {
	if os.Getenv(peerVariable) != "" {
		return
	}
	name := filepath.Join("testdata", "calls."+runtime.GOARCH+".txt")
	list := calls()
	sections := map[string][]string{} // answers, and for whom
	for _, v := range policies {
		probe := sandbox.Policy{}
		if v.named || !v.change(t, &probe) {
			continue
		}
		s := newScene(t, &everyCall[0], v.name)
		var b strings.Builder
		allowed := 0
		for i, answer := range s.ask() {
			switch {
			case answer == "allowed":
				allowed++
			default:
				fmt.Fprintf(&b, "%s\t%s\n", answer, list[i])
			}
		}
		text := fmt.Sprintf("%d allowed\n%s", allowed, &b)
		sections[text] = append(sections[text], v.name)
	}
	if os.Getenv(folderVariable) != "" || runtime.GOARCH != "amd64" {
		return // the file is not here; nor is there one for others
	}
	if *update {
		var all []string
		for text, names := range sections {
			all = append(all, "under "+strings.Join(names, " ")+": "+text)
		}
		slices.Sort(all)
		head := "# What the filter answers to the numbers 0 to " + strconv.Itoa(lastCall) + " and to some calls with arguments, where it does not allow them.\n"
		if err := os.WriteFile(name, []byte(head+strings.Join(all, "")), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want := readSections(t, name)
	for text, names := range sections {
		for _, policy := range names {
			if got, want := strings.Split(text, "\n"), strings.Split(want[policy], "\n"); !slices.Equal(got, want) {
				t.Errorf("%s: the filter answers otherwise; go test ./tests/escape -run TestCalls -update\n%s", policy, differences(want, got))
			}
		}
	}
}

// readSections are the texts by the names of policies.
func readSections(t *testing.T, name string) map[string]string {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sections := map[string]string{}
	var names []string
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		if under, ok := strings.CutPrefix(line, "under "); ok {
			list, first, _ := strings.Cut(under, ": ")
			names, line = strings.Fields(list), first
		}
		for _, n := range names {
			sections[n] += line + "\n"
		}
	}
	return sections
}

func differences(want, got []string) string {
	var b strings.Builder
	for _, line := range want {
		if !slices.Contains(got, line) {
			b.WriteString("- " + line + "\n")
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			b.WriteString("+ " + line + "\n")
		}
	}
	return b.String()
}

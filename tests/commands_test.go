package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/testhost"
	"github.com/usandbox/usandbox/landlock"
)

// patience is how long something that shall happen may take, on a slow machine. It is less
// than the minute after which what scripts leave running may end by itself.
const patience = 50 * time.Second

// commands are the commands of scripts; doc.go says what they do.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"answers":    answers,
	"appears":    appears,
	"asked":      asked,
	"crossed":    crossed,
	"descendant": descendant,
	"ended":      ended,
	"exits":      exits,
	"gone":       gone,
	"heard":      heard,

	"link-resolv.conf": linkResolvConf,

	"measured": measured,
	"reported": reported,

	"name":   worldName,
	"peak":   peak,
	"serve":  serve,
	"owned":  owned,
	"signal": sendSignal,
	"state":  state,
}

func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Getuid() == 0, nil
	case "user":
		return os.Getuid() != 0, nil
	case "binfmt":
		return testhost.Newer(6, 7), nil
	case "nsid":
		return testhost.Newer(6, 18), nil
	case "pidfs":
		return testhost.Newer(6, 9), nil
	case "mdwe":
		return testhost.Newer(6, 3), nil
	case "tmpfs-attributes":
		return testhost.Newer(6, 6), nil
	case "landlock":
		abi, _ := landlock.ABI()
		return abi >= 6, nil
	case "tun":
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		unix.Close(fd)
		return err == nil, nil
	case "subids":
		return delegated("/etc/subuid", "newuidmap") && delegated("/etc/subgid", "newgidmap"), nil
	}
	return false, fmt.Errorf("unknown condition")
}

// delegated reports whether the user has subordinate ids and can map them.
func delegated(file, helper string) bool {
	_, err := exec.LookPath(helper)
	return err == nil && subordinate(file) > 0
}

// firstDelegated is the first of the user's subordinate ids. Root needs none to
// be delegated.
func firstDelegated(file string) int {
	if first := subordinate(file); first > 0 {
		return first
	}
	return 100000
}

// subordinate is the first id that a file, subuid(5), delegates to the user; 0 if
// there is none.
func subordinate(file string) int {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) == 3 && (fields[0] == userName() || fields[0] == strconv.Itoa(os.Getuid())) {
			first, _ := strconv.Atoi(fields[1])
			return first
		}
	}
	return 0
}

// usage ends the script unless the command is used as it is meant.
func usage(ts *testscript.TestScript, neg bool, ok bool, text string) {
	if neg || !ok {
		ts.Fatalf("usage: %s", text)
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) > 1, "exits CODE program [args...]")
	code, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	if err != nil && exit.ExitCode() != code || err == nil && code != 0 {
		ts.Fatalf("ended with %v, want exit status %d", err, code)
	}
}

// backgroundKey is where a script keeps its background.
const backgroundKey = "background"

// background is what a script has sent signals to.
type background struct {
	cmd   *exec.Cmd
	below []process
}

// process is a process that can be told from a later one of the same number.
type process struct {
	pid     int
	started string
}

// latest is the last background program.
func latest(ts *testscript.TestScript) *background {
	b := ts.Value(backgroundKey).(*background)
	if list := ts.BackgroundCmds(); len(list) > 0 && list[len(list)-1] != b.cmd {
		*b = background{cmd: list[len(list)-1]}
	}
	if b.cmd == nil {
		ts.Fatalf("no program runs in the background")
	}
	return b
}

func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "signal NAME")
	sig := unix.SignalNum("SIG" + args[0])
	if sig == 0 {
		ts.Fatalf("there is no signal SIG%s", args[0])
	}
	b := latest(ts)
	if b.below == nil {
		b.below = below(b.cmd.Process.Pid)
	}
	ts.Check(b.cmd.Process.Signal(sig))
}

func ended(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1 && len(ts.BackgroundCmds()) == 0, "wait, then: ended CODE")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	state := latest(ts).cmd.ProcessState
	got := state.ExitCode()
	if ws := state.Sys().(syscall.WaitStatus); ws.Signaled() {
		got = 128 + int(ws.Signal())
	}
	if got != want {
		ts.Fatalf("ended with %v, want %d", state, want)
	}
}

func state(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "state LETTER")
	pid := latest(ts).cmd.Process.Pid
	eventually(ts, func() bool {
		fields := stat(pid)
		return len(fields) > 0 && fields[0] == args[0]
	}, "process %d does not get into state %s", pid, args[0])
}

func appears(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "appears FILE")
	name := ts.MkAbs(args[0])
	eventually(ts, func() bool {
		info, err := os.Stat(name)
		return err == nil && (info.Size() > 0 || info.IsDir())
	}, "%s does not appear", name)
}

func descendant(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "descendant VARIABLE NAME")
	pid := latest(ts).cmd.Process.Pid
	eventually(ts, func() bool {
		for _, p := range append([]process{{pid: pid}}, below(pid)...) {
			name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.pid))
			if string(name) == args[1]+"\n" {
				ts.Setenv(args[0], strconv.Itoa(p.pid))
				return true
			}
		}
		return false
	}, "no %s runs below process %d", args[1], pid)
}

func gone(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 0, "gone")
	b := latest(ts)
	if len(b.below) == 0 {
		ts.Fatalf("nothing ran below the program")
	}
	eventually(ts, func() bool { return !slices.ContainsFunc(b.below, process.runs) }, "some of %v are left", b.below)
}

func owned(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) > 1, "owned UID:GID FILE...")
	for _, name := range args[1:] {
		info, err := os.Lstat(ts.MkAbs(name))
		ts.Check(err)
		st := info.Sys().(*syscall.Stat_t)
		if got := fmt.Sprintf("%d:%d", st.Uid, st.Gid); got != args[0] {
			ts.Fatalf("%s belongs to %s, want %s", name, got, args[0])
		}
	}
}

func eventually(ts *testscript.TestScript, f func() bool, format string, args ...any) {
	for end := time.Now().Add(patience); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf(format, args...)
		}
	}
}

// killChildren kills the processes that have a variable, given as KEY=VALUE, in their
// environment: what a failed script leaves running.
func killChildren(variable string) {
	for _, list := range children() {
		for _, p := range list {
			environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.pid))
			if slices.Contains(strings.Split(string(environ), "\x00"), variable) {
				unix.Kill(p.pid, unix.SIGKILL)
			}
		}
	}
}

// below are the processes that descend from pid.
func below(pid int) []process {
	all := children()
	list := all[strconv.Itoa(pid)]
	for i := 0; i < len(list); i++ {
		list = append(list, all[strconv.Itoa(list[i].pid)]...)
	}
	return list
}

// children are all processes, under their parents' process ids.
func children() map[string][]process {
	all := map[string][]process{}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if fields := stat(pid); fields != nil {
			all[fields[1]] = append(all[fields[1]], process{pid, fields[19]})
		}
	}
	return all
}

// runs reports whether the process is neither gone nor a zombie.
func (p process) runs() bool {
	fields := stat(p.pid)
	return fields != nil && fields[19] == p.started && fields[0] != "Z" && fields[0] != "X"
}

// stat are the fields of /proc/PID/stat from the state on, proc_pid_stat(5).
func stat(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 {
		return nil
	}
	return fields
}

package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/terminal"
)

// pane is a shell with job control in tmux(1), which a test types to as a person does.
type pane struct {
	*testing.T
	socket string
	dir    string
	tty    *os.File
	marks  int
	began  int  // how many prompts there had been when something was entered last
	plain  bool // the shell is not bash, and does not tell of its prompts
}

// newPane starts bash in a pane of 100 columns and 30 rows, in a folder of its own.
func newPane(t *testing.T) *pane {
	t.Helper()
	dir, err := os.MkdirTemp(temporary(), "usandbox-pane-")
	if err != nil {
		t.Fatal(err)
	}
	p := &pane{T: t, dir: filepath.Join(dir, "project"), socket: filepath.Join(dir, "tmux")}
	for _, name := range []string{"project", "home", "run"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p.tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", "-c", p.dir,
		"exec env PATH="+filepath.Join(folder, "bin")+":/usr/local/bin:/usr/bin:/bin HOME="+filepath.Join(dir, "home")+
			" XDG_RUNTIME_DIR="+filepath.Join(dir, "run")+" XDG_STATE_HOME="+filepath.Join(dir, "home")+" bash --norc --noprofile")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("on the screen, and above it:\n%s", p.history())
		}
		exec.Command("tmux", "-S", p.socket, "kill-server").Run()
		os.RemoveAll(dir)
	})
	name := strings.TrimSpace(p.tmux("display-message", "-p", "#{pane_tty}"))
	if p.tty, err = os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.tty.Close() })
	p.shows(`[$#]$`)
	// Each prompt tells the last exit code, and what a command finds the modes to be.
	p.types("PS1='prompt> '; PROMPT_COMMAND='echo $? $(stty -a | sed 1d | cksum) >>../prompts'; clear", "Enter")
	p.shows("^prompt>$")
	p.idle()
	return p
}

func (p *pane) tmux(args ...string) string {
	p.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", p.socket}, args...)...).CombinedOutput()
	if err != nil {
		p.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (p *pane) screen() string {
	out, _ := exec.Command("tmux", "-S", p.socket, "capture-pane", "-p").Output()
	return string(out)
}

// history is the screen and what has scrolled away.
func (p *pane) history() string {
	out, _ := exec.Command("tmux", "-S", p.socket, "capture-pane", "-p", "-S", "-500").Output()
	return string(out)
}

// types sends keys by tmux's names, or text.
func (p *pane) types(keys ...string) {
	p.Helper()
	if keys[len(keys)-1] == "Enter" {
		p.began = len(p.prompts())
	}
	p.tmux(append([]string{"send-keys"}, keys...)...)
}

// tooLate is when nothing is waited for any more. The machine may be slow and busy.
const tooLate = 2 * time.Minute

// until waits until something is true.
func (p *pane) until(what string, f func() bool) {
	p.Helper()
	for deadline := time.Now().Add(tooLate); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Fatalf("%s: it does not come", what)
		}
	}
}

// shows waits until a regular expression matches the screen.
func (p *pane) shows(pattern string) {
	p.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	p.until(pattern, func() bool { return re.MatchString(p.screen()) })
}

// prompts are what the shell has told at each of its prompts.
func (p *pane) prompts() []string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "../prompts"))
	return slices.Collect(strings.Lines(string(text)))
}

// idle waits until the shell has done what was entered last. What is typed before may
// be for the command.
func (p *pane) idle() {
	p.Helper()
	if !p.plain {
		p.until("the shell's prompt", func() bool { return len(p.prompts()) > p.began })
	}
}

// awaits waits until a program is in the terminal's foreground.
func (p *pane) awaits(program string) {
	p.Helper()
	p.until(program, func() bool {
		return strings.TrimSpace(p.tmux("display-message", "-p", "#{pane_current_command}")) == program
	})
}

// runs types a command line on a screen that it has cleared.
func (p *pane) runs(line string) {
	p.Helper()
	p.idle()
	p.marks++
	mark := fmt.Sprintf("mark%d", p.marks)
	p.types("clear; echo "+mark[:4]+"''"+mark[4:], "Enter")
	p.shows("^" + mark + "$")
	p.idle()
	p.types(line, "Enter")
}

// modes are those of the pane.
func (p *pane) modes() terminal.Modes {
	p.Helper()
	m, err := terminal.GetModes(p.tty)
	if err != nil {
		p.Fatal(err)
	}
	return m
}

// ended waits until what was entered last has ended with an exit code. The modes have to be
// what they were at the first prompt.
func (p *pane) ended(code int) {
	p.Helper()
	want := fmt.Sprintf("%d %s", code, p.firstModes())
	last := ""
	p.until("the end", func() bool {
		all := p.prompts()
		if len(all) > p.began {
			last = strings.TrimSpace(all[len(all)-1])
		}
		return strings.HasPrefix(last, fmt.Sprintf("%d ", code))
	})
	if last != want {
		p.Errorf("at the prompt: %q, want %q", last, want)
	}
}

func (p *pane) firstModes() string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "../prompts"))
	first, _, _ := strings.Cut(string(text), "\n")
	_, modes, _ := strings.Cut(first, " ")
	return modes
}

// process is the one of usandbox whose arguments contain text.
func (p *pane) process(text string) int { return p.started("usandbox .*" + text) }

// started is a process of this user whose command line begins with text.
func (p *pane) started(text string) int {
	p.Helper()
	pid := 0
	p.until("process "+text, func() bool {
		out, _ := exec.Command("pgrep", "-u", strconv.Itoa(os.Getuid()), "-n", "-f", "^"+text).Output()
		pid, _ = strconv.Atoi(strings.TrimSpace(string(out)))
		return pid != 0
	})
	return pid
}

// raw waits until usandbox has the terminal: what is typed before is the shell's, whose line
// discipline would take control characters.
func (p *pane) raw() {
	p.Helper()
	p.until("raw mode", func() bool { m := p.modes(); return m == m.Raw() })
}

// runsInFront waits until a process runs in the foreground of its terminal. A shell says what it
// continues before it does.
func (p *pane) runsInFront(pid int) {
	p.Helper()
	p.until("the foreground", func() bool {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(text), ") ")
		f := strings.Fields(rest) // state, parent, group, session, terminal, its foreground; see proc_pid_stat(5)
		return len(f) > 5 && (f[0] == "S" || f[0] == "R") && f[2] == f[5]
	})
}

// interrupts brings a stopped job back to the foreground of the shell inside, and ends it by Ctrl-C.
func (p *pane) interrupts(pid int, line string) {
	p.Helper()
	p.types("fg", "Enter")
	p.shows("^" + line + "$")
	p.runsInFront(pid)
	p.types("C-c")
	p.types("echo ended with $?", "Enter")
	p.shows(`^ended with 130$`)
}

// The command's terminal is the sandbox's own, in every way that it can be looked at.
func TestTmuxOwnTerminal(t *testing.T) {
	p := newPane(t)
	before := p.modes()
	p.runs(`usandbox run -- sh -c 'tty; ls -1 /dev/pts; stat -c "%t:%T" /dev/console /dev/pts/0; ps -o tty=,tpgid=,pgid= -p $$; stty size; ls -l /proc/self/fd | grep -c pts/0; echo to tty >/dev/tty; echo to console >/dev/console'`)
	p.shows(`^/dev/pts/0\n0\nptmx\n88:0\n88:0\n *pts/0 +2 +2\n30 100\n2\nto tty\nto console`)
	p.ended(0)
	p.runs(`usandbox run --as-pid-1 -- sh -c 'tty; ps -o tty=,tpgid= -p 1; stty size'`)
	p.shows(`^/dev/pts/0\n *pts/0 +1\n30 100`)
	p.runs(`usandbox run --cap-add sys_admin -- sh -c 'tty; stat -c %t:%T /dev/console'`)
	p.shows(`^/dev/pts/0\n88:0`)
	p.runs(`usandbox run -- sh -c 'tty <&2; tty <&1' 2>file; cat file; usandbox run --pty never -- ls -1 /dev/pts`)
	p.shows(`^not a tty\n/dev/pts/0\n(usandbox: .*\n.*\n)*ptmx`)
	// Pipes stay pipes.
	p.runs(`usandbox run -- sh -c 'ls -l /proc/self/fd/; ls /dev/pts' | grep -c -e '1 -> pipe' -e '^0$'; echo in | usandbox run --pty always -- sh -c 'cat; tty' | cat`)
	p.shows(`^1\n(usandbox: .*\n.*\n)*in\nin\n/dev/pts/0`)
	p.ended(0)
	if p.modes().Raw() != before.Raw() {
		t.Error("the modes have changed")
	}
}

func TestTmuxJobControl(t *testing.T) {
	p := newPane(t)
	p.runs("usandbox run -- bash --norc -i")
	p.shows(`^bash-.*[$#]$`)
	p.types("sleep 1000 & sleep 2000", "Enter")
	sleeping := p.started("sleep 2000")
	p.runsInFront(sleeping)
	p.types("C-z")
	p.shows(`^\[2\]\+ +Stopped +sleep 2000`)
	p.interrupts(sleeping, "sleep 2000")
	p.types("kill %1; exit 7", "Enter")
	p.shows(`^prompt>$`)
	p.ended(7)

	// A command that is stopped stops usandbox, and the shell has its terminal.
	p.runs("usandbox run -- sh -c 'read a; echo got $a; read b; echo got $b; stty size; exit 3'")
	p.types("one", "Enter")
	p.shows("^got one$")
	p.types("C-z")
	p.shows(`^\[1\]\+ +Stopped +usandbox run`)
	p.types("stty size; echo $((40+2))", "Enter")
	p.shows(`^30 100\n42`)
	p.tmux("resize-window", "-x", "90", "-y", "25")
	p.types("fg", "Enter")
	p.types("two", "Enter")
	p.shows(`^got two\n25 90$`)
	p.ended(3)

	// In the background it goes on, and reads nothing; then it comes back.
	p.runs("usandbox run -- sh -c 'echo ready; read a; echo got $a'")
	p.shows("^ready$")
	p.types("C-z")
	p.shows(`Stopped`)
	p.types("bg; echo $((40+3))", "Enter")
	p.shows("^43$")
	p.types("echo $((40+4))", "Enter")
	p.shows("^44$")
	p.types("jobs; fg", "Enter")
	p.shows(`Running`)
	p.types("three", "Enter")
	p.shows("^got three$")
	p.ended(0)

	// Everything in the process group is stopped, as it would be without usandbox.
	p.runs(`sh -c 'usandbox run -- cat; echo after'`)
	p.types("echo", "Enter")
	p.shows("^echo\necho$")
	p.types("C-z")
	p.shows(`^\[1\]\+ +Stopped +sh -c`)
	p.types("fg", "Enter")
	p.shows(`^sh -c `)
	p.raw()
	p.types("C-d")
	p.shows(`^(\^Z)?after$`) // the terminal's echo of Ctrl-Z may have to wait for fg
}

func TestTmuxSignals(t *testing.T) {
	p := newPane(t)
	p.runs("usandbox run -- sleep 1001")
	p.runsInFront(p.started("sleep 1001"))
	p.raw()
	p.types("C-c")
	p.ended(130)
	p.runs(`usandbox run -- sh -c 'trap "echo terminated; exit 4" TERM; echo ready; while :; do sleep 0.1; done # 1002'`)
	p.shows("^ready$")
	unix.Kill(p.process("# 1002"), unix.SIGTERM)
	p.shows("^terminated$")
	p.ended(4)
	p.runs(`usandbox run -- sh -c 'trap "stty size" WINCH; echo ready; while :; do sleep 0.1; done'`)
	p.shows("^ready$")
	p.tmux("resize-window", "-x", "81", "-y", "21")
	p.shows("^21 81$")
	p.types("C-c")
	p.ended(130)
}

// However usandbox ends, the terminal has its modes back.
func TestTmuxKilled(t *testing.T) {
	p := newPane(t)
	p.runs("exec dash") // bash sets the modes itself
	p.awaits("dash")
	p.plain = true
	p.types("PS1='prompt> '; stty -a >before", "Enter")
	for i, sig := range []unix.Signal{unix.SIGKILL, unix.SIGSEGV, unix.SIGABRT} {
		p.runs(fmt.Sprintf("usandbox run -- sleep 100%d", 3+i))
		pid := p.process(fmt.Sprintf("sleep 100%d", 3+i))
		cooked := p.modes()
		p.until("raw mode", func() bool { cooked = p.modes(); return cooked == cooked.Raw() })
		unix.Kill(pid, sig)
		p.until("cooked mode", func() bool { m := p.modes(); return m != m.Raw() })
		p.types(fmt.Sprintf("clear; stty -a | diff before - && echo same%d", i), "Enter")
		p.shows(fmt.Sprintf("^same%d$", i))
	}
}

func TestTmuxPrograms(t *testing.T) {
	p := newPane(t)
	vi := "vi"
	if _, err := exec.LookPath("vim.tiny"); err == nil {
		vi = "vim.tiny"
	}
	p.runs("usandbox run -- " + vi + " -u NONE text")
	p.shows(`"text" .*New`)
	p.types("ihello there")
	p.shows("^hello there$")
	p.types("Escape")
	p.types(":w", "Enter")
	p.shows(`"text" .*1(L| line), 12`)
	p.types("C-z")
	p.shows(`^\[1\]\+ +Stopped`)
	p.types("fg", "Enter")
	p.shows("^hello there$")
	p.types(":q", "Enter")
	p.ended(0)
	p.runs("seq 1 1000 >numbers; usandbox run -- less numbers")
	p.shows("^numbers$")
	p.types("G")
	p.shows("^1000$")
	p.tmux("resize-window", "-x", "70", "-y", "10")
	p.until("nine lines", func() bool { return regexp.MustCompile(`^972\n(9..\n){8}:\s*$`).MatchString(p.screen()) })
	p.types("g")
	p.until("ten lines", func() bool { return strings.HasPrefix(p.screen(), "1\n2\n3\n4\n5\n6\n7\n8\n9\n") })
	p.types("q")
	p.ended(0)
	p.tmux("resize-window", "-x", "100", "-y", "30")
	p.runs("usandbox run -- htop")
	p.shows("F10Quit")
	p.types("q")
	p.ended(0)
}

// A command cannot type into the caller's shell, nor change its clipboard.
func TestTmuxAttacks(t *testing.T) {
	p := newPane(t)
	p.tmux("set-option", "-s", "set-clipboard", "on")
	buffers := func() string { return p.tmux("list-buffers") }
	p.runs(`usandbox run -- sh -c "stty -echo; printf '\033]52;c;aGVsbG8=\007\033[6n\033[c\033[5n'"`)
	p.ended(0)
	if regexp.MustCompile(`\[0n|1R`).MatchString(p.screen()) {
		t.Error("the shell got the terminal's answers")
	}
	p.runs("cat -v; true")
	p.awaits("cat")
	p.types("alone", "Enter")
	p.shows("^alone\nalone$")
	p.types("C-d")
	if got := buffers(); got != "" {
		t.Errorf("the clipboard was set: %s", got)
	}
	p.runs(`usandbox run --pty-raw -- printf '\033]52;c;aGVsbG8=\007'`)
	p.until("the clipboard", func() bool { return strings.Contains(buffers(), "hello") })
}

func TestTmuxEnter(t *testing.T) {
	p := newPane(t)
	p.runs("usandbox run --name box --detach -- sleep 1010")
	p.shows("^box$")
	p.runs(`usandbox enter box -- sh -c 'tty; ps -o tty=,tpgid=,pgid= -p $$; stty size; echo to tty >/dev/tty; exit 5'`)
	p.shows(`^/dev/pts/0\n *pts/0 +(\d+) +\d+\n30 100\nto tty`)
	p.ended(5)
	p.runs("usandbox enter box -- bash --norc -i")
	p.shows(`^bash-.*[$#]$`)
	p.types("sleep 2010", "Enter")
	slept := p.started("sleep 2010")
	p.runsInFront(slept)
	p.types("C-z")
	p.shows(`^\[1\]\+ +Stopped +sleep 2010`)
	p.interrupts(slept, "sleep 2010")
	p.types("exit 6", "Enter")
	p.ended(6)
	p.runs(`usandbox enter box -- sh -c 'echo ready; read a; echo got $a; stty size; exit 9'`)
	p.shows("^ready$")
	p.types("C-z")
	p.shows(`^\[1\]\+ +Stopped +usandbox enter`)
	p.tmux("resize-window", "-x", "90", "-y", "25")
	p.types("fg", "Enter")
	p.types("again", "Enter")
	p.shows("^got again\n25 90$")
	p.ended(9)
	p.runs("usandbox enter box -- sleep 1011")
	p.raw()
	unix.Kill(p.process("sleep 1011"), unix.SIGKILL)
	p.until("cooked mode", func() bool { m := p.modes(); return m != m.Raw() })
	p.runs("usandbox enter box --pty=never -- tty; usandbox enter box </dev/null -- tty; usandbox stop box; echo stopped")
	p.shows("^stopped$")
}

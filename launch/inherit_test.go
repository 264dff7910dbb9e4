package launch

// What the command has of its caller: resource limits, signal mask, ignored
// signals, umask - the same as if the caller had started it directly - and
// the file descriptors that it was given, none of the caller's others.
//
// The caller is this test binary, started by an image that sets all of it, for
// a shell cannot block signals.

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The Go runtime keeps these ignored if they were so at its start; the others
// get its handlers and with that are not ignored in the programs it starts.
var keptIgnored = []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGCONT}

// blocked has no signal that ends a process by default and that the Go runtime
// has a use for, as SIGTERM: it unblocks those, also for the programs it starts.
const blocked = uint64(1<<(unix.SIGUSR1-1) | 1<<(40-1))

// unusualCaller executes this binary as inheritRole in an unusual state.
func unusualCaller(env ...string) *Program {
	p := New(3)
	p.Process("caller")
	p.Call(unix.SYS_CLOSE_RANGE, p.statusFD(), p.controlFD(), unix.CLOSE_RANGE_CLOEXEC)
	for i := range 50 {
		path := []string{"/", "/dev/null", "/proc/self/status"}[i%3]
		p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, path, unix.O_RDONLY)
	}
	p.Call(unix.SYS_UMASK, 0o027)
	le := binary.LittleEndian
	ignore := Struct("ignore", append([]byte{1}, make([]byte, 31)...))
	for _, sig := range append(keptIgnored, unix.SIGCHLD, unix.SIGUSR2) {
		p.Call(unix.SYS_RT_SIGACTION, int(sig), ignore, 0, setSize)
	}
	mask := le.AppendUint64(nil, blocked)
	p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, Struct("mask", mask), 0, setSize)
	p.Call(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, Words("limit", 100, 200), 0)
	self, _ := os.Executable()
	p.Call(unix.SYS_EXECVE, self, Strings([]string{"caller"}), Strings(append(env, "USANDBOX_TEST_ROLE=inherit", "PATH=/bin:/usr/bin")))
	return p
}

// inheritRole prints what a command sees: started directly, a line "---", and
// started in a sandbox, with its exit code.
func inheritRole() {
	if os.Getenv("IGNORE_SIGCHLD") != "" {
		signal.Ignore(unix.SIGCHLD)
	}
	show := strings.Fields("cat /proc/self/status /proc/self/limits")
	direct, _ := exec.Command(show[0], show[1:]...).Output()
	img, err := sandboxed(show...).Image()
	if err != nil {
		panic(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	p, err := img.Start(&Attr{Files: []*os.File{nil, w, os.Stderr}})
	if err != nil {
		panic(err)
	}
	w.Close()
	inside, _ := io.ReadAll(r)
	state, err := p.Wait()
	fmt.Printf("%s---\n%sexit %d, %v\n", direct, inside, state.Status, err)
}

func TestInherit(t *testing.T) {
	for _, env := range []string{"A=b", "IGNORE_SIGCHLD=1"} {
		t.Run(env, func(t *testing.T) {
			_, out, err := run(t, unusualCaller(env))
			if err != nil {
				t.Fatal(err)
			}
			direct, inside, _ := strings.Cut(out, "---\n")
			ignored := uint64(0)
			for _, sig := range keptIgnored {
				ignored |= 1 << (sig - 1)
			}
			if env != "A=b" {
				ignored |= 1 << (unix.SIGCHLD - 1)
			}
			for _, want := range []string{
				"Umask:\t0027\n",
				fmt.Sprintf("SigBlk:\t%016x\n", blocked),
				fmt.Sprintf("SigIgn:\t%016x\n", ignored),
				"Max open files            100                  200 ",
				"exit 0, <nil>\n",
			} {
				if !strings.Contains(inside, want) {
					t.Errorf("no %q in\n%s", want, inside)
				}
			}
			_, directLimits, _ := strings.Cut(direct, "Limit ")
			_, insideLimits, _ := strings.Cut(inside, "Limit ")
			if insideLimits, _, _ = strings.Cut(insideLimits, "exit "); directLimits != insideLimits || directLimits == "" {
				t.Errorf("limits\n%s\ninside\n%s", directLimits, insideLimits)
			}
		})
	}
}

// However many fds the command is given, it has exactly those.
func TestFiles(t *testing.T) {
	if os.Getenv("USANDBOX_TEST_REFUSE") == "" {
		// The image's own fd, too, survives the moves: there is no second try.
		t.Setenv("TMPDIR", "/nonexistent")
		t.Setenv("XDG_RUNTIME_DIR", "")
	}
	for range 50 { // what it must not inherit
		for _, path := range []string{"/", "/dev/null"} {
			fd, err := unix.Open(path, unix.O_RDONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
		}
	}
	script := `n=0; while [ $n -lt 300 ]; do [ -h /proc/self/fd/$n ] && list="$list $n"; n=$((n+1)); done; echo $list >/proc/self/fd/0`
	for _, given := range []string{"x", "x.", "xx", "xxx", "x..", "x.x", "x...x", "xxxxxxxx", "x" + strings.Repeat(".", 200) + "x"} {
		out := pipe(t)
		var files []*os.File
		var want []string
		for n, c := range given {
			files = append(files, nil)
			if c == 'x' {
				files[n] = out[1]
				want = append(want, fmt.Sprint(n))
			}
		}
		img, err := alone(len(files), []string{"/bin/sh"}, "sh", "-c", script).Image()
		if err != nil {
			t.Fatal(err)
		}
		p, err := img.Start(&Attr{Files: files})
		if err != nil {
			t.Fatal(err)
		}
		out[1].Close()
		if text := strings.TrimSpace(untilEOF(t, out[0])); text != strings.Join(want, " ") {
			t.Errorf("given %q it has %q", given, text)
		}
		if state, err := p.Wait(); err != nil || state.Status.ExitStatus() != 0 {
			t.Errorf("given %q: %v, %v", given, state.Status, err)
		}
	}
}

// A command may be given fewer fds than outer needs for itself: the lifeline
// works nevertheless, and all of the streams are closed in the command.
func TestFewFiles(t *testing.T) {
	adoptOrphans(t)
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for n := range 4 {
		files := slices.Repeat([]*os.File{null}, n)
		script := fmt.Sprintf("[ ! -h /proc/self/fd/%d ] && [ ! -h /proc/self/fd/%d ] && exit 7", n, n+1)
		for _, script := range []string{script, "sleep 1000"} {
			img, err := alone(n, []string{"/bin/sh"}, "sh", "-c", script).Image()
			if err != nil {
				t.Fatal(err)
			}
			p, err := img.Start(&Attr{Files: files})
			if err != nil {
				t.Fatalf("%d files: %v", n, err)
			}
			want := unix.WaitStatus(7 << 8)
			if script == "sleep 1000" {
				p.Kill()
				want = unix.WaitStatus(unix.SIGKILL)
			}
			finished := time.AfterFunc(2*time.Minute, func() { panic(fmt.Sprintf("%d files: it does not end", n)) })
			if state, err := p.Wait(); err != nil || state.Status != want {
				t.Errorf("%d files, %s: %#x, %v", n, script, state.Status, err)
			}
			finished.Stop()
			nothingLeft(t)
		}
	}
}

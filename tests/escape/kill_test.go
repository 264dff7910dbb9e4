package escape

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cow"
	"github.com/usandbox/usandbox/internal/testhost"
)

// What is killed at a random moment leaves nothing: no process, no file, no mount.
//
// Defence: PDEATHSIG set before the lifeline is looked at, a lifeline, mount points
// in file systems of the sandbox's own only.
func TestKill(t *testing.T) {
	adoptOrphans(t)
	for _, way := range []struct {
		name  string
		flags []string
		outer bool // kill outer, not usandbox
	}{
		{"usandbox", nil, false},
		{"outer", nil, true},
		{"usandbox as PID 1", []string{"--as-pid-1"}, false},
		{"outer as PID 1", []string{"--as-pid-1"}, true},
		{"usandbox with all capabilities", []string{"--cap-add", "all"}, false},
		{"usandbox with copy-on-write", []string{"--cow"}, false},
		{"outer with copy-on-write", []string{"--cow", "-v"}, true},
		{"usandbox with ranges", []string{"--map-uids", "auto", "--map-gids", "auto"}, false},
	} {
		t.Run(strings.ReplaceAll(way.name, " ", "_"), func(t *testing.T) {
			if slices.Contains(way.flags, "auto") && os.Getuid() == 0 {
				way.flags = []string{"--map-uids", "0:0:1", "--map-uids", "1:100000:65536"}
			}
			s := newScene(t, &attack{name: "kill"}, build)
			s.Setenv("XDG_STATE_HOME", filepath.Join(mine(), "state"))
			s.Cleanup(func() { // the runs stay, as they are asked for
				runs, err := cow.Runs()
				s.must(err)
				for _, r := range runs {
					s.must(r.Remove())
				}
			})
			hostileTree(s)
			before, mountsBefore := snapshot(t, s.base, filepath.Join(mine(), "tmp"), filepath.Join(mine(), "runtime")), hostMounts(t)
			ran := 0
			for i := range rounds(t, 24) {
				moment := time.Duration(i%40)*time.Millisecond + rand.N(time.Millisecond)
				if len(way.flags) > 0 || ran == 0 && i > 12 {
					moment *= 8 // newuidmap and newgidmap take their time, and so does a busy machine
				}
				if s.killOnce(way.flags, way.outer, testhost.Patient(moment)) {
					ran++
				}
				if t.Failed() {
					break
				}
			}
			if ran == 0 && !t.Failed() {
				t.Error("BUG: the command never ran")
			}
			same(t, before, snapshot(t, s.base, filepath.Join(mine(), "tmp"), filepath.Join(mine(), "runtime")))
			same(t, mountsBefore, hostMounts(t))
		})
	}
}

// hostileTree makes what a set-up could trip over.
func hostileTree(s *scene) {
	for name, to := range map[string]string{"x": "/", "y": "../../..", "w": "/..", "z": "/proc/self/fd/3", "q": "/proc/1/root"} {
		s.symlink(to, s.path(name))
	}
	for _, name := range []string{"a/b/c", ".git/hooks", ".git/objects"} {
		s.mkdir(s.path(name))
	}
	s.write(s.path(".git", "config"), "theirs")
	s.write(s.path("a", "b", "file"), "theirs")
}

// killOnce starts usandbox, kills it or outer after a while, and waits until
// everything below is gone.
func (s *scene) killOnce(flags []string, outer bool, after time.Duration) (ran bool) {
	s.Helper()
	args := append([]string{"run", "--ro", program + ":/attack", "--ro", s.path("a/b"), "--tmpfs", s.path("a/b/c"),
		"--env", roleVariable + "=hold"}, flags...)
	cmd := exec.Command(usandbox, append(args, "--", "/attack")...)
	cmd.Dir = s.dir
	r, w, err := os.Pipe()
	s.must(err)
	defer r.Close()
	cmd.ExtraFiles = nil
	cmd.Stdout = w
	s.must(cmd.Start())
	w.Close()
	time.Sleep(after)
	if target := childOf(cmd.Process.Pid); outer && target > 0 {
		unix.Kill(target, unix.SIGKILL)
		// usandbox sees the end, and ends in order.
		time.AfterFunc(time.Second, func() { cmd.Process.Kill() })
	} else {
		cmd.Process.Kill()
	}
	cmd.Wait()
	// Whoever is left holds the pipe, and is a child of this process by now.
	closed := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(r)
		closed <- string(text)
	}()
	select {
	case text := <-closed:
		ran = strings.Contains(text, holding)
	case <-time.After(patience):
		s.Errorf("killed after %v: something holds the output", after)
	}
	s.nothingLeft(after)
	return ran
}

// holding is what the command says when it runs.
const holding = "holding"

func init() {
	// hold is a command that nothing but SIGKILL ends.
	roles["hold"] = func([]string) {
		unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0)
		for sig := unix.Signal(1); sig < 32; sig++ {
			signal.Ignore(sig)
		}
		fmt.Println(holding)
		for {
			time.Sleep(time.Second)
		}
	}
}

// adoptOrphans makes orphans children of this process, so that nothingLeft sees them.
func adoptOrphans(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) })
}

// nothingLeft waits until this process has no child.
func (s *scene) nothingLeft(after time.Duration) {
	s.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG|syscall.WALL, nil)
		switch {
		case err == syscall.ECHILD:
			return
		case pid > 0:
			continue
		}
		if time.Now().After(end) {
			left := childOf(os.Getpid())
			s.Errorf("killed after %v: process %d (%s) is left", after, left, status(strconv.Itoa(left), "Name"))
			for _, pid := range children(os.Getpid()) {
				unix.Kill(pid, unix.SIGKILL) // they are this test's own
			}
		}
	}
}

func childOf(pid int) int {
	if list := children(pid); len(list) > 0 {
		return list[0]
	}
	return 0
}

// children of a process, of all its threads.
func children(pid int) (list []int) {
	names, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, name := range names {
		text, _ := os.ReadFile(name)
		for _, f := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(f); err == nil {
				list = append(list, n)
			}
		}
	}
	return list
}

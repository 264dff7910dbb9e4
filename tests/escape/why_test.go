package escape

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reported are attacks on the report of refused calls, and those on the filter once
// more, while refused calls are reported.
//
// Nobody reports what enters.
func reported() []attack {
	const ours = "it is about a flag of usandbox's"
	under := []string{build, asRoot, ranges, other}
	list := []attack{{
		name:    "a second listener",
		tries:   "load a filter with a listener, and let refused calls through by it",
		defence: "the kernel allows one listener; what another filter refuses cannot be allowed",
		under:   under,
		ours:    ours,
		inside:  secondListener,
		outside: report,
	}, {
		name:    "the listener itself",
		tries:   "find the listener's file descriptor, or another way to the supervisor",
		defence: "it is sent away and closed before the command is executed",
		under:   under,
		ours:    ours,
		inside: func(p *prisoner) {
			for _, fd := range p.open {
				if fd > 2 {
					p.bad("file descriptor %d is open", fd)
				}
			}
			p.tried++
		},
		outside: report,
	}}
	for _, a := range filtered {
		if a.outside == nil {
			a.name, a.outside, a.under, a.ours = a.name+", reported", report, under, ours
			list = append(list, a)
		}
	}
	return list
}

func report(s *scene) {
	s.cmd.ReportRefused = true
	s.launch()
}

func secondListener(p *prisoner) {
	filter := [...]unix.SockFilter{{Code: unix.BPF_RET, K: unix.SECCOMP_RET_USER_NOTIF}}
	prog := unix.SockFprog{Len: 1, Filter: &filter[0]}
	load := func(flags uintptr) error {
		return call(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	}
	p.refused("a second listener", load(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER), unix.EBUSY)
	filter[0].K = unix.SECCOMP_RET_ALLOW
	p.worked("a filter that allows everything", load(0))
	p.refused("chroot", unix.Chroot("/"), unix.EPERM)
}

// A supervisor that is killed while calls wait for its answer leaves nothing, and no
// call gets through.
//
// Defence: the lifeline; a call whose listener is gone fails with ENOSYS.
func TestKillWhileReporting(t *testing.T) {
	adoptOrphans(t)
	s := newScene(t, &attack{name: "kill while reporting"}, build)
	for i := range rounds(t, 12) {
		cmd := exec.Command(usandbox, "run", "--why", "--ro", program+":/attack", "--env", roleVariable+"=asking", "--", "/attack")
		cmd.Dir = s.dir
		r, w, err := os.Pipe()
		s.must(err)
		cmd.Stdout = w
		s.must(cmd.Start())
		w.Close()
		r.SetReadDeadline(time.Now().Add(2 * time.Minute))
		out := bufio.NewReader(r)
		if line, err := out.ReadString('\n'); line != holding+"\n" {
			t.Fatalf("%q, %v", line, err)
		}
		after := time.Duration(i) * time.Millisecond
		time.Sleep(after)
		if i%3 == 2 { // calls wait for long
			cmd.Process.Signal(syscall.SIGSTOP)
			time.Sleep(20 * time.Millisecond)
		}
		cmd.Process.Kill()
		cmd.Wait()
		rest, err := io.ReadAll(out)
		if err != nil {
			t.Errorf("killed after %v: something holds the output: %v", after, err)
		}
		if strings.Contains(string(rest), "BAD") {
			t.Errorf("killed after %v: %s", after, rest)
		}
		r.Close()
		s.nothingLeft(after)
	}
}

func init() {
	// asking makes refused calls without end.
	roles["asking"] = func([]string) {
		fmt.Println(holding)
		for range 8 {
			go func() {
				for {
					if err := unix.Chroot("/"); err != unix.EPERM && err != unix.ENOSYS {
						fmt.Println("BAD: chroot:", err)
					}
				}
			}()
		}
		select {}
	}
}

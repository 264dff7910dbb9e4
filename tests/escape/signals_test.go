package escape

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

var signals = []attack{
	{
		name:    "kill everything",
		tries:   "kill(-1), and signals to every process number",
		defence: "a PID namespace",
		inside: func(p *prisoner) {
			if !p.contained() {
				return
			}
			unix.Kill(-1, unix.SIGKILL)
			for pid := 2; pid < 1<<15; pid++ {
				if pid != unix.Getpid() && !ownThread(pid) {
					unix.Kill(pid, unix.SIGKILL)
				}
			}
			p.tried++
		},
		outside: func(s *scene) {
			canary := s.canary(nil)
			s.launch()
			s.alive(canary)
		},
	}, {
		name:    "kill the process group of the caller",
		tries:   "kill(0), and killpg of every number, from a sandbox in a pipeline",
		defence: "setsid: the sandbox has a session of its own",
		under:   []string{build, asRoot, ranges},
		inside: func(p *prisoner) {
			p.tried++
			if session, err := unix.Getsid(0); err != nil || session == 0 {
				p.bad("the session is that of the caller")
			}
			if unix.Getpgrp() == 0 {
				p.bad("the process group is that of the caller")
			}
			if p.failed {
				os.Exit(1)
			}
			fmt.Print(finished)
			for _, sig := range []unix.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGSTOP, unix.SIGKILL} {
				if sig == unix.SIGSTOP {
					unix.Kill(0, unix.SIGCONT) // and not stopped itself
					continue
				}
				signal.Ignore(sig)
				unix.Kill(0, sig)
			}
		},
		outside: killGroup,
	}, {
		name:    "priority of the caller's processes",
		tries:   "setpriority and ioprio_set for all processes of the user",
		defence: "the kernel keeps to the PID namespace",
		inside: func(p *prisoner) {
			if !p.contained() {
				return
			}
			unix.Setpriority(unix.PRIO_USER, unix.Getuid(), 19)
			unix.Setpriority(unix.PRIO_USER, 0, 19)
			const whoUser, idle = 3, 3 << 13
			call(unix.SYS_IOPRIO_SET, whoUser, uintptr(unix.Getuid()), idle)
			p.tried++
		},
		outside: func(s *scene) {
			canary := s.canary(nil)
			read := func() string {
				nice, _ := unix.Getpriority(unix.PRIO_PROCESS, canary.Process.Pid)
				io, _, _ := unix.Syscall(unix.SYS_IOPRIO_GET, 1, uintptr(canary.Process.Pid), 0)
				return fmt.Sprint(nice, io)
			}
			before := read()
			s.launch()
			if after := read(); before != after {
				s.Errorf("priorities were %s, are %s", before, after)
			}
		},
	}, {
		name:    "run on after the end",
		tries:   "double fork, setsid, ignore every signal, hold the output and a lock",
		defence: "the end of PID 1 is the end of its PID namespace",
		inside: func(p *prisoner) {
			for i := range 8 {
				cmd := exec.Command(os.Args[0])
				cmd.Env = []string{roleVariable + "=linger " + fmt.Sprint(i)}
				cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
				cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
				p.worked("start", cmd.Start())
			}
			for i := range 8 {
				for n := 0; n < 2000 && !exists(fmt.Sprint("lingers", i)); n++ {
					pause()
				}
			}
		},
		outside: func(s *scene) {
			s.launch() // CombinedOutput: ends when nobody holds the output any more
			for i := range 8 {
				name := s.path(fmt.Sprint("lingers", i))
				f, err := os.OpenFile(name, os.O_RDWR, 0)
				s.must(err)
				if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
					s.Errorf("%s is still locked: %v", name, err)
				}
				f.Close()
			}
		},
	}, {
		name:    "a parent that ignores SIGCHLD",
		tries:   "have the exit code lost, and zombies left",
		defence: "SIGCHLD is made waitable at the start",
		under:   []string{build},
		inside:  func(p *prisoner) { p.tried++; fmt.Print(finished); os.Exit(7) },
		outside: func(s *scene) {
			cmd := s.commandLine("ignore-sigchld")
			out, err := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != 7 {
				s.Errorf("exit code %d, want 7: %v\n%s", code, err, out)
			}
			// usandbox is a Go program, which resets the signal; a compiled sandbox is not.
			image := filepath.Join(s.base, "image")
			compile := exec.Command(usandbox, "compile", "-o", image, "--ro", program+":/attack", "--env", s.role(), "--", "/attack")
			compile.Dir = s.dir
			if out, err := compile.CombinedOutput(); err != nil {
				s.Fatalf("%s%v", out, err)
			}
			cmd = again("ignore-sigchld", image)
			cmd.Stderr, cmd.Dir = nil, s.dir
			out, err = cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != 7 {
				s.Errorf("compiled: exit code %d, want 7: %v\n%s", code, err, out)
			}
		},
	},
}

func init() {
	roles["linger"] = linger
	roles["ignore-sigchld"] = func(args []string) {
		signal.Ignore(unix.SIGCHLD)
		execute(args)
	}
	roles["canary"] = func([]string) { time.Sleep(time.Minute) }
}

// linger outlives its parent: it forks again, holds a lock and ignores signals.
func linger(args []string) {
	signal.Ignore()
	for sig := unix.Signal(1); sig < 32; sig++ {
		signal.Ignore(sig)
	}
	if len(args) == 1 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = []string{roleVariable + "=linger " + args[0] + " again"}
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		cmd.Start()
		return
	}
	unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0)
	name := "lingers" + args[0]
	f, err := os.Create(name + ".new")
	if err == nil && unix.Flock(int(f.Fd()), unix.LOCK_EX) == nil {
		os.Rename(name+".new", name)
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
}

// commandLine is usandbox with the part inside, started by a role of this program
// with whatever arguments come first.
func (s *scene) commandLine(role string, first ...string) *exec.Cmd {
	cmd := again(role, append(first, usandbox, "run", "--ro", program+":/attack", "--env", "INSIDE", "--", "/attack")...)
	cmd.Stderr = nil
	cmd.Dir = s.dir
	// The role of the part inside has spaces.
	cmd.Env = append(cmd.Env, "INSIDE="+strings.TrimPrefix(s.role(), roleVariable+"="))
	return cmd
}

// execute becomes a command line made by commandLine.
func execute(args []string) {
	for i, a := range args {
		if a == "INSIDE" {
			args[i] = roleVariable + "=" + os.Getenv("INSIDE")
		}
	}
	fmt.Println("BUG: execute", args, unix.Exec(args[0], args, os.Environ()))
	os.Exit(1)
}

// canary is a process of the caller that must survive.
func (s *scene) canary(attr *syscall.SysProcAttr) *exec.Cmd {
	s.Helper()
	c := again("canary")
	c.SysProcAttr = attr
	s.must(c.Start())
	s.Cleanup(func() { c.Process.Kill(); c.Wait() })
	return c
}

// alive fails the test unless the canary runs, and is not stopped.
func (s *scene) alive(c *exec.Cmd) {
	s.Helper()
	if state := status(fmt.Sprint(c.Process.Pid), "State"); !strings.HasPrefix(state, "S") && !strings.HasPrefix(state, "R") {
		s.Errorf("a process of the caller is %q", state)
	}
}

// killGroup starts the sandbox in a process group of its own, with a canary in it:
// should the attack succeed, it hits nobody else.
func killGroup(s *scene) {
	leader := s.canary(&syscall.SysProcAttr{Setpgid: true})
	group := &syscall.SysProcAttr{Setpgid: true, Pgid: leader.Process.Pid}
	mate := s.canary(group)
	cmd := exec.Command(usandbox, "run", "--ro", program+":/attack", "--env", s.role())
	switch s.name {
	case asRoot:
		cmd.Args = append(cmd.Args, "--root")
	case ranges:
		if os.Getuid() != 0 {
			cmd.Args = append(cmd.Args, "--map-uids", "auto", "--map-gids", "auto")
		}
	}
	cmd.Args = append(cmd.Args, "--", "/attack")
	cmd.Dir, cmd.SysProcAttr = s.dir, group
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 137 || !strings.Contains(string(out), finished) {
		s.Errorf("usandbox ended with %v, want exit status 137\n%s", cmd.ProcessState, out)
	}
	s.alive(leader)
	s.alive(mate)
}

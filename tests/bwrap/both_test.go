package bwrap

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// outcome is what a run gave.
type outcome struct {
	code           int
	stdout, stderr string
	left           string // what is in the host's folder then
	fds            string // what was written to descriptors that were given
}

// ask is one run.
type ask struct {
	args  []string
	files []string                    // contents of descriptors 3 and up; "": a pipe that is read in the end
	extra func(testing.TB) []*os.File // descriptors after those
	shell string                      // a script that executes the program, "$@"; "": it is executed at once
	root  bool                        // by root, if the tests are
	env   []string                    // nil: a short one
	dir   string                      // working folder; "": the host's folder

	covered bool // mounts of the host are there that others cover, whose attributes bubblewrap leaves
}

// base are arguments that make programs run.
func base() []string {
	args := []string{"--ro-bind", "/usr", "/usr"}
	for _, name := range []string{"/bin", "/lib", "/lib64", "/sbin"} {
		if link, err := os.Readlink(name); err == nil {
			args = append(args, "--symlink", link, name)
		} else {
			args = append(args, "--ro-bind-try", name, name)
		}
	}
	return args
}

// with adds arguments, by spaces, in which HOST is the host's folder, and a command.
func (a ask) with(args string, command ...string) ask {
	a.args = slices.Clone(a.args)
	for _, arg := range strings.Fields(args) {
		a.args = append(a.args, strings.ReplaceAll(arg, "HOST", host()))
	}
	a.args = append(a.args, command...)
	return a
}

// command is the run of a program.
func (a ask) command(program string) *exec.Cmd {
	cmd := exec.Command(program, a.args...)
	if a.shell != "" {
		cmd = exec.Command("/bin/sh", append([]string{"-c", a.shell, "sh", program}, a.args...)...)
	} else {
		cmd.Args[0] = "bwrap"
	}
	cmd.Dir = a.dir
	if cmd.Dir == "" {
		cmd.Dir = host()
	}
	cmd.Env = a.env
	if cmd.Env == nil {
		cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/nowhere", "LANG=C", "KEPT=1"}
	}
	if uid != -1 && !a.root {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	return cmd
}

// longest is how long a run may take: whoever hangs is killed then, and has no exit code.
const longest = 20 * time.Second

// run runs one of the two programs.
func (a ask) run(t testing.TB, program string) outcome {
	t.Helper()
	makeHost(t)
	cmd := a.command(program)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = time.Second
	var reads []*os.File
	for _, content := range a.files {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if content == "" {
			cmd.ExtraFiles, reads = append(cmd.ExtraFiles, w), append(reads, r)
		} else {
			w.WriteString(content)
			w.Close()
			cmd.ExtraFiles = append(cmd.ExtraFiles, r)
		}
	}
	if a.extra != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, a.extra(t)...)
	}
	err := cmd.Start()
	for _, f := range cmd.ExtraFiles {
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	var o outcome
	timer := time.AfterFunc(longest, func() { cmd.Process.Kill() })
	for _, r := range reads {
		r.SetReadDeadline(time.Now().Add(longest))
		var b bytes.Buffer
		b.ReadFrom(r)
		r.Close()
		o.fds += b.String()
	}
	err = cmd.Wait()
	timer.Stop()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	o.code = cmd.ProcessState.ExitCode()
	o.stdout, o.stderr = normal(out.String()), normal(errs.String())
	o.left = tree(t, host())
	return o
}

package bwrap

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	files []string // contents of descriptors 3 and up; "": a pipe that is read in the end
	root  bool     // by root, if the tests are
	env   []string // nil: a short one
	dir   string   // working folder; "": the host's folder
}

// host is where the folder that sandboxes see lies.
func host() string { return filepath.Join(folder, "host") }

// makeHost makes that folder anew.
func makeHost(t testing.TB) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(exec.Command("chmod", "-R", "u+rwx", folder).Run())
	must(os.RemoveAll(host()))
	for _, dir := range []string{"", "d", "d/e", "w", "work", "upper"} {
		must(os.Mkdir(filepath.Join(host(), dir), 0o755))
		must(chown(filepath.Join(host(), dir)))
	}
	for _, file := range []string{"f", "d/f", "d/e/g"} {
		must(os.WriteFile(filepath.Join(host(), file), []byte(file+"\n"), 0o644))
		must(chown(filepath.Join(host(), file)))
	}
	must(os.Symlink("d", filepath.Join(host(), "link")))
	must(os.Symlink("nowhere", filepath.Join(host(), "dangling")))
	must(os.Symlink("/oldroot"+filepath.Join(host(), "w"), filepath.Join(host(), "out"))) // where it leads while the tree is made
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

// run runs one of the two programs.
func (a ask) run(t testing.TB, program string) outcome {
	t.Helper()
	makeHost(t)
	cmd := exec.Command(program, a.args...)
	cmd.Args[0] = "bwrap"
	cmd.Dir = a.dir
	if cmd.Dir == "" {
		cmd.Dir = host()
	}
	cmd.Env = a.env
	if cmd.Env == nil {
		cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/nowhere", "LANG=C", "KEPT=1"}
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = 5 * time.Second
	if uid != -1 && !a.root {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
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
	err := cmd.Start()
	for _, f := range cmd.ExtraFiles {
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	var o outcome
	timer := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
	for _, r := range reads {
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

// What differs from run to run: numbers of mounts, devices and processes; random names.
var (
	mountIDs = regexp.MustCompile(`(?m)^\d+ \d+ \d+:\d+ `)
	bindFile = regexp.MustCompile(`bindfile\w{6}`)
	long     = regexp.MustCompile(`"child-pid": \d+|-namespace": \d+`)
)

func normal(text string) string {
	text = mountIDs.ReplaceAllString(text, "")
	text = bindFile.ReplaceAllString(text, "bindfileXXXXXX")
	return text
}

// tree lists a folder: kinds, modes and targets.
func tree(t testing.TB, dir string) string {
	t.Helper()
	out, err := exec.Command("find", dir, "-printf", "%P %y %m %l\n").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(out), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// compare runs both and tells what differs.
func (a ask) compare(t testing.TB) outcome {
	t.Helper()
	want, got := a.run(t, theirs), a.run(t, ours)
	want.fds, got.fds = long.ReplaceAllString(want.fds, "N"), long.ReplaceAllString(got.fds, "N")
	for _, x := range []struct{ what, want, got string }{
		{"exit code", fmt.Sprint(want.code), fmt.Sprint(got.code)},
		{"output", want.stdout, got.stdout},
		{"messages", want.stderr, got.stderr},
		{"what is left on the host", want.left, got.left},
		{"what is written to descriptors", want.fds, got.fds},
	} {
		if x.want != x.got {
			t.Errorf("bwrap %q\n%s differs: bubblewrap\n%s\nours\n%s", a.args, x.what, x.want, x.got)
		}
	}
	return got
}

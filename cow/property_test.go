package cow

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The property tests do as many sequences as the variable says, beginning with a seed.
//
//	USANDBOX_COW_SEQUENCES=5000 USANDBOX_COW_SEED=1 go test ./cow -run TestSequences
const (
	sequencesVariable = "USANDBOX_COW_SEQUENCES"
	seedVariable      = "USANDBOX_COW_SEED"
	roleVariable      = "USANDBOX_COW_ROLE"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(strings.Split(role, " ")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// play is what the test binary does when it is started again.
func play(role []string) error {
	switch role[0] {
	case "inside": // an overlay
		return inside(role[1:])
	case "apply": // be killed after a time
		var wait int
		fmt.Sscan(role[2], &wait)
		r, err := Load(role[1])
		if err != nil {
			return err
		}
		time.AfterFunc(time.Duration(wait)*time.Microsecond, func() { unix.Kill(os.Getpid(), unix.SIGKILL) })
		_, err = r.Apply(ApplyOptions{})
		return err
	}
	return fmt.Errorf("BUG: %v", role)
}

// inside mounts an overlay over a run's folder and does a sequence in it, without
// capabilities.
func inside(args []string) error {
	runtime.LockOSThread()
	dir, upper, work, what := args[0], args[1], args[2], args[3]
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	options := "userxattr,volatile,lowerdir=" + dir + ",upperdir=" + upper + ",workdir=" + work
	if err := unix.Mount("overlay", dir, "overlay", 0, options); err != nil {
		return fmt.Errorf("mount an overlay: %w", err)
	}
	if os.Getuid() != 0 {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			return err
		}
	}
	if what == "sh" {
		cmd := exec.Command("/bin/sh", "-ec", args[4])
		cmd.Args[2] = os.Getenv("SCRIPT")
		cmd.Dir = dir
		cmd.Stderr = os.Stderr
		return cmd.Run()
	}
	seed, _ := strconv.ParseUint(args[4], 10, 64)
	n, _ := strconv.Atoi(args[5])
	s := newSequence(seed, dir)
	s.run(n)
	return json.NewEncoder(os.Stdout).Encode(s.log)
}

// again is the test binary in a role, in a user namespace of its own if it is inside.
func again(t *testing.T, role ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVariable+"="+strings.Join(role, " "))
	cmd.Stderr = os.Stderr
	if role[0] != "inside" {
		return cmd
	}
	var all []uintptr
	for c := range unix.CAP_LAST_CAP + 1 {
		all = append(all, uintptr(c))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}},
		AmbientCaps: all,
		Pdeathsig:   syscall.SIGKILL,
	}
	return cmd
}

// did makes a run in which a sequence was done, and returns its log.
func did(t *testing.T, dir string, seed uint64, n int) (*Run, []string) {
	t.Helper()
	time.Sleep(5 * time.Millisecond) // the marker is later than what has been made
	r := newRun(t, dir)
	l := &r.Layers[0]
	out, err := again(t, "inside", dir, l.Upper(), l.Work(), "sequence", fmt.Sprint(seed), fmt.Sprint(n)).Output()
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if err := r.Ended(0); err != nil {
		t.Fatal(err)
	}
	var log []string
	if err := json.Unmarshal(out, &log); err != nil {
		t.Fatal(err)
	}
	return r, log
}

// scripted makes a run in which a shell script was done.
func scripted(t *testing.T, dir, script string) *Run {
	t.Helper()
	time.Sleep(5 * time.Millisecond)
	r := newRun(t, dir)
	l := &r.Layers[0]
	cmd := again(t, "inside", dir, l.Upper(), l.Work(), "sh", "script")
	cmd.Env = append(cmd.Env, "SCRIPT="+script)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if err := r.Ended(0); err != nil {
		t.Fatal(err)
	}
	return r
}

func sequences(t *testing.T, short int) (seed uint64, n int) {
	n, err := strconv.Atoi(os.Getenv(sequencesVariable))
	if err != nil {
		n = short
	}
	seed, err = strconv.ParseUint(os.Getenv(seedVariable), 10, 64)
	if err != nil {
		seed = rand.Uint64() >> 16
	}
	t.Logf("%d sequences from seed %d on", n, seed)
	return seed, n
}

// Sequences of operations are done in an overlay, looked at, and applied; the same is
// done on a copy. Every other time Apply is killed, and called again.
func TestSequences(t *testing.T) {
	seed, n := sequences(t, 100)
	for i := range uint64(n) {
		if !t.Run(fmt.Sprint(seed+i), func(t *testing.T) { oneSequence(t, seed+i) }) {
			return
		}
	}
	t.Logf("Apply was killed %d times", killed)
	if n >= 100 && killed == 0 {
		t.Error("BUG: Apply was never killed")
	}
}

// killed counts how often Apply was.
var killed int

func oneSequence(t *testing.T, seed uint64) {
	dir := home(t)
	copied := dir + "-copy"
	if err := os.Mkdir(copied, 0o750); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, copied} {
		if err := newSequence(seed, d).begin(); err != nil {
			t.Fatal(err)
		}
	}
	before := snapshot(t, dir)
	if d := difference(before, snapshot(t, copied)); len(d) > 0 {
		t.Fatalf("BUG: the copies differ: %v", d)
	}
	ops := 5 + int(seed%30)
	r, log := did(t, dir, seed, ops)
	direct := newSequence(seed, copied)
	direct.run(ops)
	if !slices.Equal(log, direct.log) {
		for i := range log {
			if strings.HasSuffix(log[i], ": ESTALE") {
				t.Logf("the kernel lost its way in the overlay: %s", log[i]) // seen at mv of one hard link onto another
				return
			}
			if log[i] != direct.log[i] {
				t.Fatalf("BUG: the model is not what the kernel does:\n%s\ninside: %s\ndirect: %s", strings.Join(log[:i], "\n"), log[i], direct.log[i])
			}
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("operations:\n%s", strings.Join(log, "\n"))
		}
	})
	want := snapshot(t, copied)
	v, err := r.Review()
	if err != nil {
		t.Fatal(err)
	}
	changes, err := v.Changes()
	v.Close()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := lines(changes), difference(before, want); !slices.Equal(got, want) {
		t.Fatalf("changes:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, c := range changes {
		if c.Conflict != "" {
			t.Errorf("%c %q: a conflict: %s", c.Kind, c.Path, c.Conflict)
		}
	}
	if d := difference(before, snapshot(t, dir)); len(d) > 0 {
		t.Fatalf("the host has changed before apply: %v", d)
	}
	for k := range seed % 4 {
		cmd := again(t, "apply", r.Folder(), fmt.Sprint(newSequence(seed+k, "").IntN(10000)))
		if cmd.Run(); !cmd.ProcessState.Exited() {
			killed++
		}
	}
	applied(t, r)
	got := snapshot(t, dir)
	if d := difference(want, got); len(d) > 0 {
		for _, line := range d {
			t.Log(line)
		}
		for path := range want {
			if want[path] != got[path] {
				t.Errorf("%q: %v, want %v", path, got[path], want[path])
			}
		}
		t.Fatal("the host is not what the same operations make")
	}
	for path := range want {
		old, kept := before[path]
		old.group = want[path].group
		if kept && old == want[path] {
			continue // as it was: that it is a link now, or none any more, is no change
		}
		if want[path].group != got[path].group {
			t.Errorf("%q: linked to %q, want %q", path, got[path].group, want[path].group)
		}
	}
	if list, _ := filepath.Glob(dir + "/.usandbox*"); len(list) > 0 {
		t.Errorf("left: %v", list)
	}
}

// applied applies all of a run, and finds nothing left.
func applied(t *testing.T, r *Run) {
	t.Helper()
	sum, err := r.Apply(ApplyOptions{Report: func(c *Change, o Outcome, why string) {
		if o != Applied {
			t.Errorf("%c %q: outcome %d: %s", c.Kind, c.Path, o, why)
		}
	}})
	if err != nil || !sum.Complete() || sum.Applied != sum.All {
		t.Fatalf("apply: %+v, %v", sum, err)
	}
	sum, err = r.Apply(ApplyOptions{Report: func(c *Change, o Outcome, why string) { t.Logf("left: %c %q", c.Kind, c.Path) }})
	if err != nil || sum.All != 0 {
		t.Fatalf("apply again: %+v, %v", sum, err)
	}
}

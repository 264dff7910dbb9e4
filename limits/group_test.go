package limits

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestGroupInFolder(t *testing.T) {
	f := newFake(t, "/other")
	dir := filepath.Join(f.root, "mine")
	f.mkdirAll(dir)
	swap := int64(5)
	g, err := newOn(f.host, Limits{Dir: dir, Memory: 1 << 20, MemoryHigh: 1 << 19, Swap: &swap, Pids: 10, CPUs: 1.5, CPUWeight: 7, IOWeight: 8, Default: true})
	if err != nil {
		t.Fatal(err)
	}
	f.has(dir, "cgroup.subtree_control", "+memory +pids +io +cpu")
	for file, want := range map[string]string{
		"memory.max": "1048576", "memory.high": "524288", "memory.swap.max": "5", "memory.oom.group": "1", "pids.max": "10\n", "cpu.max": "150000 100000",
		"cpu.weight": "7", "io.weight": "8",
	} {
		f.has(g.dir, file, strings.TrimSuffix(want, "\n"))
	}
	if want := g.dir + "/" + innerName; g.File().Name() != want {
		t.Errorf("processes are started in %s, want %s", g.File().Name(), want)
	}
	if g.Adopts() {
		t.Error("there is nothing to adopt")
	}
	f.put(g.dir+"/memory.peak", "4096\n")
	f.empty(g.dir)
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	if left := f.left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// The caller leaves its own cgroup for a leaf, and comes back when the last group is removed.
func TestOwnCgroup(t *testing.T) {
	f := newFake(t, "/own")
	own := filepath.Join(f.root, "own")
	f.put(own+"/cgroup.procs", "4711\n")
	g, err := newOn(f.host, Limits{Pids: 10, Default: true})
	if err != nil {
		t.Fatal(err)
	}
	leaf := own + "/usandbox-4711.self"
	f.has(leaf, "cgroup.procs", "0")
	f.has(g.dir, "pids.max", "10")
	f.put(leaf+"/cgroup.procs", "4711\n")
	f.put(own+"/cgroup.subtree_control", "memory pids\n")
	f.empty(g.dir)
	second := own + "/usandbox-9-0"
	f.mkdirAll(second)
	if err := g.Remove(); err != nil {
		t.Fatal(err)
	}
	f.has(own, "cgroup.subtree_control", "memory pids") // somebody else needs it
	f.empty(second)
	os.Remove(second)
	g.tree.restore()
	f.has(own, "cgroup.subtree_control", "-memory -pids")
	f.has(own, "cgroup.procs", "0")
}

func TestNotAlone(t *testing.T) {
	f := newFake(t, "/own")
	own := filepath.Join(f.root, "own")
	f.put(own+"/cgroup.procs", "4711\n4712\n")
	for _, l := range []Limits{{Pids: 10}, {Dir: own}} {
		g, err := newOn(f.host, l)
		var failed *Error
		if g != nil || !errors.As(err, &failed) || failed.Hint == "" || !strings.Contains(err.Error(), "alone in") {
			t.Errorf("%v, %v", g, err)
		}
	}
	f.has(own, "cgroup.subtree_control", "")
	if left := f.left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestMissing(t *testing.T) {
	f := newFake(t, "/other")
	dir := filepath.Join(f.root, "mine")
	f.mkdirAll(dir)
	f.put(dir+"/cgroup.controllers", "memory pids\n")
	_, err := newOn(f.host, Limits{Dir: dir, CPUSet: "0", Memory: 5})
	var failed *Error
	if !errors.As(err, &failed) || failed.Hint != hintController || !strings.Contains(err.Error(), "--cpuset needs the controller cpuset") {
		t.Error(err)
	}
	f.put(dir+"/cgroup.controllers", "cpuset\n") // whose file a fake does not have
	if _, err = newOn(f.host, Limits{Dir: dir, CPUSet: "0"}); err == nil || !strings.Contains(err.Error(), "this kernel has no cpuset.cpus") {
		t.Error(err)
	}
}

// By default nothing is done where it would cost something, and nothing is an error.
func TestDefault(t *testing.T) {
	f := newFake(t, "/own")
	f.put(filepath.Join(f.root, "own/cgroup.procs"), "4711\n")
	for _, l := range []Limits{{}, {BestEffort: true}, {Default: true}} {
		if g, err := newOn(f.host, l); g != nil || err != nil {
			t.Errorf("%+v: %v, %v", l, g, err)
		}
	}
	dir := filepath.Join(f.root, "mine")
	f.mkdirAll(dir)
	g, err := newOn(f.host, Limits{Dir: dir, Default: true})
	if err != nil {
		t.Fatal(err)
	}
	f.has(g.dir, "pids.max", "4096")
	if n := number(g.dir, "memory.max"); n == nil || *n < machineMemory()*8/10 || *n > machineMemory()*95/100 {
		t.Errorf("memory.max is %v of %d", n, machineMemory())
	}
	f.has(g.dir, "memory.swap.max", "max")
}

// Left-overs go with the next run, unless somebody has them or is in them.
func TestSweep(t *testing.T) {
	f := newFake(t, "/other")
	dir := filepath.Join(f.root, "mine")
	made := map[string]string{"left": "usandbox-1-0", "in use": "usandbox-2-0", "has processes": "usandbox-3-0", "leaf": "usandbox-4.self", "another's": "other"}
	for _, name := range made {
		os.MkdirAll(filepath.Join(dir, name), 0o755)
	}
	f.fill(dir)
	sub := filepath.Join(dir, made["left"], innerName)
	os.Mkdir(sub, 0o755)
	f.put(filepath.Join(dir, made["has processes"], "cgroup.events"), "populated 1\n")
	held, err := os.Open(filepath.Join(dir, made["in use"]))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	unix.Flock(int(held.Fd()), unix.LOCK_EX)
	(&tree{h: f.host, dir: dir}).sweep()
	entries, _ := os.ReadDir(dir)
	var left []string
	for _, e := range entries {
		if e.IsDir() {
			left = append(left, e.Name())
		}
	}
	if want := []string{"other", "usandbox-2-0", "usandbox-3-0"}; !slices.Equal(left, want) {
		t.Errorf("left: %v, want %v", left, want)
	}
}

func TestScope(t *testing.T) {
	f := newFake(t, "/session")
	own := filepath.Join(f.root, "session")
	f.put(own+"/cgroup.procs", "1\n4711\n")
	bus := &fakeBus{f: f}
	f.host.bus = func() (scopes, error) { return bus, nil }
	g, err := newOn(f.host, Limits{Memory: 1 << 20})
	if err != nil || !g.Adopts() || g.File() != nil {
		t.Fatal(g, err)
	}
	const outer = 99
	if err := g.Adopt(outer); err != nil {
		t.Fatal(err)
	}
	if len(bus.pids) != 2 || bus.pids[1] != outer || unix.Kill(bus.pids[0], 0) != nil || !bus.ended {
		t.Errorf("%+v", bus)
	}
	f.has(filepath.Join(g.dir, innerName), "cgroup.procs", "99")
	f.has(g.tree.dir, "cgroup.subtree_control", "+memory +pids +io")
	f.has(g.dir, "memory.max", "1048576")
	f.empty(g.dir)
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	if unix.Kill(bus.pids[0], 0) != unix.ESRCH {
		t.Error("the holder is left")
	}

	bus = &fakeBus{f: f, err: errors.New("no scope for you")}
	if g, err = newOn(f.host, Limits{Memory: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	var failed *Error
	if err := g.Adopt(outer); !errors.As(err, &failed) || failed.Hint == "" || !strings.Contains(err.Error(), "--memory: ask systemd for a scope: no scope for you") {
		t.Error(err)
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
}

// What cannot be had falls back to a limit of a process, and is told.
func TestBestEffort(t *testing.T) {
	f := newFake(t, "/own")
	f.put(filepath.Join(f.root, "own/cgroup.procs"), "1\n2\n")
	g, err := newOn(f.host, Limits{Memory: 1 << 40, Pids: 1 << 20, CPUs: 2, BestEffort: true})
	if err != nil || !g.Adopts() || g.Usage() != nil {
		t.Fatal(g, err)
	}
	if lost := strings.Join(g.Lost(), "\n"); !strings.Contains(lost, "RLIMIT_DATA") || !strings.Contains(lost, "RLIMIT_NPROC") || !strings.HasSuffix(lost, "--cpus: does not hold") {
		t.Error(lost)
	}
	hold, err := newHolder()
	if err != nil {
		t.Fatal(err)
	}
	defer hold.end()
	if err := g.Adopt(hold.pid); err != nil {
		t.Fatal(err)
	}
	var now unix.Rlimit
	if err := unix.Prlimit(hold.pid, unix.RLIMIT_DATA, nil, &now); err != nil || now.Max != 1<<40 {
		t.Error(now, err)
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
}

// Remove waits for processes that are dying.
func TestRemoveWaits(t *testing.T) {
	f := newFake(t, "/other")
	dir := filepath.Join(f.root, "mine")
	f.mkdirAll(dir)
	g, err := newOn(f.host, Limits{Dir: dir, Pids: 5})
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { f.empty(g.dir) }) // till then it cannot be removed
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	if left := f.left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

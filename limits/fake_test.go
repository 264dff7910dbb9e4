package limits

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fake is a tree of plain folders that has the files of cgroups; it does not act like one.
type fake struct {
	*host
	t    *testing.T
	root string
}

const fakePID = 4711

// newFake is a host whose caller is in the cgroup own, below the root.
func newFake(t *testing.T, own string) *fake {
	f := &fake{t: t, root: filepath.Join(t.TempDir(), "cg")}
	proc := t.TempDir()
	f.host = &host{proc: proc, pid: fakePID, unlike: func(dir string) bool { return !strings.HasPrefix(dir, f.root) }, patience: 200 * time.Millisecond, lockPatience: 200 * time.Millisecond, made: f.fill,
		bus: func() (scopes, error) { return nil, errors.New("there is no bus") }}
	for _, dir := range []string{proc + "/self", filepath.Join(f.root, own)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f.put(proc+"/self/cgroup", "0::"+own+"\n")
	f.put(proc+"/self/mountinfo", "30 20 0:26 / "+f.root+" rw,nosuid - cgroup2 cgroup2 rw\n")
	f.fill(f.root)
	os.Remove(f.root + "/cgroup.type")
	f.fill(filepath.Join(f.root, own))
	return f
}

// fill gives a folder the files of a cgroup.
func (f *fake) fill(dir string) {
	for name, text := range map[string]string{
		"cgroup.type": "domain\n", "cgroup.procs": "", "cgroup.subtree_control": "", "cgroup.controllers": "cpu io memory pids\n",
		"cgroup.events": "populated 0\nfrozen 0\n", "cgroup.kill": "", "memory.max": "max\n", "memory.high": "max\n", "memory.swap.max": "max\n",
		"memory.oom.group": "0\n", "pids.max": "max\n", "cpu.max": "max 100000\n", "cpu.weight": "100\n", "io.weight": "default 100\n",
	} {
		f.put(filepath.Join(dir, name), text)
	}
}

func (f *fake) put(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// has checks the beginning of a file of a cgroup: what is written to it lies over what was there.
func (f *fake) has(dir, file, want string) {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil || !strings.HasPrefix(string(text), want) {
		f.t.Errorf("%s of %s is %q, %v; want %q", file, filepath.Base(dir), text, err, want)
	}
}

// empty removes the files of a cgroup, which the kernel does by itself.
func (f *fake) empty(dir string) {
	filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			os.Remove(name)
		}
		return nil
	})
}

func (f *fake) left() []string {
	var list []string
	filepath.WalkDir(f.root, func(name string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), prefix) {
			list = append(list, d.Name())
		}
		return nil
	})
	return list
}

// fakeBus makes scopes as folders.
type fakeBus struct {
	f     *fake
	pids  []int
	err   error
	ended bool

	stopped []string
}

func (b *fakeBus) scope(name string, pids []int) error {
	if b.err != nil {
		return b.err
	}
	b.pids = pids
	dir := filepath.Join(b.f.root, name)
	if err := b.f.mkdirAll(dir); err != nil {
		return err
	}
	for _, pid := range pids {
		p := filepath.Join(b.f.proc, strconv.Itoa(pid))
		os.MkdirAll(p, 0o755)
		b.f.put(p+"/cgroup", "0::/"+name+"\n")
	}
	return nil
}

func (b *fakeBus) stop(name string) error {
	b.stopped = append(b.stopped, name)
	return nil
}

func (b *fakeBus) close() { b.ended = true }

func (f *fake) mkdirAll(dir string) error {
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		f.fill(dir)
	}
	return err
}

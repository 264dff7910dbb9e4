package userns

// The list of namespaces, as processes, file descriptors and other namespaces keep
// them.

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func list(t *testing.T, only ...Kind) map[uint64]*Namespace {
	t.Helper()
	all, err := List(only...)
	if err != nil {
		t.Fatal(err)
	}
	found := map[uint64]*Namespace{}
	var before uint64
	for _, n := range all {
		if n.Inode <= before {
			t.Errorf("%v after %d", n, before)
		}
		before = n.Inode
		found[n.Inode] = n
	}
	return found
}

func pids(n *Namespace) (list []int) {
	for _, p := range n.Processes {
		list = append(list, p.PID)
	}
	return list
}

func TestList(t *testing.T) {
	child := started(t, SetOf(User, PID, Network, UTS), waits)
	mine, err := Of(0)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := Of(child)
	if err != nil {
		t.Fatal(err)
	}
	all := list(t)
	for k := range Kind(kinds) {
		n := all[mine[k]]
		if n == nil || n.Kind != k || !slices.Contains(pids(n), os.Getpid()) || !slices.IsSorted(pids(n)) {
			t.Fatalf("%v: %+v", k, n)
		}
		i := slices.Index(pids(n), os.Getpid())
		if p := *n.Processes[i]; p != (Process{os.Getpid(), os.Getppid(), uint32(os.Geteuid()), mine}) {
			t.Errorf("%v: %+v", k, p)
		}
	}
	for _, k := range []Kind{User, PID, Network, UTS} {
		n := all[ids[k]]
		if n == nil || n.Kind != k || !slices.Equal(pids(n), []int{child}) || n.OwnerUID != int64(os.Getuid()) || n.Mounts != nil {
			t.Fatalf("%v: %+v", k, n)
		}
		owner, parent := ids[User], uint64(0)
		switch k {
		case User:
			owner, parent = mine[User], mine[User]
		case PID:
			parent = mine[PID]
		}
		if n.Owner != owner || n.Parent != parent {
			t.Errorf("%v: owner %d, parent %d", n, n.Owner, n.Parent)
		}
		h, err := n.Open()
		if err != nil || h.Inode() != n.Inode || h.Kind() != k {
			t.Fatalf("open %v: %v, %v", n, h, err)
		}
		h.Close()
	}
	// Only of some kinds, and with what is known of them.
	some := list(t, Network, UTS)
	for _, n := range some {
		if n.Kind != Network && n.Kind != UTS {
			t.Errorf("%v was not asked for", n)
		}
	}
	if n := some[ids[UTS]]; n == nil || n.Owner != ids[User] || n.OwnerUID != int64(os.Getuid()) || n.Processes[0].IDs != (IDs{Network: ids[Network], UTS: ids[UTS]}) {
		t.Errorf("%+v", n)
	}
}

// A namespace that only a file descriptor keeps: without an end of the process
// nobody could tell it from any other.
func TestListOfFD(t *testing.T) {
	var h *Handle
	t.Run("process", func(t *testing.T) {
		child := started(t, SetOf(User, Network), waits)
		var err error
		if h, err = OpenOf(child, Network); err != nil {
			t.Fatal(err)
		}
	})
	defer h.Close()
	n := list(t)[h.Inode()]
	if n == nil || n.Kind != Network || len(n.Processes) != 0 || !slices.Equal(n.FDs, []FD{{os.Getpid(), h.Fd()}}) || n.OwnerUID != int64(os.Getuid()) {
		t.Fatalf("%+v", n)
	}
	// Its owner has no process any more either, and is kept by it.
	owner := list(t)[n.Owner]
	if owner == nil || owner.Kind != User || len(owner.Processes)+len(owner.FDs)+len(owner.Mounts) != 0 || owner.OwnerUID != int64(os.Getuid()) {
		t.Fatalf("owner: %+v", owner)
	}
	if _, err := owner.Open(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open %v: %v", owner, err)
	}
	again, err := n.Open()
	if err != nil || again.Inode() != h.Inode() {
		t.Fatalf("%v, %v", again, err)
	}
	again.Close()
	if list(t, User)[n.Inode] != nil || list(t, User)[owner.Inode] != nil {
		t.Error("listed among user namespaces, of which no process or file descriptor tells")
	}
}

// A namespace below one that has no process, and processes that come and go while
// the list is made.
func TestListAmidChanges(t *testing.T) {
	started(t, SetOf(User, PID), "while :; do (:); done & echo; read line") // all end with PID 1
	child := started(t, SetOf(User), "exec unshare -U sh -c '"+waits+"'")
	ids, err := Of(child)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		all := list(t)
		inner := all[ids[User]]
		if inner == nil || !slices.Equal(pids(inner), []int{child}) {
			t.Fatalf("%+v", inner)
		}
		outer := all[inner.Owner]
		if outer == nil || outer.Inode != inner.Parent || len(outer.Processes) != 0 {
			t.Fatalf("%+v, below %+v", inner, outer)
		}
	}
}

func TestDecimal(t *testing.T) {
	for text, want := range map[string]int{
		"1\x00": 1, "32768\x00\x00\x00": 32768, "0\x00": 0, "007\x00": 7,
		"": -1, "\x00": -1, "1": -1, "1a\x00": -1, "a1\x00": -1, "-1\x00": -1, "self\x00": -1, ".\x00": -1, " 1\x00": -1, strings.Repeat("9", 30) + "\x00": -1,
	} {
		if got, ok := decimal([]byte(text)); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %d, %v", text, got, ok)
		}
	}
	var seen []string
	dir := t.TempDir()
	names := []string{"1", "22", "x", "3x", "44444"}
	for _, n := range names {
		if err := os.WriteFile(dir+"/"+n, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := numbers(int(f.Fd()), make([]byte, 64), func(n int) { seen = append(seen, strconv.Itoa(n)) }); err != nil {
		t.Fatal(err)
	}
	slices.Sort(seen)
	if !slices.Equal(seen, []string{"1", "22", "44444"}) {
		t.Errorf("%v", seen)
	}
}

// A process that is no longer in the namespace is not taken for one that is: its
// number may be another's by now.
func TestOpenNamespaceOfAnother(t *testing.T) {
	mine, err := Of(0)
	if err != nil {
		t.Fatal(err)
	}
	self := &Process{PID: os.Getpid()}
	for _, n := range []*Namespace{
		{Kind: Network, Inode: mine[Network] + 1000, Processes: []*Process{self}},
		{Kind: Network, Inode: mine[UTS], Mounts: []string{"/proc/self/ns/uts"}},
		{Kind: Network, Inode: mine[Network], Processes: []*Process{{PID: 1 << 30}}, FDs: []FD{{os.Getpid(), 1 << 30}}},
	} {
		if h, err := n.Open(); h != nil || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v: %v, %v", n, h, err)
		}
	}
	n := &Namespace{Kind: Network, Inode: mine[Network], Processes: []*Process{{PID: 1 << 30}, self}}
	h, err := n.Open()
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
}

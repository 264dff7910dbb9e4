package userns

// Sets of namespace kinds: their names are the kernel's, and nothing but the
// allowed ones is read.

import (
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestKinds(t *testing.T) {
	var flags uint64
	for k := range Kind(kinds) {
		if _, err := os.Lstat("/proc/self/ns/" + k.String()); err != nil {
			t.Errorf("%d: %v", k, err)
		}
		if k.Flag() == 0 || flags&k.Flag() != 0 {
			t.Errorf("%v: flag %#x", k, k.Flag())
		}
		flags |= k.Flag()
	}
	if want := "kind 8"; Kind(kinds).String() != want {
		t.Errorf("String() = %q, want %q", Kind(kinds), want)
	}
}

func TestSet(t *testing.T) {
	all := SetOf(Cgroup, Network, IPC, UTS, Mount, PID, Time, User)
	for _, c := range []struct {
		s     Set
		list  []Kind
		text  string
		flags uint64
	}{
		{0, nil, "", 0},
		{SetOf(), nil, "", 0},
		{SetOf(User), []Kind{User}, "user", unix.CLONE_NEWUSER},
		{SetOf(Network, Network), []Kind{Network}, "net", unix.CLONE_NEWNET},
		// In the order of creation, whatever the order given: the user namespace owns the others.
		{SetOf(Cgroup, Mount, User), []Kind{User, Mount, Cgroup}, "user,mnt,cgroup", unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP},
		{all.Minus(SetOf(User, PID, Time)), []Kind{Mount, UTS, IPC, Network, Cgroup}, "mnt,uts,ipc,net,cgroup",
			unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP},
		{all.Minus(all), nil, "", 0},
	} {
		if !slices.Equal(c.s.List(), c.list) || c.s.String() != c.text || c.s.Flags() != c.flags {
			t.Errorf("%v: list %v, flags %#x", c.s, c.s.List(), c.s.Flags())
		}
		for k := range Kind(kinds) {
			if c.s.Has(k) != slices.Contains(c.list, k) {
				t.Errorf("%v has %v: %v", c.s, k, c.s.Has(k))
			}
		}
	}
}

func TestParseSet(t *testing.T) {
	allowed := SetOf(Network, IPC, UTS)
	for text, want := range map[string]Set{
		"net": SetOf(Network), "ipc,net": SetOf(IPC, Network), "uts,uts": SetOf(UTS), "net,ipc,uts": allowed,
	} {
		if s, err := ParseSet(text, allowed); err != nil || s != want {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", ",", "net,", ",net", "pid", "user,net", "network", "NET", " net", "net ipc", "all", "kind 8", "net\x00"} {
		if s, err := ParseSet(text, allowed); err == nil || s != 0 || !strings.Contains(err.Error(), "is not one of uts,ipc,net") {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}

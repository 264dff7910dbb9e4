package caps

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestCapString(t *testing.T) {
	for c, want := range map[Cap]string{
		unix.CAP_CHOWN:              "cap_chown",
		unix.CAP_NET_ADMIN:          "cap_net_admin",
		unix.CAP_PERFMON:            "cap_perfmon",
		unix.CAP_BPF:                "cap_bpf",
		unix.CAP_CHECKPOINT_RESTORE: "cap_checkpoint_restore",
		unix.CAP_LAST_CAP + 1:       "cap_41",
		42:                          "cap_42",
		63:                          "cap_63",
		64:                          "cap_64",
		-1:                          "cap_-1",
	} {
		if got := c.String(); got != want {
			t.Errorf("Cap(%d) = %q, want %q", int(c), got, want)
		}
	}
}

// Every number the kernel's headers name has a name of its own here.
func TestNamesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for c := Cap(0); c <= unix.CAP_LAST_CAP; c++ {
		name, ok := c.bareName()
		if !ok || seen[name] || !plain(name) || name != strings.ToLower(name) {
			t.Errorf("Cap(%d) has the name %q, %v", int(c), name, ok)
		}
		seen[name] = true
	}
}

func TestSetOperations(t *testing.T) {
	a := None.With(unix.CAP_KILL, unix.CAP_BPF)
	b := None.With(unix.CAP_BPF, 63)
	for _, test := range []struct {
		op        string
		got, want Set
	}{
		{"With", a, 1<<5 | 1<<39},
		{"With nothing", a.With(), a},
		{"With what it has", a.With(unix.CAP_KILL), a},
		{"With out of range", None.With(-1, 64, 1<<40), None},
		{"Without", a.Without(unix.CAP_KILL), 1 << 39},
		{"Without what it lacks", a.Without(unix.CAP_CHOWN), a},
		{"Without out of range", a.Without(-1, 64), a},
		{"Union", a.Union(b), 1<<5 | 1<<39 | 1<<63},
		{"Intersect", a.Intersect(b), 1 << 39},
		{"Minus", a.Minus(b), 1 << 5},
		{"upTo 0", upTo(0), 1},
		{"upTo 40", upTo(40), 0x1ffffffffff},
		{"upTo 63", upTo(63), 0xffffffffffffffff},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %#x, want %#x", test.op, uint64(test.got), uint64(test.want))
		}
	}
	for c, want := range map[Cap]bool{-1: false, 4: false, 5: true, 39: true, 40: false, 64: false, 69: false} {
		if got := a.Has(c); got != want {
			t.Errorf("Has(%d) = %v, want %v", int(c), got, want)
		}
	}
	if got, want := b.List(), []Cap{39, 63}; !slices.Equal(got, want) {
		t.Errorf("List() = %v, want %v", got, want)
	}
	if got := None.List(); got != nil {
		t.Errorf("None.List() = %v, want nil", got)
	}
}

func TestSetString(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		set  Set
		want string
	}{
		{None, "none"},
		{all, "all"},
		{1, "cap_chown"},
		{None.With(unix.CAP_KILL, unix.CAP_CHOWN), "cap_chown,cap_kill"},
		{None.With(unix.CAP_KILL, 63), "cap_kill,cap_63"},
	} {
		if got := test.set.String(); got != test.want {
			t.Errorf("%#x: got %q, want %q", uint64(test.set), got, test.want)
		}
	}
	if more := all.With(63); more != all && more.String() == "all" {
		t.Error("a set of more than all prints as all")
	}
	if got, want := len(strings.Split(all.Without(0).String(), ",")), len(all.List())-1; got != want {
		t.Errorf("all but one prints %d names, want %d", got, want)
	}
}

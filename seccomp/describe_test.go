package seccomp

import (
	"slices"
	"strings"
	"testing"
)

func call(t *testing.T, arch Arch, name string, args ...uint64) Call {
	t.Helper()
	nr, ok := Number(arch, name)
	if !ok {
		t.Fatalf("%v has no %s", arch, name)
	}
	c := Call{Arch: arch, Number: nr}
	copy(c.Args[:], args)
	return c
}

func TestCallString(t *testing.T) {
	foreign, foreignName := I386, "i386"
	if Native == I386 {
		foreign, foreignName = AMD64, "amd64"
	}
	for _, c := range []struct {
		call Call
		want string
	}{
		{call(t, Native, "read", 1, 2, 3), "read"},
		{call(t, Native, "socket", 38), "socket(AF_ALG)"},
		{call(t, Native, "socket", 1<<32|38), "socket(AF_ALG)"}, // it is an int
		{call(t, Native, "socket", 99), "socket(99)"},
		{call(t, Native, "socket", 16, 3, 9), "socket(AF_NETLINK, NETLINK_AUDIT)"},
		{call(t, Native, "socket", 2, 1, 132), "socket(AF_INET, IPPROTO_SCTP)"},
		{call(t, Native, "socket", 10, 1, 256), "socket(AF_INET6, 0x100)"},
		{call(t, Native, "socket", 2, 1, 6), "socket(AF_INET)"},
		{call(t, Native, "clone", 0x10000011), "clone(CLONE_NEWUSER)"},
		{call(t, Native, "clone", 0x1200011), "clone"},
		{call(t, Native, "unshare", 0x10020000), "unshare(CLONE_NEWUSER|CLONE_NEWNS)"},
		{call(t, Native, "ioctl", 0, 0x5412), "ioctl(TIOCSTI)"},
		{call(t, Native, "ioctl", 0, 1), "ioctl(1)"},
		{call(t, Native, "fchmodat", 3, 0, 0o4755), "fchmodat(S_ISUID)"},
		{call(t, Native, "openat", 0, 0, 0o101, 0o644), "openat"},
		{Call{Arch: Native, Number: 5555}, "5555"},
		{call(t, foreign, "mount"), foreignName + " mount"},
	} {
		if got := c.call.String(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.call, got, c.want)
		}
	}
}

func TestAllowing(t *testing.T) {
	for _, c := range []struct {
		call Call
		open []string
		want string
	}{
		{call(t, Native, "read"), nil, ""},
		{call(t, Native, "mount"), nil, "mount"},
		{call(t, Native, "mount"), []string{"mount"}, ""},
		{call(t, Native, "socket", 38), nil, "sockets"},
		{call(t, Native, "unshare", 0x20000), nil, "namespaces"},
		{call(t, Native, "unshare", 0x10000000), nil, "userns"},
		{Call{Arch: Native, Number: 5555}, nil, ""},
	} {
		if got := strings.Join(Allowing(c.call, c.open...), ","); got != c.want {
			t.Errorf("%v, open %v: %q, want %q", c.call, c.open, got, c.want)
		}
	}
	if all := Processor(); len(all) > 1 { // a call that two groups are in the way of
		got := Allowing(call(t, all[1], "mount"))
		slices.Sort(got)
		if want := []string{all[1].String(), "mount"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

// Every constant is read back, and no name is there twice with two values.
func TestConstants(t *testing.T) {
	seen := map[string]uint64{}
	for f := range families {
		for _, c := range f.constants() {
			if v, ok := seen[c.name]; ok && v != c.value {
				t.Errorf("%s is %d and %d", c.name, v, c.value)
			}
			seen[c.name] = c.value
			if v, err := ParseValue(c.name); err != nil || v != c.value {
				t.Errorf("%s: %d, %v", c.name, v, err)
			}
		}
	}
}

func TestParseValue(t *testing.T) {
	for text, want := range map[string]uint64{
		"0": 0, "0x10": 16, "020": 16, "0o20": 16, "0b10000": 16, "18446744073709551615": 1<<64 - 1,
		"1|2|0x10": 19, "S_ISUID|0755": 0o4755,
	} {
		if got, err := ParseValue(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "|", "1|", "-1", "1.5", "18446744073709551616", "AF_", "af_unix", " 1", "0x"} {
		if v, err := ParseValue(text); err == nil {
			t.Errorf("%q is %d", text, v)
		}
	}
}

package caps

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name string
		last Cap
		want Set
	}{
		{"cap_chown", 40, 1},
		{"CAP_NET_ADMIN", 40, 1 << 12},
		{"net_admin", 40, 1 << 12},
		{"Cap_Kill", 40, 1 << 5},
		{"bpf", 40, 1 << 39},
		{"cap_checkpoint_restore", 40, 1 << 40},
		{"all", 40, 1<<41 - 1},
		{"ALL", 37, 1<<38 - 1},
		{"cap_42", 42, 1 << 42},
		{"cap_63", 63, 1 << 63},
	} {
		if got, err := parse(test.name, test.last); err != nil || got != test.want {
			t.Errorf("%q: got %#x, %v, want %#x", test.name, uint64(got), err, uint64(test.want))
		}
	}
}

func TestParseUnknown(t *testing.T) {
	for _, test := range []struct {
		name  string
		last  Cap
		close []string
	}{
		{"", 40, nil},
		{"none", 40, nil},
		{"unknown", 63, nil},
		{"cap_", 40, nil},
		{"cap_cap_kill", 40, []string{"cap_kill"}},
		{"cap_all", 40, nil},
		{" cap_kill", 40, nil},
		{"cap_kill\n", 40, nil},
		{"cap_kill,cap_chown", 40, nil},
		{"cap-kill", 40, nil},
		{"+cap_kill", 40, nil},
		{"cap_\u212aill", 40, nil}, // the Kelvin sign, which folds to k
		{"cap_kill\x00", 40, nil},
		{strings.Repeat("a", 1<<20), 40, nil},

		{"cap_12", 40, nil},  // it has a name
		{"cap_42", 40, nil},  // not in this kernel
		{"cap_042", 63, nil}, // not as printed
		{"cap_64", 63, nil},
		{"cap_bpf", 38, nil}, // not in this kernel

		{"cap_net_amdin", 40, []string{"cap_net_admin"}},
		{"SYS_ADMN", 40, []string{"cap_sys_admin"}},
		{"chwon", 40, []string{"cap_chown"}},
		{"cap_klil", 40, []string{"cap_kill"}},
		{"kil", 40, []string{"cap_kill"}},
		{"admin", 40, []string{"cap_net_admin", "cap_sys_admin", "cap_mac_admin"}},
		{"checkpoint", 40, []string{"cap_checkpoint_restore"}},
		{"checkpoint", 39, nil},
		{"in", 40, nil},
		{"sys", 40, []string{"cap_syslog", "cap_sys_boot", "cap_sys_nice"}},
		{"my_kill_" + strings.Repeat("x", 56), 40, []string{"cap_kill"}},
		{"my_kill_" + strings.Repeat("x", 57), 40, nil}, // too long to look at
	} {
		got, err := parse(test.name, test.last)
		var unknown *UnknownError
		if !errors.As(err, &unknown) || got != None {
			t.Errorf("%.20q: got %#x, %v, want an UnknownError", test.name, uint64(got), err)
			continue
		}
		want := &UnknownError{Name: test.name, Close: test.close}
		if !reflect.DeepEqual(unknown, want) {
			t.Errorf("%.20q: close %q, want %q", test.name, unknown.Close, want.Close)
		}
	}
}

func TestUnknownErrorText(t *testing.T) {
	for _, test := range []struct {
		err  UnknownError
		want string
	}{
		{UnknownError{Name: "a\n"}, `parse capability "a\n": this kernel has none of that name`},
		{UnknownError{"kil", []string{"cap_kill", "cap_chown"}},
			`parse capability "kil": this kernel has none of that name; close: cap_kill, cap_chown`},
		{UnknownError{Name: strings.Repeat("a", 65)},
			`parse capability "` + strings.Repeat("a", 64) + `"... (65 bytes): this kernel has none of that name`},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

// What Parse accepts is one capability or all, and reading its print gives it back.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"", "all", "cap_all", "cap_kill", "NET_ADMIN", "cap_42", "42", "cap_12", "\u212aill"} {
		f.Add(name, uint8(unix.CAP_LAST_CAP))
	}
	f.Fuzz(func(t *testing.T, name string, n uint8) {
		last := Cap(n) % (maxCap + 1)
		set, err := parse(name, last)
		if err != nil {
			var unknown *UnknownError
			if !errors.As(err, &unknown) || set != None || len(unknown.Close) > maxClose {
				t.Fatalf("%q: %#x, %v", name, uint64(set), err)
			}
			for _, close := range unknown.Close {
				if _, err := parse(close, last); err != nil {
					t.Fatalf("%q: suggested %q: %v", name, close, err)
				}
			}
			if text := unknown.Error(); strings.ContainsAny(text, "\n\x1b\x00") || len(text) > 512 {
				t.Fatalf("%q: error text %q", name, text)
			}
			return
		}
		if strings.EqualFold(name, "all") {
			if set != upTo(last) {
				t.Fatalf("all is %#x with last %d", uint64(set), int(last))
			}
			return
		}
		list := set.List()
		if len(list) != 1 || list[0] > last {
			t.Fatalf("%q: %v with last %d", name, list, int(last))
		}
		if again, err := parse(list[0].String(), last); err != nil || again != set {
			t.Fatalf("%q: printed %v, read back as %#x, %v", name, list[0], uint64(again), err)
		}
	})
}

package relay

import (
	"context"
	"net/netip"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// What is tried without waiting is this machine's loopback addresses alone, in the order of
// Happy Eyeballs; what was tried is not tried again.
func TestSprint(t *testing.T) {
	const yes, no, later = "connected", "refused", "in progress"
	lookup := func(context.Context) ([]netip.Addr, error) { return nil, nil }
	for _, test := range []struct {
		name    string
		lookups [2]func(context.Context) ([]netip.Addr, error)
		addrs   []string
		answers map[string]string
		sprint  []string // tried by sprint
		run     []string // tried by run
	}{
		{name: "at once", addrs: []string{"::1", "127.0.0.1"}, answers: map[string]string{"::1": yes}, sprint: []string{"::1"}},
		{name: "the second", addrs: []string{"::1", "127.0.0.1"}, answers: map[string]string{"::1": no, "127.0.0.1": yes}, sprint: []string{"::1", "127.0.0.1"}},
		{name: "none", addrs: []string{"::1", "127.0.0.1"}, answers: map[string]string{"::1": no, "127.0.0.1": no}, sprint: []string{"::1", "127.0.0.1"}},
		{name: "elsewhere", addrs: []string{"192.0.2.1"}, answers: map[string]string{"192.0.2.1": yes}, run: []string{"192.0.2.1"}},
		{name: "elsewhere second", addrs: []string{"::1", "192.0.2.1"}, answers: map[string]string{"::1": no, "192.0.2.1": yes}, sprint: []string{"::1"}, run: []string{"192.0.2.1"}},
		{name: "elsewhere first", addrs: []string{"2001:db8::1", "127.0.0.1"}, answers: map[string]string{"2001:db8::1": yes}, run: []string{"2001:db8::1"}},
		{name: "not at once", addrs: []string{"127.0.0.1"}, answers: map[string]string{"127.0.0.1": later}, sprint: []string{"127.0.0.1"}, run: []string{"127.0.0.1"}},
		{name: "not known", lookups: [2]func(context.Context) ([]netip.Addr, error){lookup, nil}, addrs: []string{"127.0.0.1"}, answers: map[string]string{"127.0.0.1": yes}, run: []string{"127.0.0.1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var tried []string
			running := false
			r := &race{port: 443, lookups: test.lookups, more: func() bool { return true }, less: func() {}}
			r.begin = func(a netip.AddrPort) (int, bool, error) {
				tried = append(tried, a.Addr().String())
				answer := test.answers[a.Addr().String()]
				if answer == no {
					return -1, false, unix.ECONNREFUSED
				}
				fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
				if err != nil {
					t.Fatal(err)
				}
				return fd, answer == yes || running, nil
			}
			for _, s := range test.addrs {
				a := netip.MustParseAddr(s)
				family := 0
				if a.Is4() {
					family = 1
				}
				r.pending[family] = append(r.pending[family], a)
			}
			fd, _, ok := r.sprint()
			if !slices.Equal(tried, test.sprint) {
				t.Errorf("tried without waiting: %v, want %v", tried, test.sprint)
			}
			if r.tried != (len(tried) > 0) && !ok {
				t.Errorf("tried is %v", r.tried)
			}
			if !ok {
				tried, running = nil, true
				var err error
				fd, _, err = r.run(t.Context())
				if !slices.Equal(tried, test.run) || (err == nil) != (len(test.run) > 0) {
					t.Errorf("tried then: %v, want %v; %v", tried, test.run, err)
				}
			}
			if fd >= 0 {
				unix.Close(fd)
			}
		})
	}
}

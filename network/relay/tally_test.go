package relay

import (
	"net/netip"
	"testing"

	"github.com/usandbox/usandbox/network"
)

// What is said to allow a name allows what was refused: also where that was an address
// that the name has.
func TestTallyFlags(t *testing.T) {
	tally := newTally()
	add := func(name string, port uint16, flag string) {
		to := netip.AddrPortFrom(netip.MustParseAddr("198.18.1.1"), port)
		tally.add(&target{proto: network.TCP, name: name, to: to, verdict: network.Verdict{Flag: flag}}, "")
	}
	add("a.test", 80, "--allow a.test:80")
	add("a.test", 8080, "--allow a.test:8080")
	add("b.test", 80, "--allow 127.0.0.1:80")
	add("b.test", 8080, "--allow 127.0.0.1:8080")
	add("c.test", 80, "--allow c.test.test:80")
	add("c.test", 81, "--allow c.test:81")
	list, _ := tally.list()
	for i, want := range []string{"--allow a.test:80,8080", "--allow 127.0.0.1:80 --allow 127.0.0.1:8080", "--allow c.test.test:80 --allow c.test:81"} {
		if list[i].Allow != want {
			t.Errorf("%s: %s", list[i].Name, list[i].Allow)
		}
	}
}

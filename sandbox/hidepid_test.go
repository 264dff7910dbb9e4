package sandbox

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/mounts"
)

// An option that the kernel would not apply to the command is refused.
func TestHidePID(t *testing.T) {
	groups, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	exempt := slices.Contains(groups, 0)
	mapped := idmap.Map{{Inside: 0, Outside: 0, Count: 10}}
	for _, c := range []struct {
		name    string
		as      *Credential
		id      identity
		refused bool
	}{
		{"user", nil, identity{outer: Credential{5, 5}}, exempt},
		{"group 0", nil, identity{outer: Credential{5, 0}}, true},
		{"as another", &Credential{5, 5}, identity{outer: Credential{5, 5}}, false},
		{"as one of group 0", &Credential{5, 0}, identity{outer: Credential{5, 0}}, true},
		{"mapped to 0", nil, identity{outer: Credential{5, 5}, gidMap: mapped, mapGIDs: true, dropGroups: true}, true},
		{"mapped to another", nil, identity{outer: Credential{0, 0}, gid: 3, gidMap: mapped, mapGIDs: true, dropGroups: true}, false},
	} {
		for option, refused := range map[string]bool{"": false, "off": false, "ptraceable": false, "noaccess": c.refused, "invisible": c.refused} {
			p := &Policy{As: c.as, Files: []mounts.Entry{mounts.Proc{Target: "/proc", HidePID: option}}}
			err := p.checkHidePID(c.id)
			var entry *mounts.Error
			if (err != nil) != refused || err != nil && (!errors.As(err, &entry) || entry.Hint == "") {
				t.Errorf("%s, hidepid=%s: %v", c.name, option, err)
			}
		}
	}
}

package sandbox

// Policies that are wrong in themselves are refused with the field's name, and
// the ids that are not given get the right defaults.

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/attrs"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/userns"
)

func TestPolicyCheck(t *testing.T) {
	long := strings.Repeat("n", 65)
	overlap := idmap.Map{{Inside: 0, Outside: 1, Count: 5}, {Inside: 3, Outside: 100, Count: 1}}
	score := func(n int) *int { return &n }
	question := attrs.Personality(1<<32 - 1)
	for _, c := range []struct {
		name   string
		policy Policy
		field  string
		root   bool // the error is one of root's policies only
	}{
		{"zero", Policy{}, "", false},
		{"everything that can be shared", Policy{Share: shareable}, "", false},
		{"user namespace", Policy{Share: userns.SetOf(userns.User)}, "Share", false},
		{"mount namespace", Policy{Share: userns.SetOf(userns.Mount, userns.Network)}, "Share", false},
		{"PID namespace", Policy{Share: userns.SetOf(userns.PID)}, "Share", false},
		{"time namespace", Policy{Share: userns.SetOf(userns.Time)}, "Share", false},
		{"host name and UTS", Policy{Share: userns.SetOf(userns.UTS), Hostname: "h"}, "Hostname", false},
		{"domain name and UTS", Policy{Share: userns.SetOf(userns.UTS), Domainname: "d"}, "Hostname", false},
		{"longest host name", Policy{Hostname: long[:64], Domainname: long[:64]}, "", false},
		{"long host name", Policy{Hostname: long}, "Hostname", false},
		{"long domain name", Policy{Domainname: long}, "Hostname", false},
		{"as no user", Policy{As: &Credential{noID, 1}}, "As", true},
		{"as no group", Policy{As: &Credential{1, noID}}, "As", true},
		{"overlapping user ids", Policy{UIDMap: overlap}, "UIDMap", false},
		{"overlapping group ids", Policy{GIDMap: overlap}, "GIDMap", false},
		{"umask", Policy{Umask: ID(0o777)}, "", false},
		{"umask with a set-id bit", Policy{Umask: ID(0o1000)}, "Umask", false},
		{"oom_score_adj", Policy{OOMScoreAdj: score(-1000)}, "", false},
		{"low oom_score_adj", Policy{OOMScoreAdj: score(-1001)}, "OOMScoreAdj", false},
		{"high oom_score_adj", Policy{OOMScoreAdj: score(1001)}, "OOMScoreAdj", false},
		{"question for the personality", Policy{Personality: &question}, "Personality", false},
	} {
		err := c.policy.check()
		var refused *PolicyError
		switch {
		case c.root && os.Geteuid() != 0:
			c.field = "As" // whatever it says: only root has it
			fallthrough
		case c.field != "":
			if !errors.As(err, &refused) || refused.Field != c.field || errors.Unwrap(err) == nil {
				t.Errorf("%s: %v", c.name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := (&Policy{As: &Credential{1, 1}}).check(); (err == nil) != (os.Geteuid() == 0) {
		t.Errorf("As, by user %d: %v", os.Geteuid(), err)
	}
}

func TestMapping(t *testing.T) {
	const own = 1000
	ranges := idmap.Map{{Inside: 5, Outside: 100000, Count: 10}, {Inside: 0, Outside: own, Count: 1}}
	noZero := idmap.Map{{Inside: 5, Outside: 100000, Count: 10}, {Inside: 20, Outside: own, Count: 1}}
	for _, c := range []struct {
		name   string
		ranges idmap.Map
		inside *uint32
		m      idmap.Map
		id     uint32
		ranged bool
		err    string
	}{
		{"nothing given", nil, nil, idmap.One(own, own), own, false, ""},
		{"empty map", idmap.Map{}, nil, idmap.One(own, own), own, false, ""},
		{"zero", nil, ID(0), idmap.One(0, own), 0, false, ""},
		{"another", nil, ID(7), idmap.One(7, own), 7, false, ""},
		{"no id", nil, ID(noID), nil, 0, false, "4294967295 is no id"},
		{"map with 0", ranges, nil, ranges, 0, true, ""},
		{"map without 0", noZero, nil, noZero, 5, true, ""},
		{"map and id", ranges, ID(14), ranges, 14, true, ""},
		{"map and first id outside of it", ranges, ID(15), nil, 0, false, "15 is not in the map"},
		{"map and no id", ranges, ID(noID), nil, 0, false, "is not in the map"},
	} {
		m, id, ranged, err := mapping(c.ranges, c.inside, own)
		if !reflect.DeepEqual(m, c.m) || id != c.id || ranged != c.ranged ||
			(err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, %d, %v, %v", c.name, m, id, ranged, err)
		}
	}
}

func TestIdentity(t *testing.T) {
	uid, gid := uint32(os.Geteuid()), uint32(os.Getegid())
	more := idmap.Map{{Inside: 0, Outside: gid, Count: 1}, {Inside: 1, Outside: 100000, Count: 10}}
	alone := idmap.One(0, gid)
	other := idmap.One(0, gid+1)
	for _, c := range []struct {
		name    string
		p       Policy
		outer   Credential
		uid     uint32
		gid     uint32
		changes bool
		drop    bool
	}{
		{"zero", Policy{}, Credential{uid, gid}, uid, gid, false, false},
		{"ids", Policy{UID: ID(3), GID: ID(4)}, Credential{uid, gid}, 3, 4, false, false},
		{"as", Policy{As: &Credential{7, 8}}, Credential{7, 8}, 7, 8, false, false},
		{"as and ids", Policy{As: &Credential{7, 8}, UID: ID(0)}, Credential{7, 8}, 0, 8, false, false},
		{"user ids", Policy{UIDMap: idmap.One(0, uid)}, Credential{uid, gid}, 0, gid, true, false},
		{"group ids", Policy{GIDMap: more}, Credential{uid, gid}, uid, 0, true, true},
		{"own group id", Policy{GIDMap: alone}, Credential{uid, gid}, uid, 0, true, false},
		{"one other group id", Policy{GIDMap: other}, Credential{uid, gid}, uid, 0, true, true},
	} {
		id, err := c.p.identity()
		if err != nil || id.outer != c.outer || id.uid != c.uid || id.gid != c.gid || id.changes() != c.changes || id.dropGroups != c.drop {
			t.Errorf("%s: %+v, %v", c.name, id, err)
		}
	}
	for field, p := range map[string]Policy{"UID": {UID: ID(noID)}, "GID": {GIDMap: more, GID: ID(11)}} {
		var refused *PolicyError
		if _, err := p.identity(); !errors.As(err, &refused) || refused.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

package idmap

import (
	"errors"
	"testing"
)

func TestCheckDelegated(t *testing.T) {
	sub := []SubRange{{100000, 10}, {100010, 10}, {100005, 3}, {4294967290, 5}, {77, 0}, {4294967295, 4294967295}, {4200000000, 4294967295}}
	for spec, ok := range map[string]bool{
		"0:1000:1":       true,
		"0:1000:2":       false, // the own id only by itself
		"0:1001:1":       false,
		"0:0:1":          false,
		"0:100000:10":    true,
		"0:100009:1":     true,
		"0:100003:16":    true, // spans two
		"0:100000:20":    true,
		"0:100000:21":    false,
		"0:99999:2":      false,
		"0:100019:2":     false,
		"0:100020:1":     false,
		"0:4294967290:5": true,
		"0:4294967289:2": false,
		"0:77:1":         false, // from an empty range
		"0:4200000000:1": false, // from one that wraps around
		"0:0:4294967295": false,
	} {
		r, err := ParseRange(spec)
		if err != nil {
			t.Fatal(err)
		}
		err = Map{r}.CheckDelegated(UID, 1000, sub)
		if (err == nil) != ok {
			t.Errorf("%s: %v", spec, err)
		}
		// The fault is found behind a good range, too.
		if err := (Map{{5000, 100000, 1}, r}).CheckDelegated(UID, 1000, sub); !ok && err == nil {
			t.Errorf("%s as second range is taken", spec)
		}
	}
}

func TestCheckDelegatedErrors(t *testing.T) {
	sub := []SubRange{{100000, 65536}}
	err := auto.CheckDelegated(GID, 1001, sub)
	var not *NotDelegatedError
	if !errors.As(err, &not) || not.Kind != GID || not.Range != auto[0] || not.Own != 1001 || len(not.Have) != 1 {
		t.Fatalf("%#v", err)
	}
	const want = "check gid map: range 0:1000:1: outside ids 1000 to 1000 are not delegated by /etc/subgid, which has 100000:65536; the own id is 1001"
	if err.Error() != want {
		t.Errorf("%v", err)
	}
	wantError(t, One(0, 5).CheckDelegated(UID, 1000, nil), "/etc/subuid, which has nothing")
	many := make([]SubRange, 100)
	wantError(t, One(0, 5).CheckDelegated(UID, 1000, many), "0:0, ...;")

	wantError(t, Map{}.CheckDelegated(UID, 0, sub), "empty")
	wantError(t, Map{{0, 4294967295, 2}}.CheckDelegated(UID, 1, []SubRange{{0, 2}}), "outside")
	wantError(t, auto.CheckDelegated(2, 1000, sub), "BUG", "Kind(2)")
}

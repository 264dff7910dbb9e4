package limits

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// Of the scopes beside one, those are stopped that nobody is in and whose callers are
// gone: no other's, nor one that systemd is just making.
func TestStaleScopes(t *testing.T) {
	f := newFake(t, "")
	now := time.Now()
	const dead, living = 4001, 4002
	if err := os.MkdirAll(filepath.Join(f.proc, strconv.Itoa(living)), 0o755); err != nil {
		t.Fatal(err)
	}
	own := scopeName(dead, now.Add(1))
	scopes := map[string]string{ // name: populated
		own:                                    "0",
		scopeName(dead, now):                   "0",
		scopeName(dead, now.Add(-time.Hour)):   "1",
		scopeName(living, now):                 "0",
		scopeName(living, now.Add(-time.Hour)): "0",
		"usandbox-" + strconv.Itoa(dead):       "0",
		"usandbox-0-zz.scope":                  "0",
		"other-4001-zz.scope":                  "0",
	}
	for name, populated := range scopes {
		dir := filepath.Join(f.root, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		f.put(filepath.Join(dir, "cgroup.events"), "populated "+populated+"\nfrozen 0\n")
	}
	bus := &fakeBus{f: f}
	(&scoped{h: &host{proc: f.proc}, bus: bus}).sweep(filepath.Join(f.root, own))
	want := []string{scopeName(dead, now), scopeName(living, now.Add(-time.Hour))}
	slices.Sort(want)
	slices.Sort(bus.stopped)
	if !slices.Equal(bus.stopped, want) {
		t.Errorf("stopped: %q, want %q", bus.stopped, want)
	}
}

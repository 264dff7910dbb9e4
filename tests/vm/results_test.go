package main

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// printed is what "go test -v" prints, of scripts and of tests in Go.
const printed = `=== RUN   TestScript
=== RUN   TestScript/user
=== RUN   TestScript/user/caps
=== RUN   TestScript/user/tun
=== CONT  TestScript/user/caps
=== NAME  TestScript/user/tun
    testscript.go:584: > [!tun] skip 'this user cannot open it'
        
    script_test.go:120: skip: this user cannot open it
=== NAME  TestScript/user/caps
    testscript.go:558: FAIL: testdata/script/caps.txt:3
--- FAIL: TestScript (1.00s)
    --- FAIL: TestScript/user (1.00s)
        --- FAIL: TestScript/user/caps (0.10s)
        --- SKIP: TestScript/user/tun (0.00s)
        --- PASS: TestScript/user/env (0.00s)
=== RUN   TestPids
--- PASS: TestPids (0.10s)
=== RUN   TestRoot
    limits_test.go:12: only root can
--- SKIP: TestRoot (0.00s)
FAIL
`

func TestReadResults(t *testing.T) {
	r, err := readResults(strings.NewReader(printed))
	if err != nil {
		t.Fatal(err)
	}
	if r.Passed != 2 {
		t.Errorf("%d passed, want TestPids and env", r.Passed)
	}
	if want := []string{"TestScript/user/caps"}; !slices.Equal(r.Failed, want) {
		t.Errorf("failed: %q, want %q", r.Failed, want)
	}
	if want := map[string]string{"TestScript/user/tun": "this user cannot open it", "TestRoot": "only root can"}; !maps.Equal(r.Skipped, want) {
		t.Errorf("skipped: %q, want %q", r.Skipped, want)
	}
}

// However a machine ends, it is told.
func TestFinish(t *testing.T) {
	for _, c := range []struct {
		passed, code int
		err          error
		failed       int
		skipped      int
	}{
		{passed: 1},
		{passed: 1, code: 1, failed: 1},
		{failed: 1}, // nothing ran
		{code: notHere, skipped: 1},
		{passed: 1, err: errors.New("the machine ended"), failed: 1},
	} {
		r := Results{Passed: c.passed, Skipped: map[string]string{}}
		r.finish(c.code, c.err, "this kernel has none")
		if len(r.Failed) != c.failed || len(r.Skipped) != c.skipped {
			t.Errorf("%+v: %d failed, %d skipped", c, len(r.Failed), len(r.Skipped))
		}
	}
}

func TestTable(t *testing.T) {
	list := []Results{
		{Kernel: "6.1.0-56", Suite: "scripts", Passed: 7, Skipped: map[string]string{"A": "too old", "B": "too old"}, Took: 90 * time.Second, Commit: "abc"},
		{Kernel: "6.12.1", Suite: "scripts", Passed: 9, Skipped: map[string]string{"B": "too old"}},
	}
	var b strings.Builder
	if !printTable(&b, list) {
		t.Error("nothing failed, but it is no success")
	}
	for _, want := range []string{
		"| 6.1.0-56 | scripts | 7 | 0 | 2 | 1m30s | abc |\n",
		"| 6.12.1 | scripts | 9 | 0 | 1 | 0s |  |\n",
		"\n- skipped: scripts on 6.1, 6.12: too old (A, B)\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, &b)
		}
	}
	b.Reset()
	list[1].Failed = []string{"C"}
	if printTable(&b, list) || !strings.Contains(b.String(), "- FAILED: 6.12.1, scripts: C\n") {
		t.Errorf("a failure is not told:\n%s", &b)
	}
}

// What is kept is read again, the newest of a kernel's series only, in the order of versions.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	if _, err := kept(dir); err == nil {
		t.Error("there is nothing, and no error")
	}
	for _, r := range []Results{
		{Kernel: "6.12.1-cloud", Suite: "escape", Passed: 1, Took: time.Minute, Commit: "old"},
		{Kernel: "6.12.2-cloud", Suite: "escape", Passed: 2, Skipped: map[string]string{"A": "none"}, Took: time.Minute, Commit: "new"},
		{Kernel: "6.1.9-cloud", Suite: "escape", Passed: 3, Took: time.Minute},
		{Kernel: "6.1.9-cloud", Suite: "scripts", Passed: 4, Took: time.Minute},
		{Kernel: "6.1.9-cloud", Suite: "gone", Passed: 5},
	} {
		if err := keep(dir, r); err != nil {
			t.Fatal(err)
		}
	}
	list, err := kept(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	printTable(&b, list)
	_, got, _ := strings.Cut(b.String(), "---|\n")
	want := "| 6.1.9-cloud | scripts | 4 | 0 | 0 | 1m0s |  |\n" +
		"| 6.1.9-cloud | escape | 3 | 0 | 0 | 1m0s |  |\n" +
		"| 6.12.2-cloud | escape | 2 | 0 | 1 | 1m0s | new |\n\n- skipped: escape on 6.12: none (A)\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What failed last is run again by its name alone, and its new result replaces the old one.
func TestAgain(t *testing.T) {
	dir := t.TempDir()
	k, s := Kernel{Version: "6.1.9-cloud"}, Suite{Name: "escape"}
	if _, err := last(dir, k, s); err == nil {
		t.Error("nothing was run, and no error")
	}
	old := Results{Kernel: k.Version, Suite: s.Name, Commit: "a", Passed: 5, Failed: []string{"TestKill/with_(x)", "TestB"}, Skipped: map[string]string{"C": "none"}, Took: time.Minute}
	if err := keep(dir, old); err != nil {
		t.Fatal(err)
	}
	if _, err := last(dir, Kernel{Version: "6.1.10-cloud"}, s); err == nil {
		t.Error("another kernel, and no error")
	}
	r, err := last(dir, k, s)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pattern(r.Failed), `^TestKill$/^with_\(x\)$|^TestB$`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	got := r.with(Results{Commit: "b", Passed: 1, Failed: []string{"TestB"}, Skipped: map[string]string{"D": "too old"}, Took: time.Minute})
	want := Results{Kernel: k.Version, Suite: s.Name, Commit: "a, b", Passed: 6, Failed: []string{"TestB"}, Skipped: map[string]string{"C": "none", "D": "too old"}, Took: 2 * time.Minute}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

package main

import (
	"errors"
	"maps"
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
		{Kernel: "6.1.0-56", Suite: "scripts", Passed: 7, Skipped: map[string]string{"A": "too old", "B": "too old"}, Took: 90 * time.Second},
		{Kernel: "6.12.1", Suite: "scripts", Passed: 9, Skipped: map[string]string{"B": "too old"}},
	}
	var b strings.Builder
	if !printTable(&b, list) {
		t.Error("nothing failed, but it is no success")
	}
	for _, want := range []string{
		"| 6.1.0-56 | scripts | 7 | 0 | 2 | 1m30s |\n",
		"| 6.12.1 | scripts | 9 | 0 | 1 | 0s |\n",
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

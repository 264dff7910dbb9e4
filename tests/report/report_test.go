package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// output is what go test -json prints, as pairs of test and action; "log:" is
// output.
func output(lines ...string) string {
	var b strings.Builder
	for _, l := range lines {
		f := strings.SplitN(l, " ", 3)
		action, test, text := f[0], f[1], ""
		if len(f) == 3 {
			text = `,"Output":"` + f[2] + `\n"`
		}
		if test != "-" {
			test = `,"Test":"` + test + `"`
		} else {
			test = ""
		}
		b.WriteString(`{"Action":"` + action + `","Package":"example.com/a/b/c/d"` + test + text + "}\n")
	}
	return b.String()
}

func TestReport(t *testing.T) {
	for _, x := range []struct {
		name, in, want string
		ok             bool
	}{
		{"passes", output("run T", "run T/a", "pass T/a", "run T/b", "pass T/b", "pass T", "pass -"),
			"2 passed, 0 failed, 0 skipped\n", true},
		{"fails", output("run T", "run T/a", "output T/a it broke", "fail T/a", "fail T", "fail -"),
			"FAILED: c/d T/a\nit broke\n\n0 passed, 1 failed, 0 skipped\n", false},
		{"fails beside its subtests", output("run T", "run T/a", "pass T/a", "output T it broke", "fail T", "fail -"),
			"FAILED: c/d T\nit broke\n\n1 passed, 1 failed, 0 skipped\n", false},
		{"names with slashes", output("run T", "run T//proc/1", "pass T//proc/1", "pass T", "pass -"),
			"1 passed, 0 failed, 0 skipped\n", true},
		{"skip that is allowed", output("run T", "output T     x_test.go:7: no tool", "output T --- SKIP: T (0.00s)", "skip T", "pass -"),
			"skipped: c/d T: no tool\n0 passed, 0 failed, 1 skipped\n", true},
		{"skip that is marked", output("run T", "output T     x_test.go:7: skip: no tool", "output T     x_test.go:9: more", "skip T", "pass -"),
			"skipped: c/d T: no tool\n0 passed, 0 failed, 1 skipped\n", true},
		{"skip that is not", output("run T", "output T     x_test.go:7: too lazy", "skip T", "pass -"),
			"SKIPPED for a reason that is not in the list: c/d T: too lazy\n0 passed, 1 failed, 0 skipped\n", false},
		{"skip without a reason", output("run T", "skip T", "pass -"),
			"SKIPPED for a reason that is not in the list: c/d T: \n0 passed, 1 failed, 0 skipped\n", false},
		{"a test that never ends", output("run T", "output - panic", "fail -"),
			"FAILED: c/d T\nit never ended\n\nFAILED: c/d \npanic\n\n0 passed, 2 failed, 0 skipped\n", false},
		{"a package that does not build", `{"ImportPath":"example.com/a/b/c/d","Action":"build-output","Output":"wrong\n"}
{"ImportPath":"example.com/a/b/c/d","Action":"build-fail"}
`, "FAILED: c/d \nwrong\n\n0 passed, 1 failed, 0 skipped\n", false},
		{"no tests", output("start -", "output - ? no test files", "skip -"), "0 passed, 0 failed, 0 skipped\n", true},
		{"go fails", "go: no such package\n", "go: no such package\n0 passed, 1 failed, 0 skipped\n", false},
	} {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			in, skips := filepath.Join(dir, "in"), filepath.Join(dir, "skips")
			if err := os.WriteFile(in, []byte(x.in), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(skips, []byte("# tools are not everywhere\nc/d T: no .*\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			ok, err := run(&out, skips, "", []string{in})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.ReplaceAll(out.String(), in+": ", ""); got != x.want || ok != x.ok {
				t.Errorf("%v, %q; want %v, %q", ok, got, x.ok, x.want)
			}
		})
	}
}

func TestReadReasons(t *testing.T) {
	for _, text := range []string{"no explanation\n", "# explained\n\nbut not this\n", "# a\n(\n"} {
		if _, err := readReasons(strings.NewReader(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	list, err := readReasons(strings.NewReader("# why\na b\nc.*\n"))
	if err != nil || !list.match("a b") || !list.match("cd") || list.match("xa b") || list.match("a bx") {
		t.Errorf("%v, %v", list, err)
	}
}

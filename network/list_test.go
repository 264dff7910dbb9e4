package network

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	top := write(t, dir, "top", "# what is needed\r\nexample.org\r\n\n  git.example.org:22\t# ssh\n@sub/other\ninclude last")
	write(t, dir, "sub/other", "udp/ntp.example.org:123\n@more # beside it\n")
	write(t, dir, "sub/more", "192.0.2.0/24:443\n")
	write(t, dir, "last", "included.example.org")
	rules, err := ParseAllow("@"+top, "--allow")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rules {
		got = append(got, r.String()+" "+strings.TrimPrefix(r.Origin, dir+"/"))
	}
	want := []string{
		"example.org:80,443 top:2", "git.example.org:22 top:4", "udp/ntp.example.org:123 sub/other:1",
		"192.0.2.0/24:443 sub/more:1", "included.example.org:80,443 last:1",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// An empty list is not the same as none: it allows nothing, and is no error.
func TestEmptyList(t *testing.T) {
	rules, err := ParseAllow("@"+write(t, t.TempDir(), "empty", "# nothing\n"), "--allow")
	if err != nil || rules == nil || len(rules) != 0 {
		t.Errorf("%#v, %v", rules, err)
	}
}

func TestListErrorsHaveLines(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, where, want string }{
		"bad":      {"example.org\n\nexample.org:x\n", "bad:3", "no port"},
		"words":    {"0.0.0.0 example.org", "words:1", "more than one word"},
		"nul":      {"a\x00b", "nul:1", "letters, digits"},
		"itself":   {"#\n@itself", "itself:2", "include each other"},
		"nothing":  {"@", "nothing:1", "missing"},
		"includes": {"includes", "", ""},
		"html":     {"<html>", "html:1", "letters, digits"},
	} {
		path := write(t, dir, name, c.text)
		_, err := ParseAllow("@"+path, "--allow")
		var syntax *SyntaxError
		switch {
		case c.want == "":
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case !errors.As(err, &syntax) || syntax.Where != filepath.Join(dir, c.where) || !strings.Contains(syntax.Problem, c.want):
			t.Errorf("%s: %v; want %s and %q", name, err, c.where, c.want)
		}
	}
	missing := write(t, dir, "missing", "a.b\n@gone")
	if _, err := ParseAllow("@"+missing, ""); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), missing+":2: ") {
		t.Errorf("missing: %v", err)
	}
}

// A list can neither fill the memory nor take for ever.
func TestListIsBounded(t *testing.T) {
	dir := t.TempDir()
	var many, wide strings.Builder
	for i := range MaxListRules + 1 {
		fmt.Fprintf(&many, "n%d.example.org\n", i)
	}
	for range 4 {
		wide.WriteString("@wide\n")
	}
	for name, text := range map[string]string{
		"many": many.String(),
		"wide": wide.String(),
		"long": strings.Repeat("a", maxSpec+1),
		"size": strings.Repeat(strings.Repeat("#", 1000)+"\n", MaxListSize/1000),
	} {
		if rules, err := ParseAllow("@"+write(t, dir, name, text), ""); err == nil {
			t.Errorf("%s: %d rules", name, len(rules))
		}
	}
	write(t, dir, "leaf", "a.b\n")
	if _, err := ParseAllow("@"+write(t, dir, "twice", strings.Repeat("@leaf\n", MaxListFiles+1)), ""); err == nil || !strings.Contains(err.Error(), "files are included") {
		t.Errorf("many files: %v", err)
	}
}

// A pipe with no writer would be waited for, and /dev/zero never ends.
func TestListIsRegular(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fifo, "/dev/zero", "/"} {
		if rules, err := ParseAllow("@"+name, ""); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v, %v", name, rules, err)
		}
	}
}

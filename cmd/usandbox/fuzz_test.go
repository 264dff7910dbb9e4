package main

// Any text whatever as the argument of a flag: it is refused or understood, and a
// path comes out as it was put in.

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/landlock"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

// escape writes a path so that its colons are its own.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(path)
}

func FuzzSpec(f *testing.F) {
	for _, s := range []string{"", "/a", "/a:/b:noexec", `/a\:b`, `\`, `\\`, `:\`, "::", "/a:/b:size=1,mode=2", "\x00", "\xff:\xff"} {
		f.Add(s, "/b")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, paths := range []int{1, 2} {
			s, err := parseSpec(a, paths, "noexec", "size", "mode")
			if err != nil {
				continue
			}
			if len(s.fields) < 1 || len(s.fields) > paths || s.fields[0] == "" {
				t.Errorf("%q: fields %q", a, s.fields)
			}
			for key := range s.options {
				if !slices.Contains([]string{"noexec", "size", "mode"}, key) {
					t.Errorf("%q: option %q", a, key)
				}
			}
		}
		if got := splitFields(escape(a) + ":" + escape(b)); !slices.Equal(got, []string{a, b}) {
			t.Errorf("%q and %q became %q", a, b, got)
		}
		b = "/" + b
		if a == "" || strings.Contains(a+b, "\x00") || len(escape(a)+escape(b)) > maxSpec-20 {
			return
		}
		s, err := parseSpec(escape(a)+":"+escape(b)+":noexec", 2, "noexec")
		if err != nil || !slices.Equal(s.fields, []string{a, b}) {
			t.Errorf("%q and %q: %q, %v", a, b, s.fields, err)
		}
	})
}

// A path with its special characters escaped is that path, where a pattern may stand;
// anything else is understood or refused.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{"/a", "/a*", `/a\*b`, "/[", "/a:b[c]/", `/\\?:\:`, "**", "\xff*", "/a/../*"} {
		f.Add(s)
	}
	escapePattern := strings.NewReplacer(`\`, `\\`, ":", `\:`, "*", `\*`, "?", `\?`, "[", `\[`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(arg, origin string) (mounts.Entry, error){
			parseHide, func(arg, origin string) (mounts.Entry, error) { return parseBind(mounts.Bind{}, arg, origin) },
		} {
			parse(text, "")
			if text == "" || strings.Contains(text, "\x00") || len(text) > 4000 {
				continue
			}
			path := filepath.Clean("/" + text)
			e, err := parse(escapePattern.Replace(path), "")
			if err != nil {
				t.Fatalf("%q: %v", path, err)
			}
			pattern := ""
			switch e := e.(type) {
			case mounts.HideGlob:
				pattern = e.Pattern
			case mounts.BindGlob:
				pattern = e.Pattern
			}
			if got := strings.NewReplacer(`\\`, `\`, `\:`, ":", `\*`, "*", `\?`, "?", `\[`, "[").Replace(pattern); pattern != "" && got != path {
				t.Errorf("%q became the pattern %q", path, pattern)
			}
			if pattern == "" && strings.ContainsAny(path, "*?[") {
				t.Errorf("%q became %v", path, e)
			}
		}
	})
}

func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[31m", "a\x00b", "\xff\xfe", "\u202e", "\ufffd", "é\u0301", "\x9b31m", "\u009b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out := printable(text)
		for _, r := range out {
			if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Errorf("%q became %q", text, out)
			}
		}
		if again := printable(out); again != out {
			t.Errorf("%q, then %q", out, again)
		}
	})
}

func FuzzFile(f *testing.F) {
	for _, s := range []string{"", "/a", "/a=b", "/a:mode=600=b", `/a\:\=\\=b`, `/a\`, "/a:mode=", "/a:=b", "=", ":", "/a:mode=1=", "/a\x00=\x00"} {
		f.Add(s, "fd:x\n=")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if s, err := splitFile(a); err == nil && (s.path[0] != '/' || !strings.HasPrefix(a, s.typed+"=") || s.typed+"="+s.content != a) {
			t.Errorf("%q: %+v", a, s)
		}
		path := "/" + a
		if len(path) > maxSpec {
			return
		}
		escaped := strings.ReplaceAll(escape(path), "=", `\=`)
		for _, mode := range []string{"", ":mode=600"} {
			s, err := splitFile(escaped + mode + "=" + b)
			if err != nil || s.path != path || s.content != b || ":mode="+s.mode != mode && s.mode != "" {
				t.Errorf("%q and %q: %+v, %v", path, b, s, err)
			}
		}
		var flags runFlags
		if text, err := flags.contents(`\` + b); err != nil || text != b || flags.consumed != "" {
			t.Errorf("%q became %q, %v", b, text, err)
		}
	})
}

// A mode of Landlock is one of those that there are, with an ABI that there is.
func FuzzLandlock(f *testing.F) {
	for _, s := range []string{"", "best-effort", "require:6", "none", "none:1", "require:07", "best-effort:", "require:-1", "require:99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p sandbox.Policy
		err := (&runFlags{landlock: text}).setLandlock(&p)
		if err != nil {
			return
		}
		want := []string{"best-effort", "require", "none"}[p.Landlock.Mode]
		if p.Landlock.ABI != 0 {
			want += ":" + strconv.Itoa(p.Landlock.ABI)
		}
		if text != want || p.Landlock.ABI < 0 || p.Landlock.ABI > landlock.Newest {
			t.Errorf("%q became %+v", text, p.Landlock)
		}
	})
}

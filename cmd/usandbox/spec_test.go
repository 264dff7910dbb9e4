package main

// The arguments of the flags about files: which colons separate, which belong to
// a path, and that whatever is not understood is refused.

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestParseSpec(t *testing.T) {
	for _, c := range []struct {
		text    string
		paths   int
		fields  []string // nil: an error
		options map[string]string
	}{
		{"/a", 2, []string{"/a"}, nil},
		{"a", 2, []string{"a"}, nil},
		{"/a:/b", 2, []string{"/a", "/b"}, nil},
		{"/a:noexec", 2, []string{"/a"}, map[string]string{"noexec": ""}},
		{"/a:/b:noexec,mode=1", 2, []string{"/a", "/b"}, map[string]string{"noexec": "", "mode": "1"}},
		{"/a:/noexec", 2, []string{"/a", "/noexec"}, nil},
		{"/a:b", 2, []string{"/a", "b"}, nil}, // refused later: not absolute
		{`/a\:b`, 2, []string{"/a:b"}, nil},
		{`/a\:b:/c\\:noexec`, 2, []string{"/a:b", `/c\`}, map[string]string{"noexec": ""}},
		{`/a\b`, 2, []string{`/a\b`}, nil},
		{`/a\`, 2, []string{`/a\`}, nil},
		{"/a:size=1=2", 1, []string{"/a"}, map[string]string{"size": "1=2"}},
		{"/a:size=", 1, []string{"/a"}, map[string]string{"size": ""}},
		{"", 2, nil, nil},
		{":", 2, nil, nil},
		{":/b", 2, nil, nil},
		{"/a:/b:/c", 2, nil, nil},
		{"/a:/b:noexec:noexec", 2, nil, nil},
		{"/a:noexec:/b", 2, nil, nil},
		{"/a:noexec,noexec", 2, nil, nil},
		{"/a:noexec,unknown", 2, nil, nil},
		{"/a:/b:", 2, nil, nil},
		{"/a:/b", 1, nil, nil},
		{"/a:", 1, nil, nil},
		{"/a\x00b", 2, nil, nil},
		{strings.Repeat("x", maxSpec+1), 2, nil, nil},
	} {
		s, err := parseSpec(c.text, c.paths, "noexec", "size", "mode")
		if c.options == nil {
			c.options = map[string]string{}
		}
		switch {
		case c.fields == nil:
			if err == nil {
				t.Errorf("%.40q: %q, %q", c.text, s.fields, s.options)
			}
		case err != nil || !slices.Equal(s.fields, c.fields) || !maps.Equal(s.options, c.options):
			t.Errorf("%.40q: %q, %q, %v", c.text, s.fields, s.options, err)
		}
	}
}

func TestSourceTarget(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if real, err := os.Getwd(); err == nil {
		dir = real
	}
	for _, c := range []struct {
		fields         []string
		source, target string // "": an error
	}{
		{[]string{"/a"}, "/a", "/a"},
		{[]string{"/a/../b/"}, "/b", "/b"},
		{[]string{"a"}, dir + "/a", dir + "/a"},
		{[]string{".", "/b"}, dir, "/b"},
		{[]string{"/a", "/b/./c/"}, "/a", "/b/c"},
		{[]string{"/a", "b"}, "", ""},
		{[]string{"/a", ""}, "", ""},
	} {
		source, target, err := spec{fields: c.fields}.sourceTarget()
		if source != c.source || target != c.target || (err != nil) != (c.source == "") {
			t.Errorf("%q: %q, %q, %v", c.fields, source, target, err)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]uint64{
		"1": 1, "4096": 4096, "10K": 10 << 10, "10k": 10 << 10, "3M": 3 << 20, "2g": 2 << 30, "1T": 1 << 40, "8388607T": 8388607 << 40,
		"9223372036854775807": 1<<63 - 1, "1.5G": 3 << 29, "1KiB": 1 << 10,
		// 0 stands for an error.
		"": 0, "0": 0, "0K": 0, "K": 0, "-1": 0, "+1": 0, "1.5": 0, "1KB": 0, "1 K": 0, "1P": 0, "0x10": 0, "1_000": 0,
		"8388608T": 0, "9223372036854775808": 0, "18446744073709551616": 0, "99999999999999999999G": 0, "KK": 0, "50%": 0,
	} {
		if got, err := parseSize(text); got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

func TestParseMode(t *testing.T) {
	for text, want := range map[string]uint32{
		"755": 0o755, "0755": 0o755, "1777": 0o1777, "1": 1,
		"": 0, "0": 0, "888": 0, "2755": 0, "4755": 0, "10000": 0, "-1": 0, "0o755": 0, "rwx": 0, "7_5": 0,
	} {
		if got, err := parseMode(text); got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %o, %v", text, got, err)
		}
	}
}

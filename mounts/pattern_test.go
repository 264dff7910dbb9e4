package mounts

// Patterns against a model: the same by plain recursion, over paths and over random
// trees of the host.

import (
	"math/rand"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// modelMatch reports whether the parts of a pattern match names, in a way that takes
// exponential time.
func modelMatch(parts, names []string) bool {
	switch {
	case len(parts) == 0:
		return len(names) == 0
	case parts[0] == "**" && len(parts) == 1:
		return len(names) > 0
	case parts[0] == "**":
		return modelMatch(parts[1:], names) || len(names) > 0 && modelMatch(parts, names[1:])
	case len(names) == 0:
		return false
	}
	ok, _ := path.Match(parts[0], names[0])
	return ok && modelMatch(parts[1:], names[1:])
}

// matchesPath follows a path with the states of a pattern.
func (p pattern) matchesPath(names []string) bool {
	s := p.at(0)
	for i, name := range names {
		all, _, ends := p.next(s, name)
		if i == len(names)-1 {
			return ends
		}
		s = all
	}
	return false
}

func TestParsePattern(t *testing.T) {
	for text, prefix := range map[string]string{
		"/": "/", "/a/b": "/a/b", "/a/*": "/a", "/*": "/", "//a//b/*/": "/a/b", "/a/./b/../c": "/a/c", "/../a": "/a", `/a\*/b`: "/a*/b",
		`/a\\\:b/?`: `/a\:b`, "/**": "/", "/a/**/b": "/a", `/\a`: "/a", "/a/[b]": "/a", `/\**`: "/", "/a/b/..": "/a",
	} {
		p, err := parsePattern(text)
		if got, _ := p.prefix(); err != nil || got != prefix {
			t.Errorf("%q: %q, %v, want %q", text, got, err, prefix)
		}
	}
	for text, says := range map[string]string{
		"": "not absolute", "a": "not absolute", "*": "not absolute", "/[": "malformed", "/a[b/]": "malformed", `/a\`: "malformed", `/a\/b`: "malformed",
		"/[]": "malformed", "/*[": "malformed", "/x[b-": "malformed", "/[\xff]": "malformed", "/*/..": "behind a wildcard", "/**/../a": "behind a wildcard",
		"/a\x00": "NUL", "/" + strings.Repeat("a", maxPattern): "8191 bytes",
	} {
		if _, err := parsePattern(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.20q: %v, want %q", text, err, says)
		}
	}
}

func TestQuotePattern(t *testing.T) {
	for _, name := range []string{"/a", "/a*b", `/a\b`, `/a\*`, "/[a]", "/?", "/**", `/\\[`, "/a:b", "/\xff\n"} {
		p, err := parsePattern(QuotePattern(name))
		if got, n := p.prefix(); err != nil || got != name || n != len(p.parts) {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{"/a/*/b", "/**/b", "/a/**", "/[a-c]?/**/**/x", `/\*/\[`, "/**/a/**/b", "/[^a]/b*", "/é?/\xff"} {
		f.Add(s, "/a/b/c")
		f.Add(s, "/x/é/*/b")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		p, err := parsePattern(text)
		if err != nil || len(p.parts) == 0 {
			return
		}
		if prefix, n := p.prefix(); n == len(p.parts) && n > 0 && !p.matchesPath(split(prefix)) {
			t.Errorf("%q does not match itself, %q", text, prefix)
		}
		parts, names := split(text), split(name)
		if len(parts) > 8 || len(names) > 8 || slices.Contains(parts, ".") || slices.Contains(parts, "..") || len(names) == 0 {
			return
		}
		if got, want := p.matchesPath(names), modelMatch(parts, names); got != want {
			t.Errorf("%q and %q: %v, want %v", text, name, got, want)
		}
	})
}

var randomParts = []string{"*", "**", "?", "a", "b", "a*", "[ab]", "[^a]", "*b", `\*`, "**", "ab", ".*"}

func randomPattern(r *rand.Rand) (parts []string) {
	for range 1 + r.Intn(5) {
		parts = append(parts, randomParts[r.Intn(len(randomParts))])
	}
	return parts
}

func TestRandomPatterns(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	names := []string{"a", "b", "ab", "*", ".a", "c"}
	yes := 0
	for range 20000 {
		parts := randomPattern(r)
		var list []string
		for range 1 + r.Intn(6) {
			list = append(list, names[r.Intn(len(names))])
		}
		p, err := parsePattern("/" + path.Join(parts...))
		if err != nil {
			t.Fatal(parts, err)
		}
		got, want := p.matchesPath(list), modelMatch(parts, list)
		if got != want {
			t.Fatalf("%q and %q: %v, want %v", parts, list, got, want)
		}
		if got {
			yes++
		}
	}
	if yes < 1000 {
		t.Errorf("only %d matched", yes)
	}
}

// A walk finds what matches, but nothing below a match.
func TestRandomWalks(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	names := []string{"a", "b", "ab", "*", ".a"}
	found := 0
	for range 60 {
		dir := t.TempDir()
		for range 12 {
			p := dir
			for range 1 + r.Intn(4) {
				p += "/" + names[r.Intn(len(names))]
			}
			os.MkdirAll(p, 0o755)
		}
		var all []string
		filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error {
			all = append(all, strings.TrimPrefix(p, dir))
			return err
		})
		for range 20 {
			parts := randomPattern(r)
			got, err := hostMatches(QuotePattern(dir) + "/" + path.Join(parts...))
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, p := range all[1:] {
				names := split(p)
				below := false
				for i := 1; i < len(names); i++ {
					below = below || modelMatch(parts, names[:i])
				}
				if modelMatch(parts, names) && !below {
					want = append(want, dir+p)
				}
			}
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("%q: %q, want %q", parts, got, want)
			}
			found += len(got)
		}
	}
	if found < 1000 {
		t.Errorf("only %d were found", found)
	}
}

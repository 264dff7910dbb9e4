package main

// What is printed holds nothing that a terminal obeys, and what was mistyped is
// answered with what was meant.

import "testing"

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "",
		"bind /src: no such file":   "bind /src: no such file",
		"grüße, 世界":                 "grüße, 世界",
		"\x1b[2Jgone":               `\x1b[2Jgone`,
		"\x1b]0;title\a":            `\x1b]0;title\a`,
		"tab\tand\rreturn":          `tab\tand\rreturn`,
		"nul\x00del\x7f":            `nul\x00del\x7f`,
		"\u009b31m":                 `\u009b31m`, // CSI in one character
		"right\u202eto left":        `right\u202eto left`,
		"zero\u200bwidth":           `zero\u200bwidth`,
		"\xff\xfea":                 `\xff\xfea`,
		"cut \xe4\xb8":              `cut \xe4\xb8`,
		"real \ufffd":               "real \ufffd",
		"nbsp\u00a0":                `nbsp\u00a0`,
		"a \"quote\" and a \\slash": "a \"quote\" and a \\slash",
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"run", "plan", "compile", "version", "map-uids", "map-gids"}
	for typed, want := range map[string]string{
		"rum": "run", "pln": "plan", "complie": "compile", "verison": "version", "map-uid": "map-uids", "map-gidss": "map-gids",
		"RUN": "", "xyz": "", "something else": "", "compilation": "",
	} {
		if want != "" {
			want = "did you mean --" + want + "?"
		}
		if got := nearest(typed, names, "--"); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
	if got := nearest("x", nil, ""); got != "" {
		t.Errorf("of no names: %q", got)
	}
}

package terminal

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// kept and left are pieces of output, each whole: those that are let through as they
// are, and those that are left out.
var (
	kept = []string{
		"text", "\r\n", "\t", "é", "”", "“", "日本語", "𝔝", "\u00a0", "¢", "\x1b[31m", "\x1b[0m", "\x1b[6n", "\x1b[>c", "\x1b]0;title\a",
		"\x1b]0;52;c;x\x1b\\", "\x1b]2;“title”\x1b\\", "\x1b]8;;http://host/\x1b\\", "\x1b]520;x\a", "\x1b]5;x\a", "\x1b]552;\a", "\x1b]4;52;?\a",
		"\u009d0;t\u009c", "\x1b(B", "\x1b7", "\x1b=", "\x1bP1$r0m\x1b\\", "\x1bPq#0~~\x1b\\", "\x1b_Gf=24;AAAA\x1b\\", "52;c;AAAA\a", "]52;c;AAAA\a", "\x1b[52;c;AAAA",
		"\x1bPtmux;\x1b\x1b[31m\x1b\\", "\x1bPtmux;text\x1b\\", "\x1bPtmux;\x1b\x1b]0;title\x1b\x1b\\\x1b\\", "\x1bPtmu\x1b\\", "\x1b\x1b[A", "\x80\xff\x9c",
		"\x1b%G", "\x1b]1337;File=inline=1:AAAA\a", "\x1b]1337;CurrentDir=/\a", "\x1b]50;Co\a", "\x1b]1337\a", "\x1b]133;A\a", "\x1b]12345678;x\a", "\x1bPé\x1b\\", "\u0090$qm\u009c",
	}
	left = []string{
		"\x1b]52;c;aGk=\a", "\x1b]52;c;aGk=\x1b\\", "\x1b]52;c;?\a", "\x1b]52;;\x18", "\x1b]52;p;AAAA\x1a", "\x1b]052;c;AAAA\a", "\x1b]52\a",
		"\x1b]5522;type=write\a", "\x1b\x00]5\x002\x01;c;AAAA\a", "\u009d52;c;AAAA\u009c", "\x9d52;c;AAAA\x9c", "\x1b]52;c;“”é𝔝\a", "\x1b]52;c;AA\x9c",
		"\x1b]" + strings.Repeat("0", 500) + "52;c;AAAA\a", "\x1b\x1b]52;c;AAAA\a", "\x1b]52x\a", "\x1b\n\x1b]52;c;AAAA\a", "\x1b\x7f]52;c;AAAA\a",
		// Numbers that overflow, and those that atoi(3) takes for 52.
		"\x1b]4294967348;c;AAAA\a", "\x1b]65588;c;AAAA\a", "\x1b]4294972818;\a", "\x1b]18446744073709551668;c;AAAA\a", "\x1b] 52;c;AAAA\a", "\x1b]\n+52;c;AAAA\a",
		"\x1b]-4294967244;c;AAAA\a", "\x1b]1337;Copy=:aGk=\a", "\x1b]01337;Cop\x00yToClipboard=\a", "\x1b]50;Copy=:aGk=\x1b\\",
		// These make a terminal read Latin-1, in which bytes of a character are controls.
		"\x1b%@", "\x1b%\x00@", "\x1b%/@",
	}
	// changed are those of which something is left.
	changed = map[string]string{
		"\x1bPtmux;\x1b\x1b]52;c;AAAA\a\x1b\\":                            "\x1bPtmux;\x1b\\",
		"\x1bPtmux;a\x1b\x1b]52;c;AAAA\x1b\x1b\\b\x1b\\":                  "\x1bPtmux;ab\x1b\\",
		"\x1bP\x001;tmux;\x1b\x1b]52;c;AAAA\a\x1b\\":                      "\x1bP\x001;tmux;\x1b\\",
		"\x1bPtmux;\x1b\x1b\x1b\\\x1bPtmux;]52;c;AAAA\a\x1b\\":            "\x1bPtmux;\x1b\\\x1bPtmux;\x1b\\",
		"\x1bPtmux;\x1b\x1b]5\x1b\\\x1bPtmux;2;c;AAAA\a.\x1b\\":           "\x1bPtmux;\x1b\\\x1bPtmux;.\x1b\\",
		"\x1bPtmux;\x1b\x1bPtmux;\x1b\x1b\x1b\x1b]52;A\a\x1b\x1b\\\x1b\\": "\x1bPtmux;\x1b\x1bPtmux;\x1b\x1b\\\x1b\\",
		"\x1bPtmux;a\x1b]52;c;AAAA\a":                                     "\x1bPtmux;a\x1b\\",
		"\x1bPa\x1b\x1b\\":                                                "\x1bPa\x1b\\",
		"\x1b%\x18":                                                       "\x18",
		"\x1b]52;c;AAAA\x1b[31m":                                          "\x1b[31m",
		"\x1b]52;c;AAAA\x1b]0;t\a":                                        "\x1b]0;t\a",
	}
)

// cut gives text to a new filter in pieces of random sizes.
func cut(text string, r *rand.Rand) (string, *Filter) {
	var f Filter
	var out bytes.Buffer
	for len(text) > 0 {
		n := min(len(text), 1+r.IntN(1+r.IntN(20)))
		out.Write(f.Filter([]byte(text[:n])))
		text = text[n:]
	}
	out.Write(f.End())
	return out.String(), &f
}

func TestFilterPieces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	check := func(in, want string) {
		t.Helper()
		for range 20 {
			if got, _ := cut("a"+in+"z", r); got != "a"+want+"z" {
				t.Errorf("%q\n gives %q\n  want %q", in, got, "a"+want+"z")
				return
			}
		}
	}
	for _, s := range kept {
		check(s, s)
	}
	for _, s := range left {
		check(s, "")
	}
	for in, want := range changed {
		check(in, want)
	}
}

// The output without what is left out is the input, wherever it is cut.
func TestFilterProperty(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20000 {
		var in, want strings.Builder
		for range r.IntN(12) {
			if r.IntN(3) == 0 {
				in.WriteString(left[r.IntN(len(left))])
			} else {
				s := kept[r.IntN(len(kept))]
				in.WriteString(s)
				want.WriteString(s)
			}
		}
		if got, _ := cut(in.String(), r); got != want.String() {
			t.Fatalf("seed %d: %q\n gives %q\n  want %q", seed, in.String(), got, want.String())
		}
	}
}

func TestFilterEnd(t *testing.T) {
	for in, want := range map[string]string{
		"a\x1b": "a", "a\x1b]": "a", "a\x1b]52;c": "a", "a\xc2": "a", "a\x1b[": "a\x1b[", "\x1bPtmux;a": "\x1bPtmux;a\x1b\\", "": "", "\x1b]0;t": "\x1b]0;t",
	} {
		var f Filter
		got := string(f.Filter([]byte(in)))
		if got += string(f.End()); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestFilterUntouched(t *testing.T) {
	text := []byte(strings.Repeat("plain “text”\r\n", 100))
	var f Filter
	for range 3 {
		got := f.Filter(text)
		if &got[0] != &text[0] && bytes.IndexByte(text, c1OSC) < 0 {
			t.Error("text was copied")
		}
		if !bytes.Equal(got, text) {
			t.Error("text was changed")
		}
	}
	plain := []byte("plain text\r\n")
	if got := new(Filter).Filter(plain); &got[0] != &plain[0] {
		t.Error("text without ESC was copied")
	}
}

func TestFilterAnswers(t *testing.T) {
	for in, want := range map[string]int{
		"text": -1, "\x1b[1;31mred\x1b[m\x1b[K\x1b[2J\x1b[H\x1b7\x1b8\x1b(B\x1b=": -1, "\x1b[?25l\x1b[?25h\x1b[?2004h\x1b[?1049h\x1b[?1l": -1,
		"\x1b]0;title\a\x1b]8;;http://host\a”": -1, "\x1bZ": 0, "\x1b[?1004h": 0, "\x1b[?25;1004h": 0, "\x1b]11;?\a": 0, "\x1bP+q544e\x1b\\": 0,
		"\x1b_Gi=1,a=q\x1b\\": 0, "\x1b[14t": 0, "\x1b[>q": 0, "\x1b[?u": 0, "\x1b[?2026$p": 0, "\x1b[c": 0, "\x1b]21;a=?\a": 0, "\x1b]52;c;?\a": -1,
		"\x05": 0, "\x1b[5n": 1, "\x1b[5n\x1b[05n\u009b5n\x9b5n": 4, "\x1b[6n\x1b[?5n\x1b[c": 0, "5n": -1,
		"\x1bPtmux;\x1b\x1b[5n\x1b\\\x1b[5n": 2, "\x1b[\x005\n;1n": 1,
		"\u009a": 0, "\u0090$qm\u009c": 0, "\x90$qm\x9c": 0, "\x9fGa=q\x9c": 0, "\x1b[\u009a": 0, "“Ґ▐😐”✔": -1,
		"\x1b[?4m": 0, "\x1b[?4;1m": 0, "\x1b[>4;2m\x1b[>4m": -1, "\x1b[#S": 0, "\x1b[#T": 0, "\x1b]702;?\a": 0, "\x1b]7;file://host/\a": -1,
	} {
		_, f := cut(in, rand.New(rand.NewPCG(1, 1)))
		if got := f.Asked(); f.Answers() != (want >= 0) || got != max(want, 0) {
			t.Errorf("%q: %v, asked %d times, want %d", in, f.Answers(), got, want)
		}
	}
}

// emulator is what terminals make of their input, as far as it concerns OSCs: the
// state machine of ECMA-48 as most have it, with the wrapper of tmux.
type emulator struct {
	state   string
	osc     []byte
	dcs     []byte
	numbers []string // of the OSCs that were obeyed
	tmux    bool     // it is tmux
	outer   *emulator
}

func (e *emulator) write(b []byte) {
	for _, c := range b {
		e.put(c)
	}
}

func (e *emulator) put(c byte) {
	switch {
	case e.state == "dcs" && e.tmux:
		if c == esc {
			e.state = "dcs escape"
		} else {
			e.dcs = append(e.dcs, c)
		}
		return
	case e.state == "dcs escape":
		e.state = "dcs"
		if c != '\\' {
			e.dcs = append(e.dcs, c)
		} else {
			e.state = ""
			if content, ok := bytes.CutPrefix(e.dcs, []byte("tmux;")); ok {
				e.outer.write(content)
			}
		}
		return
	case e.state == "osc escape" && c == '\\', e.state == "osc" && (c == bel || c == c1ST):
		number, _, _ := bytes.Cut(e.osc, []byte(";"))
		e.numbers = append(e.numbers, string(number))
		e.state = ""
		return
	case c == can || c == sub:
		e.state = ""
		return
	case c == esc:
		e.state = map[bool]string{true: "osc escape", false: "escape"}[e.state == "osc"]
		return
	case control(c):
		return
	}
	switch e.state {
	case "osc":
		e.osc = append(e.osc, c)
		return
	case "escape", "osc escape":
		e.state = ""
		switch c {
		case ']':
			e.state, e.osc = "osc", nil
		case 'P':
			e.state, e.dcs = "dcs enter", nil
		case '[':
			e.state = "csi"
		}
		return
	case "dcs enter":
		if c >= 0x40 {
			e.state, e.dcs = "dcs", []byte{c}
		}
		return
	}
	if c == c1OSC {
		e.state, e.osc = "osc", nil
	}
}

func FuzzFilter(f *testing.F) {
	for _, list := range [][]string{kept, left} {
		for _, s := range list {
			f.Add([]byte(s), uint64(1))
		}
	}
	for s := range changed {
		f.Add([]byte(s), uint64(2))
	}
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) { checkFilter(t, in, seed) })
}

// checkFilter checks what holds for any output.
func checkFilter(t *testing.T, in []byte, seed uint64) {
	var whole Filter
	want := bytes.Clone(whole.Filter(in))
	want = append(want, whole.End()...)
	got, cutUp := cut(string(in), rand.New(rand.NewPCG(seed, 0)))
	if got != string(want) || cutUp.Asked() != whole.Asked() {
		t.Fatalf("%q\n gives %q\nin pieces %q", in, want, got)
	}
	if len(got) > len(in)+2*bytes.Count(in, []byte{esc})+2 {
		t.Fatalf("%q gives more: %q", in, got)
	}
	if bytes.IndexByte(in, esc) < 0 && bytes.IndexByte(in, c1OSC) < 0 && in != nil && !bytes.HasSuffix(in, []byte{c1In}) && got != string(in) {
		t.Fatalf("%q without a sequence was changed to %q", in, got)
	}
	// As UTF-8: U+009D and U+009C are controls, no byte of another character is one.
	text := bytes.Map(func(r rune) rune {
		if r == c1OSC || r == c1ST || r < 0x80 {
			return r
		}
		return '?'
	}, want)
	text = bytes.ReplaceAll(text, []byte("\u009d"), []byte{c1OSC})
	text = bytes.ReplaceAll(text, []byte("\u009c"), []byte{c1ST})
	for _, tmux := range []bool{false, true} {
		e := &emulator{tmux: tmux, outer: &emulator{tmux: tmux, outer: &emulator{}}}
		e.write(text)
		for at := e; at != nil; at = at.outer {
			for _, number := range at.numbers {
				n, err := strconv.ParseInt(strings.TrimLeft(number, " "), 10, 64)
				if err == nil && (uint32(n) == 52 || uint32(n) == 5522) {
					t.Fatalf("%q\n gives %q, which reaches the clipboard", in, want)
				}
			}
		}
	}
}

// Sequences that are put together at random.
func TestFilterRandom(t *testing.T) {
	parts := []string{"\x1b", "\x1b", "\x1b", "]", "52", "5", "2", ";", ";c;A", "\a", "\\", "\x1b\\", "\x1bPtmux;", "P", "tmux;", "\x00", "\n", "\x18", "\u009d", "\u009c", "\xc2", "\x9d", "“", "[", "5n", "0", "x", "42949673", "48", "+", " ", "1337", "Copy"}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 100000 {
		var in []byte
		for range r.IntN(16) {
			in = append(in, parts[r.IntN(len(parts))]...)
		}
		checkFilter(t, in, r.Uint64())
	}
}

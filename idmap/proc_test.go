package idmap

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// Captured from /proc/PID/uid_map.
const (
	procInitial = "         0          0 4294967295\n"
	procPodman  = "         0       1000          1\n         1     100000      65536\n"
)

func TestParseProc(t *testing.T) {
	for text, want := range map[string]Map{
		procInitial: {{0, 0, 4294967295}},
		procPodman:  auto,
		"":          nil, // not written yet
		"0 1 2":     {{0, 1, 2}},
	} {
		got, err := ParseProc(iotest.OneByteReader(strings.NewReader(text)))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("ParseProc(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestParseProcSelf(t *testing.T) {
	f, err := os.Open("/proc/self/uid_map")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := ParseProc(f)
	if err != nil {
		t.Fatal(err)
	}
	if id := uint32(os.Getuid()); len(m) > 0 {
		if _, ok := m.ToOutside(id); !ok {
			t.Errorf("own uid %d is not in %v", id, m)
		}
	}
}

func TestParseProcLongest(t *testing.T) {
	// As long as the kernel can show: 340 lines with columns padded to ten.
	m := lines(340, 4294960000)
	text := strings.ReplaceAll(m.Text(), " 1\n", "          1\n")
	if len(text) != maxProc {
		t.Fatalf("the text has %d bytes, not %d", len(text), maxProc)
	}
	got, err := ParseProc(strings.NewReader(text))
	if err != nil || !slices.Equal(got, m) {
		t.Errorf("%d ranges, %v", len(got), err)
	}
}

func TestParseProcRefuses(t *testing.T) {
	for text, why := range map[string]string{
		"\n":                       "line 1: want three numbers",
		procPodman + "\n":          "line 3: want three numbers",
		"0 1\n":                    "line 1: want three numbers",
		"0 1 2 3\n":                "line 1: want three numbers",
		"0\t1\t2\n":                "line 1: want three numbers",
		"0 1 2\r\n":                "line 1: ",
		"0 -1 2\n":                 "not a decimal number",
		"0 1 0\n":                  "count is 0",
		"0 4294967295 1\n":         "outside", // unknown to the reader
		"4294967295 0 2\n":         "inside",
		"0 1 2\n1 9 1\n":           "0:1:2 and 1:9:1 overlap inside",
		"0 1 2\n9 2 1\n":           "0:1:2 and 9:2:1 overlap outside",
		lines(341, 0).Text():       "341 ranges",
		strings.Repeat(" ", 1<<20): "more than 11220 bytes",
	} {
		m, err := ParseProc(strings.NewReader(text))
		wantError(t, err, "read id map: ", why)
		if m != nil {
			t.Errorf("ParseProc(%.40q) = %v with an error", text, m)
		}
	}
	_, err := ParseProc(io.MultiReader(strings.NewReader(procPodman), iotest.ErrReader(os.ErrPermission)))
	if !errors.Is(err, os.ErrPermission) {
		t.Errorf("failing reader: %v", err)
	}
}

func FuzzParseProc(f *testing.F) {
	for _, text := range []string{procInitial, procPodman, "", "0 1 2", "4294967295 0 2\n", "0 1 2\n1 9 1\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseProc(strings.NewReader(text))
		if err != nil {
			return
		}
		back, err := ParseProc(strings.NewReader(m.Text()))
		if err != nil || !slices.Equal(m, back) {
			t.Errorf("%v printed and parsed: %v, %v", m, back, err)
		}
		for _, r := range m {
			if one, err := ParseRange(r.String()); err != nil || one != r {
				t.Errorf("%v printed and parsed: %v, %v", r, one, err)
			}
			last := r.Inside + r.Count - 1
			if id, ok := m.ToOutside(last); !ok || id != r.Outside+r.Count-1 {
				t.Errorf("%v: %d is %d outside", m, last, id)
			}
		}
	})
}

package idmap

import (
	"strings"
	"testing"
)

func TestParseRange(t *testing.T) {
	for spec, want := range map[string]Range{
		"0:1000:1":                {0, 1000, 1},
		"1:100000:65536":          {1, 100000, 65536},
		"0:0:4294967295":          {0, 0, 4294967295}, // the initial namespace
		"4294967294:0:1":          {4294967294, 0, 1},
		"0:4294967294:1":          {0, 4294967294, 1},
		"5:2147483647:2147483648": {5, 2147483647, 2147483648},
	} {
		got, err := ParseRange(spec)
		if err != nil || got != want {
			t.Errorf("ParseRange(%q) = %v, %v, want %v", spec, got, err, want)
		}
		if got.String() != spec {
			t.Errorf("ParseRange(%q) prints as %q", spec, got)
		}
	}
}

func TestParseRangeRefuses(t *testing.T) {
	for spec, why := range map[string]string{
		"":                         "want IN:OUT:COUNT",
		"0":                        "want IN:OUT:COUNT",
		"0:1000":                   "want IN:OUT:COUNT",
		"0:1000:1:":                "want IN:OUT:COUNT",
		"0:1000:1:1":               "want IN:OUT:COUNT",
		"0 1000 1":                 "want IN:OUT:COUNT",
		"::":                       "not a decimal number",
		"0:1000:":                  "not a decimal number",
		"-1:0:1":                   "not a decimal number",
		"+0:0:1":                   "not a decimal number",
		" 0:0:1":                   "not a decimal number",
		"0:0:1 ":                   "not a decimal number",
		"0:0:1\n":                  "not a decimal number",
		"0:0x10:1":                 "not a decimal number",
		"0:1_000:1":                "not a decimal number",
		"0:1e3:1":                  "not a decimal number",
		"0:٣:1":                    "not a decimal number",
		"0:00:1":                   "leading zero",
		"0:01000:1":                "leading zero",
		"0:0:0":                    "count is 0",
		"4294967295:0:1":           "inside: 1 ids from 4294967295",
		"4294967295:0:2":           "inside: 2 ids from 4294967295", // wraps to 1
		"0:4294967295:1":           "outside: 1 ids from 4294967295",
		"0:4294967295:2":           "outside",
		"1:0:4294967295":           "inside",
		"0:1:4294967295":           "outside",
		"2147483648:0:2147483648":  "inside", // wraps to 0
		"4294967296:0:1":           "32 bits",
		"0:0:4294967296":           "32 bits",
		"0:18446744073709551616:1": "32 bits",
	} {
		r, err := ParseRange(spec)
		wantError(t, err, "id range ", why)
		if err == nil {
			t.Errorf("ParseRange(%q) = %v", spec, r)
		}
	}
}

func TestParseRangeErrorIsBounded(t *testing.T) {
	_, err := ParseRange("\x1b[31m" + strings.Repeat(":", 1<<20))
	wantError(t, err, `"\x1b[31m:`)
	if n := len(err.Error()); n > 2*maxQuote {
		t.Errorf("the error has %d bytes", n)
	}
}

func FuzzParseRange(f *testing.F) {
	for _, spec := range []string{"0:1000:1", "4294967295:0:2", "0:0:4294967295", "1:2:+3", "01:2:3", "::", "0:0:1\n"} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		r, err := ParseRange(spec)
		if err != nil {
			return
		}
		if r.String() != spec {
			t.Errorf("ParseRange(%q) prints as %q", spec, r)
		}
		if err := (Map{r}).Validate(); err != nil {
			t.Errorf("ParseRange(%q) is not valid: %v", spec, err)
		}
		if r.Inside+r.Count < r.Inside || r.Outside+r.Count < r.Outside {
			t.Errorf("ParseRange(%q) overflows", spec)
		}
		if id, ok := (Map{r}).ToOutside(r.Inside + r.Count - 1); !ok || id != r.Outside+r.Count-1 {
			t.Errorf("%v: the last id inside is %d, %v", r, id, ok)
		}
	})
}

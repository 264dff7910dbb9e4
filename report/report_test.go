package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

func p[T any](x T) *T { return &x }

// full has everything.
func full() *Report {
	s := func(d time.Duration) *Seconds { return p(Seconds(d)) }
	start := time.Date(2026, 11, 27, 6, 1, 25, 5, time.UTC)
	return &Report{
		Version: Version, Name: "box", Command: []string{"sh", "-c", "printf '\x1b[2J\"\\\n'", "\xff\u202e", "\u009b\U000e0001é"},
		CommandBytes: [][]byte{[]byte("sh"), []byte("-c"), []byte("printf '\x1b[2J\"\\\n'"), []byte("\xff\u202e")},
		Ending:       "oom", ExitCode: 137, Signal: "SIGKILL", Failure: &Failure{Step: "mount proc on /proc", Asked: "--proc", Error: "mount proc on /proc: operation not permitted"},
		Started: start, Ended: start.Add(10*time.Hour + 1), Wall: Seconds(10*time.Hour + 1), User: s(1500 * time.Microsecond), System: s(0), Partial: true,
		Memory: &Memory{p(int64(2 << 30)), p(int64(1 << 20)), p(int64(1))}, Faults: &Faults{12, 3}, Switches: &Switches{4, 5},
		IO:        &IO{p(int64(1)), p(int64(2048)), p(int64(0)), p(int64(1 << 62)), p(int64(5)), p(int64(6))},
		Processes: &Processes{p(int64(77)), p(int64(2))},
		CPU:       &CPU{s(time.Second), s(time.Second), s(0), s(time.Minute), p(int64(600))},
		Pressure:  &Pressures{&Pressure{1, 2}, &Pressure{Seconds(time.Second), 0}, &Pressure{}},
		Network: &Network{"allow", p(uint64(1)), p(uint64(2)), p(uint64(3)), p(uint64(4)), p(uint64(1 << 63)),
			[]Refused{{"example.org", "tcp", []uint16{443}, 3, []string{"curl\n"}, "no rule names it"}}, 9},
		SystemCalls: &SystemCalls{[]Call{{"mount", "EPERM", "\x1b]", 3}}, 1},
		LimitsHit:   []Hit{{"memory", p(int64(1))}, {"timeout", nil}}, NotEnforced: []Exception{{"landlock", "it is not used"}},
		Namespaces: map[string]uint64{"user": 4026531837, "mnt": 1}, PlanSHA256: strings.Repeat("0f", 32),
	}
}

func short() *Report {
	start := time.Date(2026, 11, 27, 6, 1, 25, 0, time.UTC)
	return &Report{Version: Version, Command: []string{"true"}, Ending: "exit", Started: start, Ended: start.Add(time.Millisecond), Wall: Seconds(1e6)}
}

func TestGolden(t *testing.T) {
	for name, r := range map[string]*Report{
		"full": full(), "short": short(),
		"unstarted": {Version: Version, Ending: NotStarted, ExitCode: 125, Failure: &Failure{Error: strings.Repeat("é", 300)}},
	} {
		text, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		for ext, got := range map[string][]byte{".json": text, ".metrics": r.Metrics(), ".summary": []byte(r.Summary())} {
			file := filepath.Join("testdata", name+ext)
			if *update {
				os.WriteFile(file, got, 0o644)
			}
			want, err := os.ReadFile(file)
			if err != nil || string(want) != string(got) {
				t.Errorf("%s: %v\n%s", file, err, got)
			}
		}
		if n := strings.Count(r.Summary(), "\n"); n != 6 {
			t.Errorf("%s: the summary has %d lines", name, n)
		}
	}
}

// What JSON escapes is what it was.
func TestJSON(t *testing.T) {
	text, _ := full().JSON()
	var back Report
	if err := json.Unmarshal(bytes.ReplaceAll(text, []byte("_seconds"), []byte("_s")), &back); err != nil {
		t.Fatal(err)
	}
	want := full().Command
	want[3] = "\ufffd\u202e"
	if !slices.Equal(back.Command, want) || string(back.CommandBytes[3]) != "\xff\u202e" {
		t.Errorf("%q", back.Command)
	}
}

// What a command chooses is not printed as it is.
func TestSummaryPrintable(t *testing.T) {
	text, _ := full().JSON()
	for _, c := range full().Summary() + string(full().Metrics()) + strings.ReplaceAll(string(text), "\ufffd", "") {
		if c != '\n' && (c < ' ' || c == 0x7f || c == '\u202e' || c == '\ufffd') {
			t.Errorf("%q is printed", c)
		}
	}
}

func TestSeconds(t *testing.T) {
	for s, want := range map[Seconds]string{0: "0", 1: "0.000000001", Seconds(10*time.Hour + 1): "36000.000000001", Seconds(time.Second): "1", -5e8: "-0.5", -1 << 63: "-9223372036.854775808"} {
		if s.String() != want {
			t.Errorf("%d: %s, want %s", s, s, want)
		}
	}
	for d, want := range map[time.Duration]string{
		999 * time.Nanosecond: "0 µs", 1234 * time.Microsecond: "1.2 ms", 999 * time.Millisecond: "999 ms",
		61 * time.Second: "1 min 1 s", 10*time.Hour + 59*time.Second: "10 h 0 min", 59990 * time.Millisecond: "59.99 s",
	} {
		if got := Seconds(d).forPeople(); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1023: "1.0 KiB", 1 << 20: "1.0 MiB", 1<<63 - 1: "8.0 EiB"} {
		if got := bytesForPeople(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// schema is the part of JSON Schema that docs/report.schema.json uses.
type schema struct {
	Type        any                `json:"type"`
	Properties  map[string]*schema `json:"properties"`
	Additional  any                `json:"additionalProperties"`
	Required    []string           `json:"required"`
	Items       *schema            `json:"items"`
	Description string             `json:"description"`
	Ref         string             `json:"$ref"`
	Defs        map[string]*schema `json:"$defs"`
	Const       any                `json:"const"`
}

// Every field is in the schema, with its type, and the other way round.
func TestSchema(t *testing.T) {
	text, err := os.ReadFile("../docs/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	if s.Properties["version"].Const != float64(Version) {
		t.Errorf("version %v", s.Properties["version"].Const)
	}
	compare(t, "", &s, &s, reflect.TypeFor[Report]())
}

func compare(t *testing.T, at string, root, s *schema, of reflect.Type) {
	t.Helper()
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		if s = root.Defs[name]; s == nil {
			t.Fatalf("%s: no %s", at, name)
		}
	}
	want := "string"
	switch {
	case of == reflect.TypeFor[Seconds]():
		want = "number"
	case of == reflect.TypeFor[time.Time](), of == reflect.TypeFor[[]byte](), of.Kind() == reflect.String:
	case of.Kind() == reflect.Slice:
		want = "array"
		if s.Items == nil {
			t.Fatalf("%s: no items", at)
		}
		compare(t, at+"[]", root, s.Items, of.Elem())
	case of.Kind() == reflect.Bool:
		want = "boolean"
	case of.Kind() == reflect.Map, of.Kind() == reflect.Struct:
		want = "object"
	default:
		want = "integer"
	}
	if s.Type != want {
		t.Errorf("%s: type %v, want %s", at, s.Type, want)
	}
	if of.Kind() != reflect.Struct || of == reflect.TypeFor[time.Time]() {
		return
	}
	var names []string
	for i := range of.NumField() {
		f := of.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
		sub := s.Properties[name]
		if sub == nil {
			t.Errorf("%s.%s is not in the schema", at, name)
			continue
		}
		if sub.Description == "" && sub.Ref == "" {
			t.Errorf("%s.%s: no description", at, name)
		}
		if required := slices.Contains(s.Required, name); required == (options == "omitempty") {
			t.Errorf("%s.%s: required: %v", at, name, required)
		}
		compare(t, at+"."+name, root, sub, f.Type)
	}
	for name := range s.Properties {
		if !slices.Contains(names, name) {
			t.Errorf("%s.%s is in the schema alone", at, name)
		}
	}
}

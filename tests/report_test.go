package tests

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// reported reads a report and compares fields of it.
func reported(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) > 0, "reported FILE [FIELD=REGEXP | FIELD>NUMBER | !FIELD ...]")
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	dec.UseNumber()
	var report map[string]any
	ts.Check(dec.Decode(&report))
	if dec.More() {
		ts.Fatalf("%s: there is more than one report", args[0])
	}
	for _, field := range []string{"version", "command", "ending", "exit_code", "started", "ended", "wall_seconds", "limits_hit", "not_enforced"} {
		if _, ok := report[field]; !ok {
			ts.Fatalf("%s: %s is missing", args[0], field)
		}
	}
	for _, arg := range args[1:] {
		if path, absent := strings.CutPrefix(arg, "!"); absent {
			if value := field(report, path); value != nil {
				ts.Fatalf("%s: there is %s: %v", args[0], path, value)
			}
			continue
		}
		at := strings.IndexAny(arg, "=>")
		if at < 0 {
			ts.Fatalf("%s: want =, > or !", arg)
		}
		value := field(report, arg[:at])
		text := fmt.Sprint(value)
		if _, plain := value.(json.Number); !plain {
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			ts.Check(enc.Encode(value))
			text = strings.Trim(strings.TrimSpace(b.String()), `"`)
		}
		check(ts, arg, arg[at+1:], text, value != nil, arg[at] == '>')
	}
}

// field is what lies at a path of names and indexes, a.b.0; nil: nothing.
func field(in any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch x := in.(type) {
		case map[string]any:
			in = x[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(x) {
				return nil
			}
			in = x[i]
		default:
			return nil
		}
	}
	return in
}

func check(ts *testscript.TestScript, arg, want, got string, there, more bool) {
	switch {
	case !there:
		ts.Fatalf("%s: there is none", arg)
	case more:
		n, err := strconv.ParseFloat(got, 64)
		least, err2 := strconv.ParseFloat(want, 64)
		if err != nil || err2 != nil || !(n > least) {
			ts.Fatalf("%s: it is %s", arg, got)
		}
	case !regexp.MustCompile("^(?:" + want + ")$").MatchString(got):
		ts.Fatalf("%s: it is %s", arg, got)
	}
}

// A line of OpenMetrics text: metadata, or a sample.
var (
	metadata = regexp.MustCompile(`^# (TYPE|HELP|UNIT) ([a-z_][a-z0-9_]*) (.+)$`)
	sample   = regexp.MustCompile(`^([a-z_][a-z0-9_]*)(\{(?:[a-z_][a-z0-9_]*="(?:[^"\\]|\\["\\n])*",?)*\})? ([0-9.eE+-]+)$`)
)

// measured reads text for OpenMetrics 1.0 as strictly as its grammar, and compares samples.
func measured(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) > 0, "measured FILE [SAMPLE=REGEXP | SAMPLE>NUMBER | !SAMPLE ...]")
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	samples, err := openMetrics(string(text))
	if err != nil {
		ts.Fatalf("%s: %v\n%s", args[0], err, text)
	}
	for _, arg := range args[1:] {
		if name, absent := strings.CutPrefix(arg, "!"); absent {
			if _, there := samples[name]; there {
				ts.Fatalf("%s: there is %s", args[0], name)
			}
			continue
		}
		at := strings.IndexAny(arg, "=>")
		value, there := samples[arg[:at]]
		check(ts, arg, arg[at+1:], value, there, arg[at] == '>')
	}
}

// openMetrics are the samples by their names; of an info the value is its labels.
func openMetrics(text string) (map[string]string, error) {
	if !strings.HasSuffix(text, "\n# EOF\n") {
		return nil, fmt.Errorf("it does not end with # EOF")
	}
	samples, types := map[string]string{}, map[string]string{}
	family, unit := "", ""
	for scan := bufio.NewScanner(strings.NewReader(strings.TrimSuffix(text, "# EOF\n"))); scan.Scan(); {
		line := scan.Text()
		if m := metadata.FindStringSubmatch(line); m != nil {
			switch {
			case m[1] == "TYPE" && types[m[2]] != "":
				return nil, fmt.Errorf("%q: the family comes twice", line)
			case m[1] == "TYPE":
				family, unit, types[m[2]] = m[2], "", m[3]
			case m[2] != family:
				return nil, fmt.Errorf("%q: it belongs to another family", line)
			case m[1] == "UNIT":
				if unit = m[3]; !strings.HasSuffix(family, "_"+unit) {
					return nil, fmt.Errorf("%q: the name does not end with the unit", line)
				}
			}
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("%q: neither a sample nor metadata", line)
		}
		name, value := m[1], m[3]
		switch types[family] {
		case "gauge":
			if name != family {
				return nil, fmt.Errorf("%q: it belongs to no family", line)
			}
		case "info":
			if name != family+"_info" || value != "1" {
				return nil, fmt.Errorf("%q: no info", line)
			}
			value = m[2]
		default:
			return nil, fmt.Errorf("%q: of no type", line)
		}
		if _, twice := samples[name]; twice {
			return nil, fmt.Errorf("%q: it comes twice", line)
		}
		samples[name] = value
	}
	return samples, nil
}

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// event is a line of go test -json, "go doc test2json".
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of a build
	FailedBuild                   string
}

// result is one test, or a package if it has no name.
type result struct {
	pkg, test string
	action    string // pass, fail or skip; empty: it never ended
	output    strings.Builder
}

type results []*result

func readResults(r io.Reader) (results, error) {
	var list results
	known := map[[2]string]*result{}
	get := func(pkg, test string) *result {
		key := [2]string{pkg, test}
		if known[key] == nil {
			known[key] = &result{pkg: pkg, test: test}
			list = append(list, known[key])
		}
		return known[key]
	}
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if strings.HasPrefix(line, "{") {
			var e event
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				return nil, fmt.Errorf("%w in %q", err, line)
			}
			list.take(get, e)
		} else if strings.TrimSpace(line) != "" {
			get("", "").output.WriteString(line) // go itself has something to say
		}
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (results) take(get func(pkg, test string) *result, e event) {
	if e.Package == "" {
		e.Package, _, _ = strings.Cut(e.ImportPath, " ")
	}
	t := get(e.Package, e.Test)
	switch e.Action {
	case "pass", "fail", "skip":
		t.action = e.Action
	case "build-fail":
		t.action = "fail"
	case "output", "build-output":
		t.output.WriteString(e.Output)
	}
}

// print tells what failed and what was skipped, and counts. A test with subtests
// counts only if it failed by itself.
func (list results) print(w io.Writer, name string, allowed reasons) (n tally) {
	failed := map[string]bool{}
	for _, t := range list {
		if t.test != "" && t.action == "fail" {
			failed[t.pkg] = true
		}
	}
	for _, t := range list {
		switch {
		case t.test == "" && t.action == "fail" && failed[t.pkg]:
			// Its tests are told.
		case t.test == "" && t.action != "fail" && t.action != "":
		case t.pkg == "":
			fmt.Fprintf(w, "%s: %s", name, &t.output)
			n.failed++
		case t.action == "skip":
			reason := t.reason()
			line := fmt.Sprintf("%s %s: %s", relative(t.pkg), t.test, reason)
			if allowed.match(line) {
				fmt.Fprintf(w, "%s: skipped: %s\n", name, line)
				n.skipped++
			} else {
				fmt.Fprintf(w, "%s: SKIPPED for a reason that is not in the list: %s\n", name, line)
				n.failed++
			}
		case t.action == "pass":
			if !list.below(t, func(*result) bool { return true }) {
				n.passed++
			}
		case list.below(t, (*result).bad):
		default:
			if t.action == "" {
				t.output.WriteString("it never ended\n")
			}
			fmt.Fprintf(w, "%s: FAILED: %s %s\n%s\n", name, relative(t.pkg), t.test, tail(t.output.String()))
			n.failed++
		}
	}
	return n
}

// maxLines is how many lines of a failed test's output are of use.
const maxLines = 80

func tail(text string) string {
	lines := strings.SplitAfter(text, "\n")
	if len(lines) > maxLines {
		lines = append([]string{"...\n"}, lines[len(lines)-maxLines:]...)
	}
	return strings.Join(lines, "")
}

// below reports whether t has a subtest for which f holds.
func (list results) below(t *result, f func(*result) bool) bool {
	return t.test != "" && slices.ContainsFunc(list, func(s *result) bool {
		return s.pkg == t.pkg && strings.HasPrefix(s.test, t.test+"/") && f(s)
	})
}

func (t *result) bad() bool { return t.action != "pass" && t.action != "skip" }

// logged is how a test says where it logs.
var logged = regexp.MustCompile(`^\s*[\w.-]+\.go:\d+: `)

// reason is what a test logged behind "skip: ", or else the last thing it logged.
func (t *result) reason() string {
	reason := ""
	for line := range strings.Lines(t.output.String()) {
		at := logged.FindString(line)
		if at == "" {
			continue
		}
		reason = strings.TrimSpace(line[len(at):])
		if marked, ok := strings.CutPrefix(reason, "skip: "); ok {
			return marked
		}
	}
	return reason
}

// relative is a package's path in its module.
func relative(pkg string) string {
	parts := strings.SplitN(pkg, "/", 4)
	if len(parts) < 4 {
		return pkg
	}
	return parts[3]
}

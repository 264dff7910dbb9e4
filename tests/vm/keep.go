package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// keep writes what a suite did on a kernel to a file of its own, in place of what it did
// there before: the matrix takes hours, and need not be run at one time.
func keep(dir string, r Results) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file(dir, r.Kernel, r.Suite), text, 0o644)
}

func file(dir, version, suite string) string {
	return filepath.Join(dir, short(version)+"-"+suite+".json")
}

func readFile(name string) (r Results, err error) {
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		err = fmt.Errorf("what was run last: %w", err)
	}
	return r, err
}

// last is what a suite did on a kernel last.
func last(dir string, k Kernel, s Suite) (Results, error) {
	r, err := readFile(file(dir, k.Version, s.Name))
	if err == nil && r.Kernel != k.Version {
		err = fmt.Errorf("%s ran on Linux %s last, not on %s: run all of it", s.Name, r.Kernel, k.Version)
	}
	return r, err
}

// pattern is what selects tests, as go test -run has it.
func pattern(names []string) string {
	var list []string
	for _, name := range names {
		parts := strings.Split(name, "/")
		for i, p := range parts {
			parts[i] = "^" + regexp.QuoteMeta(p) + "$"
		}
		list = append(list, strings.Join(parts, "/"))
	}
	return strings.Join(list, "|")
}

// with is the result of a suite whose failed tests ran again.
func (r Results) with(again Results) Results {
	r.Passed += again.Passed
	r.Failed = again.Failed
	r.Skipped = maps.Clone(r.Skipped)
	maps.Copy(r.Skipped, again.Skipped)
	r.Took += again.Took
	if !strings.HasSuffix(r.Commit, again.Commit) {
		r.Commit += ", " + again.Commit
	}
	return r
}

// kept are the results in a folder, of suites that still exist.
func kept(dir string) (list []Results, err error) {
	for _, s := range known {
		names, err := filepath.Glob(filepath.Join(dir, "*-"+s.Name+".json"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			r, err := readFile(name)
			if err != nil {
				return nil, err
			}
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("there are no results in %s yet", dir)
	}
	return list, nil
}

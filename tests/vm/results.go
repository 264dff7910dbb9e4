package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Results are what a suite did on a kernel.
type Results struct {
	Kernel, Suite string
	Commit        string // of the repository, as git-describe(1) names it
	Passed        int
	Failed        []string          // names of tests, or what else went wrong
	Skipped       map[string]string // names of tests: reasons
	Took          time.Duration
}

var (
	ended  = regexp.MustCompile(`^\s*--- (PASS|FAIL|SKIP): (\S+) \(`)
	logged = regexp.MustCompile(`^\s+[\w.-]+\.go:\d+: (?:skip: )?(.*)`)
	begun  = regexp.MustCompile(`^=== (?:RUN|NAME|CONT)\s+(\S+)`)
)

// readResults reads what "go test -v" printed. A test with subtests counts only if it
// failed by itself.
func readResults(r io.Reader) (Results, error) {
	results := Results{Skipped: map[string]string{}}
	state := map[string]string{}
	var names []string
	skipped, running := "", "" // whose reason may come after, or came before
	said := map[string]string{}
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		switch {
		case begun.MatchString(line):
			running = begun.FindStringSubmatch(line)[1]
			skipped = ""
		case ended.MatchString(line):
			m := ended.FindStringSubmatch(line)
			if state[m[2]] == "" {
				names = append(names, m[2])
			}
			state[m[2]] = m[1]
			skipped = ""
			if m[1] == "SKIP" {
				skipped = m[2]
				results.Skipped[m[2]] = said[m[2]]
			}
		case logged.MatchString(line):
			text := strings.TrimSpace(logged.FindStringSubmatch(line)[1])
			if skipped != "" {
				if results.Skipped[skipped] == "" || strings.Contains(line, ": skip: ") {
					results.Skipped[skipped] = text
				}
			} else if strings.Contains(line, ": skip: ") || said[running] == "" {
				said[running] = text
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return results, err
		}
	}
	below := func(name, what string) bool {
		return slices.ContainsFunc(names, func(s string) bool {
			return strings.HasPrefix(s, name+"/") && (what == "" || state[s] == what)
		})
	}
	for _, name := range names {
		switch {
		case state[name] == "PASS" && !below(name, ""):
			results.Passed++
		case state[name] == "FAIL" && !below(name, "FAIL"):
			results.Failed = append(results.Failed, name)
		}
	}
	return results, nil
}

// finish adds how the machine ended to what the tests said.
func (r *Results) finish(code int, err error, last string) {
	switch {
	case err != nil:
		r.Failed = append(r.Failed, err.Error())
	case code == notHere:
		r.Skipped["all"] = last
	case code != 0 && len(r.Failed) == 0:
		r.Failed = append(r.Failed, fmt.Sprintf("exit code %d: %s", code, last))
	case code == 0 && r.Passed == 0:
		r.Failed = append(r.Failed, "no test ran")
	}
}

// notHere is the exit code of a Setup where the kernel does not have what it sets.
const notHere = 77

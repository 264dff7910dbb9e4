package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// reasons are the regular expressions of accepted skips.
type reasons []*regexp.Regexp

func readReasons(r io.Reader) (list reasons, err error) {
	explained := false
	in := bufio.NewScanner(r)
	for n := 1; in.Scan(); n++ {
		line := strings.TrimSpace(in.Text())
		switch {
		case line == "":
			explained = false
		case strings.HasPrefix(line, "#"):
			explained = true
		case !explained:
			return nil, fmt.Errorf("line %d: there is no explanation above it", n)
		default:
			re, err := regexp.Compile("^(?:" + line + ")$")
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			list = append(list, re)
		}
	}
	return list, in.Err()
}

func (list reasons) match(line string) bool {
	for _, re := range list {
		if re.MatchString(line) {
			return true
		}
	}
	return false
}

// readChecks counts lines "pass NAME" and "fail NAME".
func readChecks(r io.Reader) (n tally, err error) {
	in := bufio.NewScanner(r)
	for in.Scan() {
		switch result, name, _ := strings.Cut(in.Text(), " "); result {
		case "pass":
			n.passed++
		case "fail":
			n.failed++
		default:
			return n, fmt.Errorf("%q is neither pass nor fail of %q", result, name)
		}
	}
	return n, in.Err()
}

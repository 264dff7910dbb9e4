// Command report reads what "go test -json" printed, on standard input or in
// files, and tells how it went: the output of what failed, every skipped test with
// its reason, and the number of tests.
//
// It fails if a test failed, if a package has been neither tested nor without
// tests, or if a test was skipped for a reason that is not in the list of -skips.
// There each line is a regular expression for
//
//	PACKAGE TEST: REASON
//
// with PACKAGE relative to the module; lines that begin with # explain the next.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	skips := flag.String("skips", "", "`FILE` of the reasons for which a test may be skipped")
	checks := flag.String("checks", "", "`FILE` of the results of other checks: lines \"pass NAME\" or \"fail NAME\"")
	flag.Parse()
	ok, err := run(os.Stdout, *skips, *checks, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(w io.Writer, skips, checks string, files []string) (ok bool, err error) {
	var allowed reasons
	if skips != "" {
		if allowed, err = readFile(skips, readReasons); err != nil {
			return false, err
		}
	}
	var total tally
	if len(files) == 0 {
		files = []string{"/dev/stdin"}
	}
	for _, name := range files {
		r, err := readFile(name, readResults)
		if err != nil {
			return false, err
		}
		total.add(r.print(w, name, allowed))
	}
	if checks != "" {
		c, err := readFile(checks, readChecks)
		if err != nil {
			return false, err
		}
		total.add(c)
	}
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", total.passed, total.failed, total.skipped)
	return total.failed == 0, nil
}

// readFile parses a file.
func readFile[T any](name string, parse func(io.Reader) (T, error)) (result T, err error) {
	f, err := os.Open(name)
	if err != nil {
		return result, err
	}
	defer f.Close()
	if result, err = parse(f); err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return result, err
}

// tally counts.
type tally struct{ passed, failed, skipped int }

func (t *tally) add(u tally) {
	t.passed += u.passed
	t.failed += u.failed
	t.skipped += u.skipped
}

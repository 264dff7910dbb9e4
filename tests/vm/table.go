package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// printTable writes the results in Markdown: a row for a kernel and a suite, and below
// it what failed, and the reasons of what was skipped with the number of its tests.
func printTable(w io.Writer, list []Results) (ok bool) {
	list = slices.Clone(list)
	slices.SortFunc(list, byKernel)
	fmt.Fprint(w, "| kernel | suite | passed | failed | skipped | time | commit |\n|---|---|---:|---:|---:|---:|---|\n")
	ok = true
	for _, r := range list {
		fmt.Fprintf(w, "| %s | %s | %d | %d | %d | %v | %s |\n", r.Kernel, r.Suite, r.Passed, len(r.Failed), len(r.Skipped), r.Took.Round(time.Second), r.Commit)
		ok = ok && len(r.Failed) == 0
	}
	fmt.Fprint(w, "\n")
	for _, r := range list {
		for _, name := range r.Failed {
			fmt.Fprintf(w, "- FAILED: %s, %s: %s\n", r.Kernel, r.Suite, name)
		}
	}
	for _, line := range reasons(list) {
		fmt.Fprintln(w, line)
	}
	return ok
}

// byKernel compares by the version of the kernel, then by the order of the suites.
func byKernel(a, b Results) int {
	numbers := func(version string) (n [3]int) {
		fmt.Sscanf(version, "%d.%d.%d", &n[0], &n[1], &n[2])
		return n
	}
	index := func(name string) int {
		return slices.IndexFunc(known, func(s Suite) bool { return s.Name == name })
	}
	va, vb := numbers(a.Kernel), numbers(b.Kernel)
	return cmp.Or(slices.Compare(va[:], vb[:]), cmp.Compare(index(a.Suite), index(b.Suite)))
}

// reasons are the lines that tell why tests were skipped, the same reason once.
func reasons(list []Results) (lines []string) {
	type key struct{ suite, reason string }
	tests := map[key]map[string]bool{}
	kernels := map[key][]string{}
	for _, r := range list {
		for name, reason := range r.Skipped {
			k := key{r.Suite, reason}
			if tests[k] == nil {
				tests[k] = map[string]bool{}
			}
			tests[k][name] = true
			if version := short(r.Kernel); !slices.Contains(kernels[k], version) {
				kernels[k] = append(kernels[k], version)
			}
		}
	}
	for k, names := range tests {
		what := strings.Join(slices.Sorted(maps.Keys(names)), ", ")
		lines = append(lines, fmt.Sprintf("- skipped: %s on %s: %s (%s)", k.suite, strings.Join(kernels[k], ", "), k.reason, what))
	}
	slices.Sort(lines)
	return lines
}

// short is a version's first two numbers.
func short(version string) string {
	f := strings.SplitN(version, ".", 3)
	if len(f) < 2 {
		return version
	}
	return f[0] + "." + f[1]
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// layersTable measures work that makes many system calls and opens many files, with and
// without the two layers that look at them: the filter and Landlock.
func layersTable(b *bench) (table, error) {
	rounds := max(3, b.n/10)
	t := table{
		title: fmt.Sprintf("Layers: work that makes many system calls, %d rounds", rounds),
		head:  []string{"what", "neither", "the filter", "to neither", "target", "Landlock", "to neither", "both", "to neither"},
	}
	source := filepath.Join(b.project, "small.c")
	if err := os.WriteFile(source, []byte("#include <stdio.h>\nint main(void) { return puts(\"\"); }\n"), 0o644); err != nil {
		return t, err
	}
	for _, x := range []struct{ name, script string }{
		{"20 compilations of a small file", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do cc -c small.c -o small.o || exit; done"},
		{"tar of /usr/include", "tar cf - /usr/include | cat >/dev/null"},
		{"find /usr/share", "find /usr/share -type f >/dev/null 2>&1 || true"}, // not all of it may be read
	} {
		var list []contestant
		for _, off := range [][]string{{"--seccomp", "none", "--landlock", "none"}, {"--landlock", "none"}, {"--seccomp", "none"}, nil} {
			args := append([]string{b.usandbox, "run"}, off...)
			list = append(list, b.command(x.name, 0, append(args, "--", "sh", "-c", x.script)...))
		}
		results, err := contest(rounds, list)
		if err != nil {
			return t, err
		}
		if list[0].absent != nil {
			t.absent(list[0], list[0].absent)
			continue
		}
		row := []string{x.name, milliseconds(results[0].median())}
		for i, r := range results[1:] {
			to := ratio(r, results[0])
			row = append(row, milliseconds(r.median()), fmt.Sprintf("%.3f", to))
			if i == 0 {
				row = append(row, target(to, 1.02))
			}
		}
		t.add(row...)
	}
	return t, nil
}

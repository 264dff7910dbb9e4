package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/usandbox/usandbox/cow"
)

// cowTable measures what copy-on-write costs: the launch, programs that look at many
// files or write many, and the list of what was changed.
func cowTable(b *bench) (table, error) {
	t := table{
		title: fmt.Sprintf("Copy-on-write: run --cow to run, %d rounds", b.n),
		head:  []string{"what", "run", "run --cow", "ratio", "target"},
	}
	// The runs are kept below HOME, which every contestant is given.
	home := filepath.Join(b.dir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return t, err
	}
	defer os.Setenv("HOME", os.Getenv("HOME"))
	os.Setenv("HOME", home)
	defer removeRuns()

	if err := b.pair(&t, b.n, trueProgram, 1.10, trueProgram); err != nil {
		return t, err
	}
	const files = 10_000
	if err := b.repository(files); err != nil {
		t.note("git status: not measured: %v", err)
	} else if err := b.pair(&t, max(b.n/10, 5), fmt.Sprintf("git status, %d files", files), 1.05, "git", "status"); err != nil {
		return t, err
	}
	if err := b.cowBuild(&t); err != nil {
		return t, err
	}
	return t, b.diffRow(&t)
}

// pair adds a row for a command with and without --cow, in the project folder.
func (b *bench) pair(t *table, rounds int, name string, limit float64, argv ...string) error {
	results, err := contest(rounds, []contestant{
		b.command("run", 0, append([]string{b.usandbox, "run", "--"}, argv...)...),
		b.command("run --cow", 0, append([]string{b.usandbox, "run", "--cow", "--"}, argv...)...),
	})
	if err != nil {
		return err
	}
	t.pairRow(name, results[0], results[1], limit)
	return removeRuns()
}

func (t *table) pairRow(name string, plain, kept times, limit float64) {
	r := ratio(kept, plain)
	t.add(name, milliseconds(plain.median()), milliseconds(kept.median()), fmt.Sprintf("%.2f", r), target(r, limit))
}

// repository fills the project folder with a git repository.
func (b *bench) repository(files int) error {
	if err := fill(b.project, files); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"config", "gc.auto", "0"}, {"config", "maintenance.auto", "false"}, // nothing in the background
		{"add", "-A"},
		{"-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "-q", "-m", "files"},
	} {
		c := exec.Command("git", args...)
		c.Dir = b.project
		if err := output(c); err != nil {
			return err
		}
	}
	time.Sleep(1100 * time.Millisecond) // what is as new as the index, git reads again
	c := exec.Command("git", "status")
	c.Dir = b.project
	return output(c)
}

// fill makes small files, a hundred in each folder.
func fill(dir string, files int) error {
	for i := range files {
		at := filepath.Join(dir, fmt.Sprintf("folder%d", i/100))
		if i%100 == 0 {
			if err := os.MkdirAll(at, 0o755); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(at, fmt.Sprintf("file%d", i)), fmt.Appendf(nil, "%d\n", i), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// cowBuild adds a row for a build with an empty cache in the project folder.
func (b *bench) cowBuild(t *table) error {
	const rounds = 5
	argv, env, err := b.goBuild("net/http")
	if err != nil {
		t.note("go build: not measured: %v", err)
		return nil
	}
	inside := func(flags ...string) []string {
		run := append([]string{b.usandbox, "run"}, flags...)
		return append(append(run, "--inherit-env", "--ro", goroot(argv[0]), "--"), argv...)
	}
	var times [2]times
	for range rounds {
		for i, argv := range [][]string{inside(), inside("--cow=.")} {
			took, err := b.clean(argv, env)
			if err != nil {
				return err
			}
			times[i] = append(times[i], took)
		}
	}
	times[0].sort()
	times[1].sort()
	t.pairRow("go build net/http, empty cache", times[0], times[1], 1.05)
	return removeRuns()
}

// diffRow adds a row for usandbox diff.
func (b *bench) diffRow(t *table) error {
	const files, changes, limit = 100_000, 100, 50
	if err := os.RemoveAll(b.project); err != nil {
		return err
	}
	if err := fill(b.project, files); err != nil {
		return err
	}
	var script strings.Builder
	for i := range changes {
		fmt.Fprintf(&script, "echo changed >>folder%d/file%d\n", i*7, i*700+i)
	}
	c := exec.Command(b.usandbox, "run", "--cow", "--", "sh", "-c", script.String())
	c.Dir, c.Env = b.project, environment()
	if err := output(c); err != nil {
		return err
	}
	results, err := contest(max(b.n/10, 5), []contestant{b.command("diff", 0, b.usandbox, "diff")})
	if err != nil {
		return err
	}
	took := results[0].median()
	t.add(fmt.Sprintf("usandbox diff, %d changes in %d files", changes, files), "", milliseconds(took), "",
		strings.Replace(target(float64(took)/float64(time.Millisecond), limit), ":", " ms:", 1))
	return nil
}

// removeRuns removes the copy-on-write runs of the benchmark.
func removeRuns() error {
	runs, err := cow.Runs()
	for _, r := range runs {
		if failed := r.Remove(); err == nil {
			err = failed
		}
	}
	return err
}

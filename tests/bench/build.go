package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// buildTable measures a build with an empty cache, in the sandbox and outside. Both
// keep everything they write in the project folder: a temporary folder in memory,
// as the sandbox has, would help it.
func buildTable(b *bench) (table, error) {
	const rounds = 3
	t := table{
		title: fmt.Sprintf("Build: go build %s with an empty cache, %d rounds", b.packages, rounds),
		head:  []string{"where", "median", "fastest", "slowest", "to outside", "target"},
	}
	build, env, err := b.goBuild(b.packages)
	if err != nil {
		t.note("not measured: %v", err)
		return t, nil
	}
	inside := []string{b.usandbox, "run", "--inherit-env", "--ro", goroot(build[0]), "--"}
	var times [2]times
	for range rounds {
		for i, argv := range [][]string{build, append(inside, build...)} {
			took, err := b.clean(argv, env)
			if err != nil {
				return t, err
			}
			times[i] = append(times[i], took)
		}
	}
	for i, where := range []string{"outside", "inside usandbox"} {
		times[i].sort()
		row := []string{where, seconds(times[i].median()), seconds(times[i].at(0)), seconds(times[i].at(1)), "", ""}
		if i > 0 {
			r := ratio(times[i], times[0])
			row[4], row[5] = fmt.Sprintf("%.3f", r), target(r, 1.03)
		}
		t.add(row...)
	}
	return t, nil
}

// goBuild is a build of packages, with all that it writes in the project folder.
func (b *bench) goBuild(packages string) (argv, env []string, err error) {
	program, err := exec.LookPath("go")
	if err != nil {
		return nil, nil, errors.Unwrap(err)
	}
	root, err := exec.Command(program, "env", "GOROOT").Output()
	if err != nil {
		return nil, nil, err
	}
	home := filepath.Join(b.dir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, nil, err
	}
	tool := filepath.Join(strings.TrimSpace(string(root)), "bin", "go")
	return append([]string{tool, "build"}, strings.Fields(packages)...), []string{
		"PATH=/usr/bin:/bin", "HOME=" + home, "CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOFLAGS=", "GOENV=off",
		"GOCACHE=" + filepath.Join(b.project, "cache"), "GOTMPDIR=" + filepath.Join(b.project, "tmp"),
	}, nil
}

// goroot is the Go installation that a go command is of.
func goroot(tool string) string { return filepath.Dir(filepath.Dir(tool)) }

// clean runs a build in an empty project folder and says how long it took.
func (b *bench) clean(argv, env []string) (time.Duration, error) {
	if err := os.RemoveAll(b.project); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(filepath.Join(b.project, "tmp"), 0o755); err != nil {
		return 0, err
	}
	c := exec.Command(argv[0], argv[1:]...)
	c.Dir, c.Env = b.project, env
	start := time.Now()
	err := output(c)
	return time.Since(start), err
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

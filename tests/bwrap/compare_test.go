package bwrap

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// What differs from run to run: numbers of mounts, devices and processes; random names.
var (
	mountIDs  = regexp.MustCompile(`(?m)^\d+ \d+ \d+:\d+ `)
	optional  = regexp.MustCompile(`master:\d+`)
	bindFile  = regexp.MustCompile(`bindfile\w{6}`)
	inode     = regexp.MustCompile(`:\[\d+\]`)
	unmounted = regexp.MustCompile(`Unable to find "[^"(]*"`)
	process   = regexp.MustCompile(`/proc/\d+/`)
	long      = regexp.MustCompile(`"child-pid": \d+|-namespace": \d+`)
)

func normal(text string) string {
	text = mountIDs.ReplaceAllString(text, "")
	text = optional.ReplaceAllString(text, "master:N")
	text = bindFile.ReplaceAllString(text, "bindfileN")
	text = inode.ReplaceAllString(text, ":[N]")
	text = unmounted.ReplaceAllString(text, `Unable to find "PATH"`) // links resolved, or not
	return process.ReplaceAllString(text, "/proc/N/")
}

// What bubblewrap 0.12 says, or shows of an overlay, in other words than those before, and
// in words of both.
var (
	reworded = regexp.MustCompile(`(?m)^bwrap: (Destination is not a |Can't (open|mkdir|mkdir parents for|create file|remount readonly on|chmod|make symlink at|mount mqueue on|make overlay mount on|bind mount) ).*$`)
	overlaid = regexp.MustCompile(`(?m)^(/ \S+ )\S+ - overlay .*$`)
)

// refused is what bubblewrap 0.12 says of destinations that are symlinks; those before
// followed them.
const refused = "bwrap: Can't mount on symlink destination "

// compare runs both and tells what differs.
func (a ask) compare(t testing.TB) outcome {
	t.Helper()
	want, got := a.run(t, theirs), a.run(t, ours)
	if strings.Contains(want.stderr, ` (deleted)" in mount table`) { // bubblewrap cannot make these read-only
		return got
	}
	if want.code == 139 { // bubblewrap 0.12 crashes where layers of an overlay are missing
		return got
	}
	if minor >= 12 {
		if strings.Contains(want.stderr, refused) || strings.Contains(want.stderr, "bwrap: Destination is not a ") && !reworded.MatchString(got.stderr) {
			return got
		}
		for _, o := range []*outcome{&want, &got} {
			o.stderr = reworded.ReplaceAllString(o.stderr, "bwrap: it fails")
			o.stdout = overlaid.ReplaceAllString(o.stdout, "${1}overlay")
		}
	}
	if strings.Contains(got.stderr, "Can't write data to file") && strings.HasSuffix(got.stderr, ": Bad file descriptor\n") {
		return got // used twice: bubblewrap may take a file that it has just made for the descriptor
	}
	want.stdout, got.stdout = a.uncovered(want.stdout), a.uncovered(got.stdout)
	if lock := "Unable to open lock file"; strings.Contains(want.stderr, lock) && strings.Contains(got.stderr, lock) {
		want.stdout, got.stdout, want.stderr, got.stderr = "", "", "", "" // the command runs at the same time
	}
	if strings.Contains(got.stderr, "bwrap: Can't find source path ") { // nothing is written before
		want.fds, got.fds = "", ""
	}
	want.fds, got.fds = long.ReplaceAllString(want.fds, "N"), long.ReplaceAllString(got.fds, "N")
	for _, x := range []struct{ what, want, got string }{
		{"exit code", fmt.Sprint(want.code), fmt.Sprint(got.code)},
		{"output", want.stdout, got.stdout},
		{"messages", want.stderr, got.stderr},
		{"what is left on the host", want.left, got.left},
		{"what is written to descriptors", want.fds, got.fds},
	} {
		if x.want != x.got {
			t.Errorf("bwrap %q\n%s differs: bubblewrap\n%s\nours\n%s\n%s", a.args, x.what, x.want, x.got, lines(x.want, x.got))
		}
	}
	return got
}

// uncovered is text with the lines of mountinfo, without attributes where a later mount is
// in the same place: those of an automounter, or all.
func (a ask) uncovered(text string) string {
	lines, last := strings.SplitAfter(text, "\n"), map[string]int{}
	for i, line := range lines {
		if f := strings.Fields(line); len(f) > 3 && strings.Contains(line, " - ") {
			last[f[1]] = i
		}
	}
	for i, line := range lines {
		if f := strings.Fields(line); len(f) > 3 && strings.Contains(line, " - ") && last[f[1]] != i && (a.covered || strings.Contains(line, " - autofs ")) {
			lines[i] = f[0] + " " + f[1] + " covered\n"
		}
	}
	return strings.Join(lines, "")
}

// sameOutput compares what a caller printed, which has to have parts in it.
func sameOutput(t *testing.T, want, got string, parts ...string) {
	t.Helper()
	if want != got {
		t.Errorf("bubblewrap's output\n%s\nours\n%s\n%s", want, got, lines(want, got))
	}
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in the output:\n%s", part, got)
		}
	}
}

// lines are those that only one of two texts has.
func lines(a, b string) string {
	only := func(sign, a, b string) (s string) {
		for line := range strings.Lines(a) {
			if !strings.Contains("\n"+b, "\n"+strings.TrimSuffix(line, "\n")+"\n") {
				s += sign + " " + line
			}
		}
		return s
	}
	return only("-", a, b+"\n") + only("+", b, a+"\n")
}

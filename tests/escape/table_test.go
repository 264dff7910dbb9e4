package escape

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of attacks in docs/security.md, with what bubblewrap did where it is installed")

const (
	tableFile   = "../../docs/security.md"
	resultsFile = "testdata/bubblewrap.txt"
	tableBegin  = "<!-- attacks: begin -->\n"
	tableEnd    = "<!-- attacks: end -->\n"

	stopped   = "stopped"
	succeeded = "succeeds"
	notAsked  = "not tried"
)

// results are what bubblewrap did, by the name of the attack.
type results struct {
	peer string
	got  map[string]string
}

func (r results) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What became of the attacks on this; written by go test ./tests/escape -update.\n%s\n", r.peer)
	for _, name := range slices.Sorted(maps.Keys(r.got)) {
		fmt.Fprintf(&b, "%s\t%s\n", r.got[name], name)
	}
	return b.String()
}

func readResults(text []byte) (r results) {
	r.got = map[string]string{}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		result, name, ok := strings.Cut(s.Text(), "\t")
		switch {
		case strings.HasPrefix(s.Text(), "#"):
		case ok:
			r.got[name] = result
		default:
			r.peer = s.Text()
		}
	}
	return r
}

// table is what docs/security.md says of the attacks.
func table(r results) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| attack | tries | defence | usandbox | %s |\n|---|---|---|---|---|\n", r.peer)
	for _, a := range attacks {
		ours := stopped
		for _, policy := range slices.Sorted(maps.Keys(a.gives)) {
			ours = fmt.Sprintf("%s; with `%s` it succeeds: %s", ours, variantOf(policy).flags, a.gives[policy])
		}
		if slices.Equal(a.under, slices.Sorted(maps.Keys(a.gives))) && len(a.under) > 0 {
			ours = "succeeds: " + a.gives[a.under[0]]
		}
		theirs := r.got[a.name]
		if theirs == succeeded {
			theirs = "**succeeds**"
		}
		if why := a.peer(); why != "" {
			theirs = "not tried: " + why
		}
		for _, cell := range []string{a.name, a.tries, a.defence, ours, theirs} {
			b.WriteString("| " + strings.ReplaceAll(cell, "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	for _, a := range alone {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | not tried: it is about usandbox's own set-up |\n", a.name, a.tries, a.defence, stopped)
	}
	return b.String()
}

// alone are attacks that are tests of their own.
var alone = []struct {
	name, tries, defence string
	test                 func(*testing.T)
}{
	{"a source that is swapped", "exchange a source, or its parent, with a symlink to the secret while sandboxes start",
		"the real path is looked up once and opened with RESOLVE_NO_SYMLINKS", TestSourceRace},
	{"a folder that is swapped behind its descriptor", "exchange it with another one while sandboxes start that show it by its descriptor",
		"device and inode of what was opened are compared", TestIdentityRace},
	{"a destination that is swapped", "a second sandbox exchanges a destination, or a folder above it, with a symlink to elsewhere",
		"destinations in a writable mount are opened with RESOLVE_NO_SYMLINKS; mounts are moved to what was opened", TestDestinationRace},
	{"a git folder that is swapped", "exchange what a .git file names, and the folders above it, while sandboxes start",
		"what is shown is compared with what was looked at, by device and inode", TestGitRace},
	{"killed at any moment", "kill usandbox or its processes while a sandbox is set up or runs; look for processes, files and mounts that are left",
		"a lifeline; PR_SET_PDEATHSIG, looked after; no host path is made", TestKill},
	{"temporary folders", "lay predictable names, and hostile TMPDIR and XDG_RUNTIME_DIR, in the way", "the image is a memfd; no host path is used", TestTemporaryFolders},
	{"a set-up that fails", "have the set-up fail at each kind of entry", "what is made lies in file systems of the sandbox's own", TestFailedSetUp},
	{"look back at who enters", "from inside the namespaces that `enter` enters, with every capability: its memory, descriptors, environment, program",
		"a sealed image, not dumpable from before the first setns(2) on", TestEnter},
}

// A table that names an attack twice, or forgets what stops it, is wrong; and so is one
// in the documentation that is another than this.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range attacks {
		if seen[a.name] || a.name == "" || a.tries == "" || a.defence == "" || a.inside == nil && a.outside == nil {
			t.Errorf("%q: named twice, or something is missing", a.name)
		}
		seen[a.name] = true
		for _, p := range append(slices.Collect(maps.Keys(a.gives)), a.under...) {
			if !slices.ContainsFunc(policies, func(v variant) bool { return v.name == p }) {
				t.Errorf("%q: there is no policy %q", a.name, p)
			}
		}
	}
	for _, a := range alone {
		if seen[a.name] || a.test == nil {
			t.Errorf("%q: named twice, or something is missing", a.name)
		}
		seen[a.name] = true
	}
	if os.Getenv(folderVariable) != "" {
		return // the documentation is not here
	}
	doc, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), tableBegin)
	old, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", tableFile)
	}
	if *update {
		names, _ := filepath.Glob(filepath.Join(folder, "*", "results"))
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(resultsFile, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	text, err := os.ReadFile(resultsFile)
	if err != nil {
		t.Fatal(err)
	}
	now := table(readResults(text))
	if *update {
		if err := os.WriteFile(tableFile, []byte(before+tableBegin+now+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if now != old {
		t.Errorf("the table of attacks in %s is another; go test ./tests/escape -update writes it\n%s", tableFile, now)
	}
}

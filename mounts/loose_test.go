package mounts

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/launch"
)

// looseSteps are the steps of the entries in a loose tree, in brief.
func looseSteps(t *testing.T, host string, entries ...Entry) string {
	t.Helper()
	p := launch.NewStandalone(3)
	words := func(e Entry, s Stage, detail string) string { return fmt.Sprint(e, " ", s, " ", detail) }
	if err := CompileLoose(p, entries, Loose{Words: words}); err != nil {
		t.Fatal(err)
	}
	var kept []*launch.Step
	for _, s := range p.Steps() {
		if !strings.HasPrefix(s.Doing(), "<nil>") && s.Call() != "write" { // of the base; messages
			kept = append(kept, s)
		}
	}
	return brief(host, kept)
}

func TestLoose(t *testing.T) {
	host := hostTree(t)
	bind := func(target string) Entry { return Bind{Source: host, Target: target, Writable: true} }
	const bound = "open old HOST exactly; clone src; set nosuid,nodev; move to "
	slow := func(how string) string { // a folder that is made unless it is there, below x
		return strings.ReplaceAll(`open new x/n HOW; open new x HOW; open new . HOW; mkdir dir x; open new x HOW
			open new x HOW; mkdir dir n; open new x/n HOW; open new x/n HOW`, " HOW", how)
	}
	for _, c := range []struct {
		name    string
		entries []Entry
		want    string
	}{
		// Known: not even opened.
		{"known", []Entry{bind("/a/b"), Tmpfs{Target: "/t"}, Dir{Target: "/t/d", Mode: 0o700}, Symlink{Link: "d", Target: "/t/l"}}, `
			mkdir new a; mkdir new a/b; ` + bound + `new a/b
			mkdir new t; new tmpfs; option mode=0; option source=tmpfs; mount nosuid|nodev; move to new t
			mkdir new t/d; symlink new t/l to d`},
		{"a root that is bound", []Entry{bind("/"), Dir{Target: "/a"}}, bound + `new
			open AT_FDCWD /newroot
			open new a exactly; open new . exactly; mkdir dir a; open new a exactly; open new a exactly`},
		// No symlink is there, and none is followed.
		{"exact", []Entry{bind("/x"), Dir{Target: "/x/n"}, Dir{Target: "/y"}}, `mkdir new x; ` + bound + `new x
			` + slow(" exactly") + `
			mkdir new y`},
		// A symlink is there: from then on nothing is known.
		{"symlink of the host's", []Entry{bind("/x"), Dir{Target: "/x/link"}, Dir{Target: "/y"}}, `mkdir new x; ` + bound + `new x
			open new x/link; open new x; open new .; mkdir dir x; open new x; open new x; mkdir dir link; open new x/link; open new x/link
			open new y; open new .; mkdir dir y; open new y; open new y`},
		{"symlink of our own", []Entry{Symlink{Link: "x", Target: "/l"}, Dir{Target: "/x"}, Dir{Target: "/l/n"}, Dir{Target: "/x/n"}}, `symlink new l to x
			mkdir new x
			open new l/n; open new l; open new .; mkdir dir l; open new l; open new l; mkdir dir n; open new l/n; open new l/n
			` + slow("")},
		{"two dots", []Entry{Dir{Target: "/a/../b"}, Dir{Target: "/b"}}, `open new a/../b; open new a/..; open new .; mkdir dir a; open new a
			open new a; mkdir dir ..; open new a/..
			open new a/..; mkdir dir b; open new a/../b; open new a/../b
			open new b; open new .; mkdir dir b; open new b; open new b`},
		// What was made in a bind is seen when the steps run, not before.
		{"symlink in a bind", []Entry{bind("/x"), Symlink{Link: "/", Target: "/x/s"}, Dir{Target: "/y"}}, `mkdir new x; ` + bound + `new x
			open new x; open new .; mkdir dir x; open new x; open new x; symlink dir s to /
			open new y; open new .; mkdir dir y; open new y; open new y`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, want := lines(looseSteps(t, host, c.entries...)), lines(c.want); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// lines are the parts of a text, one a line.
func lines(text string) string {
	var list []string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == '\n' }) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return strings.Join(list, "\n")
}

// TestLooseOnly has strict trees refuse what only loose ones can have.
func TestLooseOnly(t *testing.T) {
	for _, e := range []Entry{Remount{Target: "/a"}, Data{Target: "/a"}} {
		if _, err := compileSteps(e); err == nil {
			t.Errorf("%v: taken", e)
		}
	}
}

// TestLooseMissing looks for a source that is not there.
func TestLooseMissing(t *testing.T) {
	words := func(Entry, Stage, string) string { return "" }
	for try, want := range map[bool]bool{false: true, true: false} {
		err := CompileLoose(launch.NewStandalone(3), []Entry{Bind{Source: "/none", Target: "/a", Try: try}}, Loose{Words: words})
		if (err != nil) != want || err != nil && !os.IsNotExist(unwrapped(err)) {
			t.Errorf("try %v: %v", try, err)
		}
	}
}

func unwrapped(err error) error {
	for {
		next, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = next.Unwrap()
	}
}

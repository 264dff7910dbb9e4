package mounts

// Patterns in entries: what binds and hides become of them.

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/launch"
)

// globTree is hostTree with more: "a/[1]" "a/1" "a/*" "e/file" "e/.hidden" "e/to-a" -> ../a "e/dangling" -> none
func globTree(t *testing.T) string {
	host := hostTree(t)
	for _, d := range []string{"/a/[1]", "/a/1", "/e"} {
		must(t, os.MkdirAll(host+d, 0o755))
	}
	for _, f := range []string{"/a/*", "/e/file", "/e/.hidden"} {
		must(t, os.WriteFile(host+f, nil, 0o644))
	}
	must(t, os.Symlink("../a", host+"/e/to-a"))
	must(t, os.Symlink("none", host+"/e/dangling"))
	return host
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestExpand(t *testing.T) {
	host := globTree(t)
	for _, c := range []struct {
		pattern, literal, target string
		want                     string // SOURCE or SOURCE:TARGET, without the host tree; or ! and the error
	}{
		{"/e/*", "", "", "/e/.hidden /e/file /e/to-a"},
		{"/e/**", "", "", "/e/.hidden /e/file /e/to-a"},
		{"/*/file", "", "", "/a/file /e/file /link/file"}, // a wildcard goes through a symlink, ** does not
		{"/**/file", "", "", "/a/b/c/file /a/file /e/file"},
		{"/[de]", "", "", "/d /e"},
		{"/a/**/c", "", "/x", "/a/b/c:/x"},
		{"/a/**/c", "", "/x/", "/a/b/c:/x/c"},
		{"/[de]", "", "/x/", "/d:/x/d /e:/x/e"},
		{"/[de]", "", "/", "/d:/d /e:/e"},
		{"/[de]", "", "/x", "!2 names match, and only one can be shown on /x"},
		{"/**/file", "", "/x/", "!both match, and only one can be shown on /x/file"},
		{"/none*", "", "", "!nothing matches"},
		{"/dangl*", "", "", "!nothing matches"},
		{"/a/file/*", "", "", "!nothing matches"},
		{"/a/[1]", "/a/[1]", "", "!as a pattern it matches"},
		{"/a/[1]", "", "", "/a/1"},
		{`/a/\[1]`, `/a/\[1]`, "", "/a/[1]"},
		{"/a/*", "/a/*", "", "!as a pattern it matches"},
		{`/a/\*`, `/a/\*`, "", "/a/*"},
		{"/a/[x", "/a/[x", "", "!malformed"},
		{"/link/b/*", "", "", "/link/b/c"},
	} {
		b := BindGlob{Pattern: host + c.pattern, Bind: Bind{Target: c.target}}
		if c.literal != "" {
			b.Source = host + c.literal
		}
		list, err := Expand([]Entry{Dir{Target: "/before"}, b, Dir{Target: "/after"}})
		if says, ok := strings.CutPrefix(c.want, "!"); ok {
			var refused *Error
			if !errors.As(err, &refused) || !strings.Contains(refused.Err.Error(), says) || refused.Entry != b {
				t.Errorf("%s: %v, %v, want %q", c.pattern, list, err, says)
			}
			continue
		}
		if err != nil || len(list) < 2 || list[0] != (Dir{Target: "/before"}) || list[len(list)-1] != (Dir{Target: "/after"}) {
			t.Errorf("%s: %v, %v", c.pattern, list, err)
			continue
		}
		var got []string
		for _, e := range list[1 : len(list)-1] {
			b := e.(Bind)
			text := strings.TrimPrefix(b.Source, host)
			if b.Target != b.Source {
				text += ":" + b.Target
			}
			got = append(got, text)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.pattern, got, c.want)
		}
	}
	// A name alone, as it was before there were patterns.
	must(t, os.Remove(host+"/a/1"))
	list, err := Expand([]Entry{BindGlob{Pattern: host + "/a/[1]", Bind: Bind{Source: host + "/a/[1]", Target: "/x", NoExec: true}}})
	if want := (Bind{Source: host + "/a/[1]", Target: "/x", NoExec: true}); err != nil || len(list) != 1 || list[0] != want {
		t.Errorf("%v, %v", list, err)
	}
	if list, err = Expand([]Entry{BindGlob{Pattern: host + "/none*", Bind: Bind{Try: true}}}); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	plain := []Entry{Dir{Target: "/a"}}
	if list, err = Expand(plain); err != nil || &list[0] != &plain[0] {
		t.Errorf("%v, %v", list, err)
	}
}

// hidden are the paths that the entries hide.
func hidden(entries ...Entry) (list []string, err error) {
	p := launch.New(3)
	if err := Compile(p, entries); err != nil {
		return nil, err
	}
	for _, s := range p.Steps() {
		if name, ok := strings.CutPrefix(s.Doing(), "hide "); ok && (len(list) == 0 || list[len(list)-1] != name) {
			list = append(list, name)
		}
	}
	return list, nil
}

func TestHideGlob(t *testing.T) {
	host := globTree(t)
	show, grant := Bind{Source: host, Target: "/x"}, Bind{Source: host, Target: "/x", Writable: true}
	glob := func(p string) HideGlob { return HideGlob{Pattern: p} }
	for _, c := range []struct {
		entries []Entry
		want    string // or ! and the error
	}{
		{[]Entry{show, glob("/x/d*")}, "/x/d"},
		{[]Entry{show, glob("/x/**/file")}, "/x/a/b/c/file /x/a/file /x/e/file"},
		{[]Entry{show, glob("/**/c")}, "/x/a/b/c"},
		{[]Entry{show, glob("/x/none*"), glob("/none*"), glob("/none/**/a"), glob("/x/a/file/*")}, ""},
		{[]Entry{show, HideGlob{Pattern: "/x/a/[1]", Target: "/x/a/[1]"}}, "/x/a/1 /x/a/[1]"},
		{[]Entry{show, HideGlob{Pattern: `/x/a/\[1]`, Target: `/x/a/\[1]`}}, "/x/a/[1]"},
		{[]Entry{show, HideGlob{Pattern: "/x/a/[", Target: "/x/a/["}}, "!malformed"},
		// By way of a symlink it can still be reached.
		{[]Entry{show, glob("/x/l*")}, "!/x/link is a symlink, by which /x/a can still be reached"},
		{[]Entry{show, glob("/x/[al]*")}, "/x/a"},
		{[]Entry{show, Hide{Target: "/x/a"}, glob("/x/l*")}, "/x/a"},
		{[]Entry{show, glob("/x/e/d*")}, ""}, // it leads nowhere
		{[]Entry{show, glob("/x/l*/b/c")}, "!/x/link is a symlink, by which /x/a/b/c can still be reached"},
		{[]Entry{show, glob("/x/*/b/c")}, "/x/a/b/c"},
		{[]Entry{show, glob("/x/link/?")}, "/x/a/* /x/a/1 /x/a/b"}, // what is named is followed
		{[]Entry{grant, glob("/x/link/?")}, "!is a symlink in a folder that the sandbox may write to"},
		// In file systems of our own, and what is mounted on them.
		{[]Entry{Tmpfs{Target: "/t"}, Dir{Target: "/t/a/b"}, Bind{Source: host + "/a/file", Target: "/t/f"}, show, glob("/t/*")}, "/t/a /t/f"},
		{[]Entry{Dir{Target: "/t/a"}, Bind{Source: host, Target: "/t/a/m"}, glob("/t/**/file")}, "/t/a/m/a/b/c/file /t/a/m/a/file /t/a/m/e/file"},
		{[]Entry{grant, Tmpfs{Target: "/x/a"}, Dir{Target: "/x/a/new"}, glob("/x/a/*")}, "/x/a/new"},
		{[]Entry{Symlink{Link: "t", Target: "/l"}, Dir{Target: "/t/a"}, glob("/l/*")}, "/t/a"},
		{[]Entry{Symlink{Link: "t", Target: "/l"}, Dir{Target: "/t/a"}, glob("/[l]/a")}, "!/l is a symlink, by which /t/a can still be reached"},
		// What was made read-only is not forgotten.
		{[]Entry{Dir{Target: "/t/a/b"}, Bind{Source: host, Target: "/t/m"}, ReadOnly{Target: "/t"}, glob("/t/**/[bc]")}, "/t/a/b /t/m/a/b"},
		{[]Entry{Dir{Target: "/t/a/b"}, ReadOnly{Target: "/t"}, ReadOnly{Target: "/t/a"}, Hide{Target: "/t/a/b"}, Hide{Target: "/t/a/c"}}, "/t/a/b /t/a/c"},
		{[]Entry{grant, Tmpfs{Target: "/x/d"}, Dir{Target: "/x/d/n"}, ReadOnly{Target: "/x"}, glob("/x/d/*"), glob("/x/e/f*")}, "/x/d/n /x/e/file"},
		// What only the kernel knows.
		{[]Entry{Proc{Target: "/proc"}, glob("/proc/*")}, "!known to the kernel alone"},
		{[]Entry{Proc{Target: "/proc"}, glob("/proc/sys/k*")}, "!known to the kernel alone"},
		{[]Entry{Proc{Target: "/proc"}, glob("/**/none")}, ""},
		{[]Entry{Proc{Target: "/proc"}, glob("/*")}, "/proc"},
		{[]Entry{Dir{Target: "/t/s"}, Hide{Target: "/t"}, glob("/t/*")}, "/t"},
		// Overlays: what any layer has.
		{[]Entry{Overlay{Lower: []string{host + "/a", host + "/e"}, Target: "/o"}, glob("/o/*i*")}, "/o/.hidden /o/file"},
		{[]Entry{Overlay{Lower: []string{host + "/a", host + "/e"}, Target: "/o"}, glob("/o/?[ih]i*"), glob("/o/**/f*")}, "/o/.hidden /o/b/c/file /o/file"},
	} {
		list, err := hidden(c.entries...)
		if says, ok := strings.CutPrefix(c.want, "!"); ok {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%v: %q, %v", c.entries, list, err)
			}
		} else if err != nil || strings.Join(list, " ") != c.want {
			t.Errorf("%v: %q, %v, want %q", c.entries, list, err, c.want)
		}
	}
}

// A wildcard is bounded, however large the tree.
func TestGlobBounds(t *testing.T) {
	host := t.TempDir()
	for i := range maxMatches + 1 {
		must(t, os.WriteFile(path.Join(host, fmt.Sprint("f", i)), nil, 0o644))
	}
	if _, err := hostMatches(host + "/*"); err == nil || !strings.Contains(err.Error(), "more than 10000 names match") {
		t.Error(err)
	}
	if _, err := hidden(Bind{Source: host, Target: "/x"}, HideGlob{Pattern: "/x/*"}); err == nil || !strings.Contains(err.Error(), "more than 10000 names match") {
		t.Error(err)
	}
	w := walk{follow: followHost, look: lookHost, names: maxLooked - maxMatches - 1, list: listHost}
	w.pattern, _ = parsePattern("/none?")
	if err := w.run(host, 0); err != nil || len(w.matches) > 0 {
		t.Error(err)
	}
	w.names = maxLooked - maxMatches
	if err := w.run(host, 0); err == nil || !strings.Contains(err.Error(), "more than 1000000 names would have to be looked at") {
		t.Error(err)
	}
}

// A folder that cannot be listed, but in which names could be found, is not passed over.
func TestHideGlobUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("skip: root can list every folder")
	}
	host := globTree(t)
	show := Bind{Source: host, Target: "/x"}
	for _, mode := range []os.FileMode{0o311, 0o000} {
		must(t, os.Chmod(host+"/a", mode))
		_, err := hidden(show, HideGlob{Pattern: "/x/**/file"})
		must(t, os.Chmod(host+"/a", 0o755))
		if err == nil || !strings.Contains(err.Error(), "cannot be read, but what is in it could be reached") {
			t.Errorf("%o: %v", mode, err)
		}
	}
}

package mounts

// What several tests use: a small host tree, and the steps of entries as text.

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/launch"
)

// hostTree makes, in a new folder whose path is free of symlinks:
//
//	a/b/c/file  a/file  d/  link -> a  dangling -> none
func hostTree(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"/a/b/c", "/d"} {
		if err := os.MkdirAll(dir+d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"/a/file", "/a/b/c/file"} {
		if err := os.WriteFile(dir+f, []byte("host\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, link := range map[string]string{"/link": "a", "/dangling": "none"} {
		if err := os.Symlink(link, dir+name); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// compileSteps are the steps of the entries, without those that begin and end
// every tree.
func compileSteps(entries ...Entry) ([]*launch.Step, error) {
	p := launch.New(3)
	if err := Compile(p, entries); err != nil {
		return nil, err
	}
	from, to := between(p.Steps())
	return p.Steps()[from:to], nil
}

// between is where the steps are that do not begin or end every tree.
func between(steps []*launch.Step) (from, to int) {
	to = len(steps)
	for i, s := range steps {
		if strings.HasPrefix(s.String(), `openat(AT_FDCWD, "/new"`) {
			from = i + 1
		}
		if s.Doing() == "make the root read-only" {
			return from, i
		}
	}
	return from, to
}

// brief are steps in the words that matter here: what is opened, made, set and
// moved where, and which fds are kept. The host tree is HOST.
func brief(host string, steps []*launch.Step) string {
	var lines []string
	for _, s := range steps {
		if fd, ok := strings.CutPrefix(s.String(), "tree + 0 = "); ok {
			lines = append(lines, "keep "+fd)
			continue
		}
		text := strings.ReplaceAll(s.String(), strings.TrimPrefix(host, "/"), "HOST")
		name, args, _ := strings.Cut(text, "(")
		f := strings.Split(strings.SplitN(args, ")", 2)[0], ", ")
		unquote := func(i int) string { return strings.Trim(f[i], `"`) }
		exact := ""
		if strings.Contains(text, "RESOLVE_NO_SYMLINKS") {
			exact = " exactly"
		}
		switch name {
		case "openat2":
			lines = append(lines, "open "+f[0]+" "+unquote(1)+exact)
		case "mkdirat", "mknodat":
			lines = append(lines, strings.TrimSuffix(name, "at")+" "+f[0]+" "+unquote(1))
		case "symlinkat":
			lines = append(lines, "symlink "+f[1]+" "+unquote(2)+" to "+unquote(0))
		case "open_tree":
			lines = append(lines, strings.TrimSpace("clone "+f[0]+" "+unquote(1)))
		case "mount_setattr":
			lines = append(lines, "set "+strings.Trim(strings.Join(f[3:len(f)-1], ","), "{}"))
		case "openat":
			lines = append(lines, "open "+f[0]+" "+unquote(1))
		case "write":
			lines = append(lines, "write "+f[0]+" "+strings.Trim(f[1], "{}"))
		case "fchmodat":
			lines = append(lines, "chmod "+f[0]+" "+unquote(1)+" "+f[2])
		case "fsmount":
			lines = append(lines, "mount "+f[2])
		case "fsopen":
			lines = append(lines, "new "+unquote(0))
		case "fsconfig":
			if len(f) == 5 && strings.HasPrefix(f[2], `"`) {
				lines = append(lines, "option "+unquote(2)+"="+unquote(3))
			}
		case "move_mount":
			lines = append(lines, strings.TrimSpace("move to "+f[2]+" "+unquote(3)))
		}
	}
	return strings.Join(lines, "\n")
}

// shapeOf is a tree of which nodes are known.
func shapeOf(nodes map[string]node) *shape {
	s := &shape{top: launch.New(3).Var("new")}
	for _, depth := range []int{1, 2, 3, 4} { // set forgets what is below
		for p, n := range nodes {
			if strings.Count(p, "/") == depth {
				s.set(p, n)
			}
		}
	}
	return s
}

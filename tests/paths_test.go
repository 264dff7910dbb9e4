package tests

// Paths of every odd sort, in every flag about files, and mounts in mounts.

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// oddNames are names of one component.
var oddNames = map[string]string{
	"space":                 " a b ",
	"colon":                 "a:b::c:",
	"backslash":             `a\b\\c\:d\`,
	"newline":               "a\nb\n",
	"tab":                   "a\tb",
	"no utf-8":              "a\xff\xfe\xc3b",
	"control":               "\x1b[31ma\x07\x7f\u009b",
	"right to left":         "a\u202eb",
	"quotes":                `a"b'c` + "`$(d)`",
	"dash":                  "--rw",
	"wildcards":             "a[1]*?",
	"half a class":          "a[b",
	"option":                "a:noexec",
	"comma":                 "size=1,mode=2",
	"dots":                  "...",
	"longest":               strings.Repeat("x", 255),
	"longest, of two bytes": strings.Repeat("é", 127),
}

// escapePath writes a path as a field of a flag.
func escapePath(path string) string {
	return strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(path)
}

// escapePattern writes a path where a pattern may stand.
func escapePattern(path string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`).Replace(escapePath(path))
}

// realFolder is a new folder whose path is free of symlinks.
func realFolder(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sandboxed runs a script in a sandbox without the current folder, with $1 and so on.
func sandboxed(t *testing.T, flags []string, script string, args ...string) (out, errors string, code int) {
	t.Helper()
	c := exec.Command(filepath.Join(folder, "bin", "usandbox"), append(append([]string{"run", "--no-cwd"}, flags...), append([]string{"--", "sh", "-c", script, "sh"}, args...)...)...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		if _, ok := err.(*exec.ExitError); !ok {
			t.Fatal(err)
		}
	}
	var lines []string
	for line := range strings.Lines(stderr.String()) {
		if !strings.HasPrefix(line, "usandbox: you are root") {
			lines = append(lines, line)
		}
	}
	return stdout.String(), strings.Join(lines, ""), c.ProcessState.ExitCode()
}

// printed fails the test if text for a terminal holds what could steer it.
func printed(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e {
			t.Errorf("%q in %.200q", r, text)
			return
		}
	}
	if !utf8.ValidString(text) {
		t.Errorf("no UTF-8: %.200q", text)
	}
}

func TestOddNames(t *testing.T) {
	readSources()
	for what, name := range oddNames {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := realFolder(t)
			shown := filepath.Join(dir, name, name)
			must(t, os.MkdirAll(shown, 0o755))
			for _, f := range []string{"file", "secret", "kept"} {
				must(t, os.WriteFile(filepath.Join(shown, f), []byte(f), 0o644))
			}
			must(t, os.Symlink(name, filepath.Join(dir, "link")))
			e := escapePath
			for _, c := range []struct {
				flags  []string
				script string // $1 is the folder, $2 its name
				want   string
			}{
				{[]string{"--ro", e(shown)}, `cat "$1/file"; touch "$1/new" || echo refused`, "filerefused\n"},
				{[]string{"--rw", e(shown)}, `cat "$1/file"; touch "$1/new" && rm "$1/new" && echo written`, "filewritten\n"},
				{[]string{"--ro", e(filepath.Join(dir, "link", name)) + ":" + e("/x/"+name) + ":noexec"}, `cat "/x/$2/file"`, "file"},
				{[]string{"--ro-try", e(shown+"/file") + ":" + e("/x/"+name)}, `cat "/x/$2"`, "file"},
				{[]string{"--ro-try", escapePattern(shown+"/none/"+name) + ":" + e("/x/"+name)}, `cat "/x/$2" || echo none`, "none\n"},
				{[]string{"--tmpfs", e("/x/"+name) + ":mode=700"}, `stat -c %a "/x/$2"; touch "/x/$2/f" && echo written`, "700\nwritten\n"},
				{[]string{"--dir", e("/x/" + name)}, `ls -A "/x/$2"; test -d "/x/$2" && echo folder`, "folder\n"},
				{[]string{"--symlink", e(name) + ":" + e("/x/l"+name[1:])}, `test "$(readlink "/x/l${2#?}"; echo .)" = "$2
." && echo same`, "same\n"},
				{[]string{"--rw", e(shown), "--hide", e(shown + "/secret")}, `cat "$1/secret" "$1/file"; rm -f "$1/secret" || mv "$1" "$1.old" || echo refused`, "filerefused\n"},
				{[]string{"--rw", e(dir), "--hide", e(shown)}, `ls -A "$1"; mv "$1" "$1.old" || echo refused`, "refused\n"},
				{[]string{"--rw", e(dir), "--remount-ro", e(shown)}, `touch "$1/new" || mv "$1" "$1.old" || echo refused`, "refused\n"},
				{[]string{"--rw", e(dir), "--mask", e(shown + "/secret"), "--mask", e(shown + "/" + name)}, `cat "$1/secret" "$1/kept"; ls "$1" | wc -l`, "kept3\n"},
				{[]string{"--hide", escapePattern("/tmp/" + name + "/" + name)}, `echo x >"/tmp/$2/$2" || mv "/tmp/$2" /tmp/y || echo refused`, "refused\n"},
			} {
				out, errors, code := sandboxed(t, c.flags, "{ "+c.script+"; } 2>/dev/null; true", shown, name)
				if out != c.want || errors != "" || code != 0 {
					t.Errorf("%q: %q, %q, %d", c.flags, out, errors, code)
				}
				plan, err := exec.Command(filepath.Join(folder, "bin", "usandbox"), append(append([]string{"plan", "--no-cwd"}, c.flags...), "--", "true")...).CombinedOutput()
				if err != nil {
					t.Errorf("plan %q: %v", c.flags, err)
				}
				printed(t, string(plan))
			}
			// Messages are as safe, also those of a compiled program.
			program := filepath.Join(dir, "program")
			must(t, exec.Command(filepath.Join(folder, "bin", "usandbox"), "compile", "--no-cwd", "-o", program, "--ro", e(shown+"/kept")+":/kept", "--", "true").Run())
			must(t, os.Remove(filepath.Join(shown, "kept")))
			text, _ := exec.Command(program).CombinedOutput()
			if !strings.HasPrefix(string(text), "usandbox: bind /") {
				t.Errorf("%q", text)
			}
			printed(t, string(text))
			for _, flags := range [][]string{
				{"--ro", e(shown + "/none")}, {"--ro", e(shown) + ":" + e("/usr/"+name)}, {"--rw", e(dir), "--hide", escapePattern(shown + "/none")},
				{"--ro", e(shown) + ":" + e(name)}, {"--tmpfs", e("/x/"+name) + ":bad" + name}, {"--ro", e(shown), "--remount-ro", e(shown + "/none")},
				{"--ro", "/none/*" + name}, {"--hide", "/usr/[]" + name},
			} {
				out, errors, code := sandboxed(t, flags, "echo ran")
				if code != 125 || out != "" || !strings.HasPrefix(errors, "usandbox: ") {
					t.Errorf("%q: %q, %q, %d", flags, out, errors, code)
				}
				printed(t, errors)
			}
		})
	}
}

// pathOf is a path of exactly so many bytes, below dir.
func pathOf(dir string, length int) string {
	for len(dir)+256 <= length-2 {
		dir += "/" + strings.Repeat("y", 255)
	}
	left := length - len(dir)
	if left > 256 { // two more, none of them too long
		dir += "/" + strings.Repeat("y", left/2)
		left = length - len(dir)
	}
	return dir + "/" + strings.Repeat("z", left-1)
}

func TestLongPaths(t *testing.T) {
	readSources()
	dir := realFolder(t)
	long := pathOf(dir, 4095)
	must(t, os.MkdirAll(filepath.Dir(long), 0o755))
	must(t, os.WriteFile(long, []byte("file"), 0o644))
	target, deep := pathOf("/x", 4095), filepath.Dir(long)
	const most = 4095
	for _, c := range []struct {
		flags  []string
		script string
		args   []string
		want   string
	}{
		{[]string{"--ro", long}, `cat "$1"`, []string{long}, "file"},
		{[]string{"--ro", long + ":" + target}, `cat "$1"`, []string{target}, "file"},
		{[]string{"--rw", deep + ":" + target}, `ls "$1"`, []string{target}, filepath.Base(long) + "\n"},
		{[]string{"--tmpfs", target}, `ls -A "$1"; test -d "$1" && echo folder`, []string{target}, "folder\n"},
		{[]string{"--dir", target}, `ls -A "$1"; test -d "$1" && echo folder`, []string{target}, "folder\n"},
		{[]string{"--symlink", strings.Repeat("l", most) + ":/l"}, `readlink /l`, nil, strings.Repeat("l", most) + "\n"},
		{[]string{"--symlink", "/etc:" + target}, `readlink "$1"`, []string{target}, "/etc\n"},
		{[]string{"--rw", dir, "--hide", long}, `cat "$1"; rm -f "$1" || mv "$2" "$2.old" || echo refused`, []string{long, dir + "/" + strings.Repeat("y", 255)}, "refused\n"},
		{[]string{"--rw", dir, "--remount-ro", long}, `cat "$1"; echo x >"$1" || echo refused`, []string{long}, "filerefused\n"},
		{[]string{"--hide", pathOf("/tmp", 4095)}, `test -e "$1" && echo x >"$1" || echo refused`, []string{pathOf("/tmp", 4095)}, "refused\n"},
		{[]string{"--hide", dir + "/**/z*", "--rw", dir, "--hide", dir + "/**/z*"}, `cat "$1"; echo x >"$1" || echo refused`, []string{long}, "refused\n"},
	} {
		out, errors, code := sandboxed(t, c.flags, "{ "+c.script+"; } 2>/dev/null; true", c.args...)
		if out != c.want || errors != "" || code != 0 {
			t.Errorf("%.60q: %.100q, %.300q, %d", c.flags, out, errors, code)
		}
	}
	longer, name := pathOf("/x", 4096), "/"+strings.Repeat("n", 256)
	for _, c := range []struct {
		flags []string
		says  string
	}{
		{[]string{"--ro", longer}, "4096 bytes; the kernel takes 4095"},
		{[]string{"--ro", "/etc:" + longer}, "4096 bytes"},
		{[]string{"--tmpfs", longer}, "4096 bytes"},
		{[]string{"--dir", longer}, "4096 bytes"},
		{[]string{"--hide", longer}, "4096 bytes"},
		{[]string{"--mask", longer}, "4096 bytes"},
		{[]string{"--remount-ro", longer}, "4096 bytes"},
		{[]string{"--symlink", longer + ":/l"}, "4096 bytes"},
		{[]string{"--symlink", "/etc:" + longer}, "4096 bytes"},
		{[]string{"--ro", "/etc:" + name}, "file name too long"},
		{[]string{"--ro", dir + name}, "file name too long"},
		{[]string{"--tmpfs", name}, "file name too long"},
		{[]string{"--hide", name}, "file name too long"},
		{[]string{"--hide", "/usr" + name}, "file name too long"},
	} {
		out, errors, code := sandboxed(t, c.flags, "echo ran")
		if code != 125 || out != "" || !strings.Contains(errors, c.says) {
			t.Errorf("%.60q: %q, %.300q, %d, want %q", c.flags, out, errors, code, c.says)
		}
	}
}

// Mounts of all kinds in each other: each is what it was asked to be, whatever it lies in.
func TestDeepMounts(t *testing.T) {
	readSources()
	dir := realFolder(t)
	kinds := []string{"ro", "rw", "tmpfs", "overlay"}
	const levels = 6
	for first := range kinds {
		var flags, want []string
		var script strings.Builder
		at := "/m"
		for level := range levels {
			source := filepath.Join(dir, fmt.Sprint(first, "-", level))
			must(t, os.MkdirAll(source+"/a/b", 0o755))
			kind := kinds[(first+level*(1+first%2))%len(kinds)]
			switch kind {
			case "tmpfs":
				flags = append(flags, "--tmpfs", at, "--dir", at+"/a/b")
			default:
				flags = append(flags, "--"+kind, source+":"+at)
			}
			fmt.Fprintf(&script, "touch %s/new && echo %d; ", at, level)
			if kind != "ro" {
				want = append(want, fmt.Sprint(level))
			}
			at += "/a/b"
		}
		out, errors, code := sandboxed(t, flags, "{ "+script.String()+"} 2>/dev/null; true")
		if strings.Join(strings.Fields(out), " ") != strings.Join(want, " ") || errors != "" || code != 0 {
			t.Errorf("%v: %q, want %q, %s", flags, out, want, errors)
		}
	}
}

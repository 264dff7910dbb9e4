package tests

// Symlinks at every position of a source and of a destination.

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// linkTree is a folder with these in it; every link is as good as what it names.
//
//	real/in/file, and file in it is "theirs"
//	first -> real   real/middle -> in   real/in/last -> file   absolute -> DIR/real   up -> real/../real/in/..
//	real/in/abs -> DIR/real/in/file   chain -> first   dangling -> none   loop -> loop   ping -> pong -> ping
func linkTree(t *testing.T) string {
	t.Helper()
	dir := realFolder(t)
	must(t, os.MkdirAll(dir+"/real/in", 0o755))
	must(t, os.WriteFile(dir+"/real/in/file", []byte("theirs"), 0o644))
	for name, to := range map[string]string{
		"first": "real", "real/middle": "in", "real/in/last": "file", "absolute": dir + "/real", "up": "real/../real/in/..",
		"real/in/abs": dir + "/real/in/file", "chain": "first", "dangling": "none", "loop": "loop", "ping": "pong", "pong": "ping",
		"real/in/out": "../../../../../../../../../../.." + dir + "/real",
	} {
		must(t, os.Symlink(to, filepath.Join(dir, name)))
	}
	return dir
}

func TestSymlinksInSources(t *testing.T) {
	readSources()
	dir := linkTree(t)
	for name, says := range map[string]string{ // an error; "": none
		"first/in/file": "", "real/middle/file": "", "real/in/last": "", "first/middle/last": "", "absolute/in/file": "", "absolute/middle/abs": "",
		"up/in/file": "", "chain/middle/last": "", "real/in/out/in/file": "", "chain/in/out/middle/abs": "",
		"dangling": "does not exist", "dangling/file": "does not exist", "loop": "too many symlinks", "loop/file": "too many symlinks",
		"ping/file": "too many symlinks", "first/none": "does not exist", "real/in/last/x": "does not exist",
	} {
		for _, flag := range []string{"--ro", "--rw", "--ro-try", "--overlay"} {
			says, want := says, "theirs"
			switch {
			case flag == "--overlay" && says == "":
				says = "is no folder"
			case flag == "--ro-try" && strings.Contains(says, "does not exist"):
				says, want = "", ""
			}
			out, errors, code := sandboxed(t, []string{flag, dir + "/" + name + ":/x"}, "cat /x 2>/dev/null; true")
			if says == "" && (code != 0 || out != want || errors != "") || says != "" && (code != 125 || out != "" || !strings.Contains(errors, says)) {
				t.Errorf("%s %s: %q, %q, %d", flag, name, out, errors, code)
			}
		}
	}
}

// A destination in a mount of the host follows the links there as the command would see
// them: from the sandbox's root. Where the command may write, it follows none.
func TestSymlinksInDestinations(t *testing.T) {
	readSources()
	dir := linkTree(t)
	mine := filepath.Join(realFolder(t), "mine")
	must(t, os.WriteFile(mine, []byte("mine"), 0o644))
	for name, c := range map[string]struct{ says, shown string }{ // an error; else where it is seen
		"real/in/file": {"", "real/in/file"}, "first/in/file": {"", "real/in/file"}, "real/middle/file": {"", "real/in/file"}, "real/in/last": {"", "real/in/file"},
		"chain/middle/last": {"", "real/in/file"}, "up/in/file": {"", "real/in/file"},
		"absolute/in/file": {"", "real/in/file"}, "real/in/abs": {"", "real/in/file"}, "real/in/out/in/file": {"", "real/in/file"},
		"dangling": {"does not exist", ""}, "dangling/x": {"does not exist", ""}, "loop": {"too many symlinks", ""}, "ping/x": {"too many symlinks", ""},
		"real/in/last/x": {"below a file", ""},
	} {
		// At its own path, so that what is absolute leads to the same.
		for _, flags := range [][]string{
			{"--ro", mine + ":" + dir + "/" + name}, {"--hide", dir + "/" + name}, {"--mask", dir + "/" + name}, {"--remount-ro", dir + "/" + name},
		} {
			for _, writable := range []bool{false, true} {
				says, want, show := c.says, "", "--ro"
				if writable {
					show = "--rw"
				}
				switch flags[0] {
				case "--ro":
					want = "mine"
				case "--remount-ro":
					want = "theirs"
				}
				if writable && name != "real/in/file" {
					says = "is a symlink in a folder that the sandbox may write to"
				}
				if flags[0] == "--remount-ro" && says == "below a file" {
					says = "does not exist"
				}
				missing := says != "" && says[0] != 't' && !writable // too many symlinks is an error for all
				if missing && (flags[0] == "--hide" || flags[0] == "--mask") {
					says = "" // nobody can make it
					want = "theirs"
				}
				out, errors, code := sandboxed(t, append([]string{show, dir}, flags...), `cat "$1" 2>/dev/null; true`, dir+"/real/in/file")
				switch {
				case says == "" && (code != 0 || errors != "" || out != want):
					t.Errorf("%s %q: %q, %q, %d, want %q", show, flags, out, errors, code, want)
				case says != "" && (code != 125 || out != "" || !strings.Contains(errors, says)):
					t.Errorf("%s %q: %q, %q, %d, want %q", show, flags, out, errors, code, says)
				}
			}
		}
	}
}

// Links of the sandbox's own, and links of the host that lead from one mount to another.
func TestSymlinksBetweenMounts(t *testing.T) {
	readSources()
	dir := linkTree(t)
	must(t, os.Symlink("/own/sub", dir+"/to-own"))
	must(t, os.Symlink("/other/real", dir+"/to-other"))
	must(t, os.Symlink("/etc/passwd", dir+"/to-passwd"))
	other := linkTree(t)
	for _, c := range []struct {
		flags  []string
		script string
		want   string
	}{
		{[]string{"--tmpfs", "/own", "--symlink", "own:/l", "--ro", dir + ":/l/x/y"}, "cat /own/x/y/real/in/file", "theirs"},
		{[]string{"--symlink", "../own:/a/l", "--dir", "/own/d", "--symlink", "/a/l:/b", "--tmpfs", "/b/d/e"}, "touch /own/d/e/f && ls /own/d/e", "f\n"},
		{[]string{"--tmpfs", "/own", "--ro", dir + ":/m", "--ro", dir + "/real:/m/to-own"}, "cat /own/sub/in/file", "theirs"},
		{[]string{"--ro", other + ":/other", "--ro", dir + ":/m", "--tmpfs", "/m/to-other/in"}, "ls -A /other/real/in; ls /m/real/in", "abs\nfile\nlast\nout\n"},
		{[]string{"--ro", other + ":/other", "--ro", dir + ":/m", "--hide", "/m/to-other/in/file"}, "cat /other/real/in/file /m/real/in/file", "theirs"},
		{[]string{"--ro", other + ":/other", "--ro", dir + ":/m", "--remount-ro", "/m/to-other"}, "cat /other/real/in/file", "theirs"},
		{[]string{"--ro", dir + ":/m", "--hide", "/m/to-passwd"}, "cat /etc/passwd; cat /m/real/in/file", "theirs"},
		{[]string{"--tmpfs", "/own", "--ro", dir + ":/m", "--hide", "/m/to-own"}, "ls -A /own; echo x >/own/sub || echo refused", "sub\nrefused\n"},
		{[]string{"--symlink", "/usr:/u", "--hide", "/u/share"}, "ls -A /usr/share", ""},
	} {
		out, errors, code := sandboxed(t, c.flags, "{ "+c.script+"; } 2>/dev/null; true")
		if code != 0 || out != c.want || errors != "" {
			t.Errorf("%q: %q, %q, %d, want %q", c.flags, out, errors, code, c.want)
		}
	}
	before, err := os.ReadDir(dir)
	if err != nil || len(before) != 12 {
		t.Errorf("%v, %v", before, err)
	}
}

package mounts

// Trees that cannot be had are refused before anything is done, with the entry,
// where it comes from and, where there is one, what to type instead.

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

func TestRefuse(t *testing.T) {
	host := hostTree(t)
	show := Bind{Source: host, Target: "/x"}
	grant := Bind{Source: host, Target: "/x", Writable: true}
	d := host + "/d"
	long := "/" + strings.Repeat("x", maxPath)
	for _, c := range []struct {
		entries []Entry // the last is refused
		says    string
		hint    string
	}{
		{[]Entry{Dir{Target: "/"}}, "the destination is the root itself", "--rootfs DIR"},
		{[]Entry{Tmpfs{Target: "/a/.."}}, "the destination is the root itself", "--rootfs DIR"},
		{[]Entry{Symlink{Link: "/", Target: "/l"}, Tmpfs{Target: "/l"}}, "the destination is the root itself", "--rootfs DIR"},
		{[]Entry{Symlink{Link: "..", Target: "/a/l"}, Bind{Source: d, Target: "/a/l"}}, "the destination is the root itself", "--rootfs DIR"},
		{[]Entry{Symlink{Link: ".", Target: "/l"}, ReadOnly{Target: "/l"}}, "the destination is the root itself", "--rootfs DIR"},
		{[]Entry{Symlink{Link: ".", Target: "/l"}, Hide{Target: "/l/l"}}, "the destination is the root itself", "--rootfs DIR"},
		{[]Entry{Proc{Target: "proc"}}, `the destination "proc" is not absolute`, ""},
		{[]Entry{Dev{Target: ""}}, "is not absolute", ""},
		{[]Entry{Hide{Target: "/a\x00b"}}, "NUL", ""},
		{[]Entry{ReadOnly{Target: long}}, "the path has 4096 bytes; the kernel takes 4095", ""},
		{[]Entry{Bind{Source: "relative", Target: "/x"}}, `the source "relative" is not absolute`, ""},
		{[]Entry{Bind{Source: "", Target: "/x"}}, "the path is empty", ""},
		{[]Entry{Bind{Source: d, Target: "x"}}, "is not absolute", ""},
		{[]Entry{Bind{Source: d + "\x00", Target: "/x"}}, "NUL", ""},
		{[]Entry{Bind{Source: long, Target: "/x"}}, "4096 bytes", ""},
		{[]Entry{Symlink{Link: "", Target: "/x"}}, "the path is empty", ""},
		{[]Entry{Symlink{Link: "a\x00", Target: "/x"}}, "NUL", ""},
		{[]Entry{Symlink{Link: "a", Target: "x"}}, "is not absolute", ""},
		{[]Entry{Tmpfs{Target: "/x", Mode: 0o4755}}, "mode 04755", ""},
		{[]Entry{File{Target: "x"}}, "is not absolute", ""},
		{[]Entry{File{Target: "/x", Mode: 0o1755}}, "mode 01755: only permission bits can be set", ""},
		{[]Entry{File{Target: "/x", Content: strings.Repeat("x", MaxFile+1)}}, "more than 16 MiB", ""},
		{[]Entry{Dir{Target: "/x", Mode: 0o2755}}, "mode 02755", ""},
		{[]Entry{Chmod{Target: "/x", Mode: 0o4755}}, "mode 04755", ""},
		{[]Entry{Chmod{Target: "x"}}, `the path "x" is not absolute`, ""},
		{[]Entry{Proc{Target: "/proc", HidePID: "2"}}, `hidepid: "2" is not one of off, noaccess, invisible, ptraceable`, ""},
		{[]Entry{Sysfs{Target: "sys"}}, "is not absolute", ""},
		{[]Entry{Mqueue{Target: "/"}}, "the root itself", "--rootfs DIR"},
		{[]Entry{Bind{Source: host + "/none", Target: "/x"}}, "the source " + host + "/none does not exist", ""},
		{[]Entry{Bind{Source: host + "/dangling", Target: "/x"}}, "dangling does not exist", ""},
		// Files and folders.
		{[]Entry{Dir{Target: "/x"}, Bind{Source: host + "/a/file", Target: "/x"}}, "a file cannot lie over the folder /x", ""},
		{[]Entry{Bind{Source: host + "/a/file", Target: "/x"}, Bind{Source: d, Target: "/x"}}, "a folder cannot lie over the file /x", ""},
		{[]Entry{Bind{Source: host + "/a/file", Target: "/x"}, Tmpfs{Target: "/x"}}, "a folder cannot lie over the file /x", ""},
		{[]Entry{show, Bind{Source: d, Target: "/x/a/file"}}, "a folder cannot lie over the file /x/a/file", ""},
		{[]Entry{show, Bind{Source: host + "/a/file", Target: "/x/a"}}, "a file cannot lie over the folder /x/a", ""},
		{[]Entry{show, Bind{Source: d, Target: "/x/a/file/y"}}, "/x/a/file/y lies below a file", ""},
		{[]Entry{grant, Dir{Target: "/x/a/file/y/z"}}, "/x/a/file/y/z lies below a file", ""},
		{[]Entry{Bind{Source: host + "/a/file", Target: "/f"}, Tmpfs{Target: "/f/y"}}, "/f/y lies below a file", ""},
		{[]Entry{show, Hide{Target: "/x/a/file"}, Dev{Target: "/x/a/file/y"}}, "/x/a/file/y lies below a file", ""},
		{[]Entry{Dev{Target: "/dev"}, ReadOnly{Target: "/dev/null/y", Try: true}}, "/dev/null/y lies below a file", ""},
		{[]Entry{Bind{Source: host + "/a/file", Target: "/f"}, Symlink{Link: "l", Target: "/f/y/l"}}, "/f/y lies below a file", ""},
		{[]Entry{Dir{Target: "/x"}, File{Target: "/x"}}, "a file cannot lie over the folder /x", ""},
		{[]Entry{show, File{Target: "/x/a"}}, "a file cannot lie over the folder /x/a", ""},
		{[]Entry{File{Target: "/x"}, Sysfs{Target: "/x"}}, "a folder cannot lie over the file /x", ""},
		{[]Entry{File{Target: "/x"}, File{Target: "/x/y"}}, "/x is a file", ""},
		// Only what is of the sandbox's own has its mode changed.
		{[]Entry{Chmod{Target: "/none"}}, "/none does not exist", ""},
		{[]Entry{show, Chmod{Target: "/x"}}, "what is mounted on /x is not of the sandbox's own", ""},
		{[]Entry{grant, Chmod{Target: "/x/a/file"}}, "/x/a/file lies in /x, which is not of the sandbox's own", ""},
		{[]Entry{show, File{Target: "/x/a/file"}, Chmod{Target: "/x/a/file"}}, "what is mounted on /x/a/file is not", ""},
		{[]Entry{grant, Dir{Target: "/x/a", Mode: 0o700}}, "/x/a lies in /x, which is not of the sandbox's own", ""},
		{[]Entry{File{Target: "/f"}, Chmod{Target: "/f", Mode: 0o1644}}, "a file has permission bits only", ""},
		// Nothing is made in a folder of the host.
		{[]Entry{grant, File{Target: "/x/new"}}, "none is made in a folder of the host", "create " + host + "/new first"},
		{[]Entry{show, File{Target: "/x/a/new"}}, "its parent is read-only", "choose a destination outside /x"},
		{[]Entry{grant, Cgroupfs{Target: "/x/new"}}, "none is made", "create " + host + "/new first"},
		{[]Entry{grant, Bind{Source: d, Target: "/x/new"}}, "the mount point /x/new does not exist, and none is made in a folder of the host",
			"create " + host + "/new first"},
		{[]Entry{grant, Dir{Target: "/x/new"}}, "none is made in a folder of the host", "create " + host + "/new first"},
		{[]Entry{grant, Tmpfs{Target: "/x/new"}}, "none is made", "create " + host + "/new first"},
		{[]Entry{grant, Proc{Target: "/x/new"}}, "none is made", "create " + host + "/new first"},
		{[]Entry{grant, Dev{Target: "/x/new/er"}}, "none is made", "create " + host + "/new/er first"},
		{[]Entry{show, Bind{Source: d, Target: "/x/a/new"}}, "its parent is read-only", "choose a destination outside /x"},
		{[]Entry{show, Symlink{Link: "l", Target: "/x/new"}}, "/x/new lies in /x, where nothing is made", ""},
		{[]Entry{grant, Symlink{Link: "l", Target: "/x/a/l"}}, "/x/a/l lies in /x, where nothing is made", ""},
		{[]Entry{Dir{Target: "/x"}, Symlink{Link: "l", Target: "/x"}}, "/x exists", ""},
		{[]Entry{Symlink{Link: "a", Target: "/l"}, Symlink{Link: "b", Target: "/l"}}, "/l exists", ""},
		{[]Entry{Symlink{Link: "l", Target: "/l"}, Dir{Target: "/l/x"}}, "too many symlinks", ""},
		{[]Entry{grant, Hide{Target: "/x/none"}}, "/x/none does not exist, and /x, where the command could make it, is directly writable", "--create-source makes it"},
		{[]Entry{ReadOnly{Target: "/none"}}, "/none: file does not exist", ""},
		{[]Entry{grant, ReadOnly{Target: "/x/none"}}, "/x/none: file does not exist", ""},
	} {
		_, err := compileSteps(c.entries...)
		last := c.entries[len(c.entries)-1]
		var refused *Error
		switch {
		case !errors.As(err, &refused) || !strings.Contains(refused.Err.Error(), c.says):
			t.Errorf("%v: %v, want %q", c.entries, err, c.says)
		case refused.Entry != last || refused.Doing != last.String() || !strings.HasPrefix(refused.Hint, c.hint) || (c.hint == "") != (refused.Hint == ""):
			t.Errorf("%v: entry %v, doing %q, hint %q", c.entries, refused.Entry, refused.Doing, refused.Hint)
		}
	}
	if left, err := os.ReadDir(host); err != nil || len(left) != 4 {
		t.Errorf("the host tree has changed: %v, %v", left, err)
	}
}

func TestErrorText(t *testing.T) {
	for origin, want := range map[string]string{
		"":              "bind /none on /x read-only: the source /none does not exist",
		"--ro /none:/x": "bind /none on /x read-only: the source /none does not exist (from --ro /none:/x)",
	} {
		_, err := compileSteps(Bind{Source: "/none", Target: "/x", Origin: origin})
		var refused *Error
		if !errors.As(err, &refused) || err.Error() != want || refused.Origin != origin || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A symlink in a folder that the sandbox may write to could have been laid by an
// earlier run: it does not lead to what is shown.
func TestSymlinkInGranted(t *testing.T) {
	host, outside := hostTree(t), hostTree(t)
	for name, link := range map[string]string{"/evil": outside + "/a", "/a/b/evil": "../../d", "/d/evil": outside} {
		if err := os.Symlink(link, host+name); err != nil {
			t.Fatal(err)
		}
	}
	for name, link := range map[string]string{"/good": host + "/a", "/through": host + "/evil/b"} {
		if err := os.Symlink(link, outside+name); err != nil {
			t.Fatal(err)
		}
	}
	grant := Bind{Source: host, Target: "/x", Writable: true}
	for _, c := range []struct {
		entries []Entry
		refused bool
	}{
		{[]Entry{grant, Bind{Source: host + "/a", Target: "/y"}}, false},
		{[]Entry{grant, Bind{Source: host + "/evil", Target: "/y"}}, true},
		{[]Entry{grant, Bind{Source: host + "/evil/b", Target: "/y"}}, true},
		{[]Entry{grant, Bind{Source: host + "/a/b/evil", Target: "/y"}}, true}, // stays inside, but may be turned
		{[]Entry{grant, Bind{Source: host + "/link", Target: "/y", Writable: true}}, true},
		{[]Entry{Bind{Source: host + "/evil", Target: "/y"}, grant}, true}, // in any order
		{[]Entry{Bind{Source: host + "/evil", Target: "/y"}}, false},       // nothing is granted
		{[]Entry{Bind{Source: host + "/d", Target: "/x", Writable: true}, Bind{Source: host + "/evil", Target: "/y"}}, false},
		{[]Entry{Bind{Source: host + "/d", Target: "/x", Writable: true}, Bind{Source: host + "/d/evil/a", Target: "/y"}}, true},
		{[]Entry{grant, Bind{Source: outside + "/good", Target: "/y"}}, false},
		{[]Entry{grant, Bind{Source: outside + "/good/b", Target: "/y"}}, false},
		{[]Entry{grant, Bind{Source: outside + "/good/b/evil", Target: "/y"}}, true},
		{[]Entry{grant, Bind{Source: outside + "/through", Target: "/y"}}, true}, // a trusted symlink to an untrusted one
	} {
		_, err := compileSteps(c.entries...)
		var refused *Error
		if (err != nil) != c.refused || err != nil && (!errors.As(err, &refused) || !strings.Contains(refused.Hint, "if you trust it, name ")) {
			t.Errorf("%v: %v", c.entries, err)
		}
	}
}

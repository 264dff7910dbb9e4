package main

// What is read for --file, and what a file descriptor of --bind-fd has open.

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// given is a file descriptor as usandbox may be started with.
func given(t *testing.T, name string, flags int) string {
	t.Helper()
	fd, err := unix.Open(name, flags, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return strconv.Itoa(fd)
}

func TestContents(t *testing.T) {
	t.Chdir(t.TempDir())
	long := strings.Repeat("x", mounts.MaxFile)
	for name, text := range map[string]string{"text": "a\x00\xff\n", "long": long, "longer": long + "x", "empty": ""} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], 0); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	unix.Write(pipe[1], []byte("piped"))
	unix.Close(pipe[1])
	text := given(t, "text", unix.O_RDONLY)
	for _, c := range []struct {
		content, want string
		consumed      bool
		says          string
	}{
		{"", "", false, ""},
		{"plain @fd:0", "plain @fd:0", false, ""},
		{`\@text`, "@text", false, ""},
		{`\\`, `\`, false, ""},
		{"@text", "a\x00\xff\n", false, ""},
		{"@empty", "", false, ""},
		{"@long", long, false, ""},
		{"@longer", "", false, "longer has more than 16 MiB"},
		{"@none", "", false, "no such file"},
		{"@", "", false, "no such file"},
		{"@.", "", true, "is a directory"},
		{"fd:" + text, "a\x00\xff\n", true, ""},
		{"fd:" + text, "", true, ""}, // it is at its end
		{"@/dev/null", "", true, ""},
		{"fd:" + strconv.Itoa(pipe[0]), "piped", true, ""},
		{"fd:" + given(t, "text", unix.O_RDONLY|unix.O_CLOEXEC), "", false, "is not an open file descriptor"}, // usandbox's own
		{"fd:" + given(t, "text", unix.O_WRONLY), "", true, "bad file descriptor"},
		{"fd:", "", false, "is no number"},
		{"fd:+1", "", false, "is no number"},
		{"fd:4294967296", "", false, "is no number"},
	} {
		var f runFlags
		got, err := f.contents(c.content)
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q: %v", c.content, err)
			}
			continue
		}
		if err != nil || got != c.want || (f.consumed != "") != c.consumed || (f.descriptors != "") != strings.HasPrefix(c.content, "fd:") {
			t.Errorf("%q: %d bytes, consumed %q, descriptors %q, %v", c.content, len(got), f.consumed, f.descriptors, err)
		}
	}
}

// No message has the content of a file in it.
func TestContentUnsaid(t *testing.T) {
	for _, arg := range []string{"x=hunter2", "/x:mode=9=hunter2", "/x:nose=hunter2", "/=hunter2", "/usr/x:mode=7777=hunter2"} {
		_, err := parsed("--file", arg)
		if err == nil && !strings.HasPrefix(arg, "/=") {
			t.Errorf("%s is understood", arg)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Error(err)
		}
	}
}

func TestBindFD(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, name := range []string{"file", "gone", "gone (deleted)", "moved"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("file", "link"); err != nil {
		t.Fatal(err)
	}
	var f runFlags
	bind := func(arg string) (mounts.Bind, error) {
		e, err := f.parseBindFD(arg, "--bind-fd")
		b, _ := e.(mounts.Bind)
		return b, err
	}
	for _, c := range []struct {
		name  string
		flags int
	}{{".", unix.O_RDONLY}, {".", unix.O_PATH}, {"file", unix.O_WRONLY}, {"link", unix.O_PATH}, {"gone (deleted)", unix.O_RDONLY}} {
		fd := given(t, c.name, c.flags)
		b, err := bind(fd + ":/x")
		real, _ := filepath.EvalSymlinks(filepath.Join(dir, c.name))
		if err != nil || b.Source != real || b.Target != "/x" || b.Writable || b.Is.Inode == 0 {
			t.Errorf("%s: %+v, %v", c.name, b, err)
		}
		b, err = bind(fd + ":/x/:rw,noexec")
		if err != nil || !b.Writable || !b.NoExec || b.Target != "/x" {
			t.Errorf("%s: %+v, %v", c.name, b, err)
		}
	}
	if f.descriptors != "bind-fd" || f.consumed != "" {
		t.Errorf("descriptors %q, consumed %q", f.descriptors, f.consumed)
	}

	gone, moved := given(t, "gone", unix.O_RDONLY), given(t, "moved", unix.O_RDONLY)
	if os.Remove("gone") != nil || os.Rename("moved", "there") != nil {
		t.Fatal("files cannot be moved")
	}
	if b, err := bind(moved + ":/x"); err != nil || b.Source != dir+"/there" {
		t.Errorf("%+v, %v", b, err)
	}
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(socket)
	event, err := unix.Eventfd(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(event)
	memory, err := unix.MemfdCreate("memory", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(memory)
	for fd, says := range map[string]string{
		gone: dir + "/gone, has been deleted", given(t, "link", unix.O_PATH|unix.O_NOFOLLOW): "has a symlink open",
		strconv.Itoa(socket): "a kernel object (socket)", strconv.Itoa(event): "a kernel object (anon_inode)",
		strconv.Itoa(memory): "/memfd:memory, has been deleted", given(t, "file", unix.O_CLOEXEC): "is not an open file descriptor",
		"": "the path is empty", "-1": "is no number", "x": "is no number",
	} {
		if b, err := bind(fd + ":/x"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %+v, %v", fd, b, err)
		}
	}
}

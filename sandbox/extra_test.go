package sandbox

// The command has the file descriptors it was given and no others, whatever else
// is open in the caller.

import (
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestExtraFiles(t *testing.T) {
	leavesNothing(t)
	dir := t.TempDir()
	var files []*os.File
	for _, text := range []string{"a", "b", "c"} {
		f, err := os.OpenFile(write(t, dir+"/"+text, "file "+text+"\n", 0o644), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	// Open in the caller and inherited by whatever it executes.
	if _, err := unix.FcntlInt(files[2].Fd(), unix.F_SETFD, 0); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		extra []*os.File
		fds   string
	}{
		{nil, "0 1 2"},
		{[]*os.File{}, "0 1 2"},
		{[]*os.File{files[0]}, "0 1 2 3"},
		{[]*os.File{nil, files[0]}, "0 1 2 4"},
		{[]*os.File{files[0], nil, nil, files[1]}, "0 1 2 3 6"},
		{[]*os.File{nil}, "0 1 2"},
		{[]*os.File{files[0], files[0]}, "0 1 2 3 4"},
	} {
		cmd := sh("ls /proc/$$/fd") // of the shell, not of ls
		cmd.ExtraFiles = c.extra
		if got := strings.Join(strings.Fields(output(t, cmd)), " "); got != c.fds {
			t.Errorf("%v: %s, want %s", c.extra, got, c.fds)
		}
	}

	cmd := sh("cat <&4; echo more >&6")
	cmd.ExtraFiles = []*os.File{nil, files[0], nil, files[1]}
	if got := output(t, cmd); got != "file a\n" {
		t.Errorf("file descriptor 4 is %q", got)
	}
	text, err := os.ReadFile(dir + "/b")
	if err != nil || string(text) != "more\nb\n" {
		t.Errorf("file descriptor 6 wrote %q, %v", text, err)
	}
}

func TestExtraFilesMany(t *testing.T) {
	c := sh("for fd; do cat /proc/self/fd/$fd; done", "3", "4", "5", "40", "52")
	for i := range 50 {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		io.WriteString(w, string(rune('A'+i))+".")
		w.Close()
		c.ExtraFiles = append(c.ExtraFiles, r)
	}
	if got := output(t, c); got != "A.B.C.f.r." {
		t.Errorf("read %q", got)
	}
}

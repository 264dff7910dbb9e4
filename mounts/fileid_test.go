package mounts

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFileID(t *testing.T) {
	host := hostTree(t)
	id := func(name string) FileID {
		fd, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		id, err := FileIDOf(fd)
		if err != nil || id == (FileID{}) {
			t.Fatal(id, err)
		}
		return id
	}
	if id(host+"/a") != id(host+"/link") || id(host+"/a") == id(host+"/d") || id(host+"/a") == id("/proc") {
		t.Error("files are mixed up")
	}
	old := id(host + "/d")
	if err := os.Rename(host+"/d", host+"/e"); err != nil || id(host+"/e") != old {
		t.Error("a file is another under another name")
	}
	if _, err := FileIDOf(-1); err == nil {
		t.Error("what is not open has an identity")
	}

	steps, err := compileSteps(Bind{Source: host + "/a", Target: "/x", Is: id(host + "/a")})
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	for _, s := range steps {
		calls = append(calls, s.Call())
	}
	const want = "mkdirat openat2 openat2 statx if fail if fail open_tree mount_setattr move_mount close close close"
	if got := strings.Join(calls, " "); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// What has to be a socket is looked at once more when it is mounted: in a folder that
// others write to it may have become a file of the caller's.
func TestSocketSource(t *testing.T) {
	host := hostTree(t)
	steps, err := compileSteps(Bind{Source: host + "/a", Target: "/x", Socket: true})
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	for _, s := range steps {
		calls = append(calls, s.Call())
	}
	const want = "mkdirat openat2 openat2 statx if fail open_tree mount_setattr move_mount close close close"
	if got := strings.Join(calls, " "); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

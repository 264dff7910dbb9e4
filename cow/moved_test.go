package cow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What comes to a path because a folder was renamed has old times, and is a change of the
// host's nevertheless.
func TestRenamedFolders(t *testing.T) {
	dir := home(t)
	for _, d := range []string{"changed/sub", "deleted/sub", "replaced", "remade"} {
		for _, d := range []string{d, "new-" + d} {
			must(t, os.MkdirAll(dir+"/"+d, 0o755))
			must(t, os.WriteFile(dir+"/"+d+"/file", []byte(d), 0o644))
		}
	}
	r := scripted(t, dir, "echo inside >changed/sub/file; rm -r deleted replaced remade; echo x >replaced; mkdir remade; echo x >remade/other")
	time.Sleep(10 * time.Millisecond)
	for _, d := range []string{"changed", "deleted", "replaced", "remade"} {
		must(t, os.Rename(dir+"/"+d, dir+"/old-"+d))
		must(t, os.Rename(dir+"/new-"+d, dir+"/"+d))
	}
	sum, list := outcomes(t, r, ApplyOptions{})
	if sum.Conflicts == 0 {
		t.Error("no conflicts")
	}
	for _, file := range []string{"changed/sub/file", "deleted/sub/file", "replaced/file", "remade/file"} {
		if text, err := os.ReadFile(dir + "/" + file); err != nil || string(text[:4]) != "new-" {
			t.Errorf("%s: %q, %v; %q", file, text, err, list)
		}
	}
}

// That Apply has given a folder its mode does not make its files conflicts later.
func TestModesAreNoRenames(t *testing.T) {
	dir := home(t)
	must(t, os.Mkdir(dir+"/sub", 0o755))
	must(t, os.WriteFile(dir+"/sub/file", nil, 0o644))
	must(t, os.WriteFile(dir+"/sub/shut", nil, 0o644))
	r := scripted(t, dir, "chmod 700 sub; echo x >sub/file; echo x >sub/shut")
	time.Sleep(10 * time.Millisecond)
	applyOnly := func(path string) {
		sum, list := outcomes(t, r, ApplyOptions{Select: func(c *Change) bool { return c.Path == path }})
		if sum.Applied != 1 || len(list) > 0 {
			t.Errorf("%s: %+v, %q", path, sum, list)
		}
	}
	applyOnly("sub/file")
	applyOnly("sub")
	applyOnly("sub/shut")
}

// A tree so deep that the paths in it fill the memory is not looked into.
func TestDeep(t *testing.T) {
	dir := home(t)
	r := scripted(t, dir, `d=$(printf %0255d 0); i=0; while test $i -lt 100; do mkdir $d && cd -P $d || exit; i=$((i+1)); done`)
	changes := changesOf(t, r)
	last := changes[len(changes)-1]
	if len(changes) > 20 || last.Kind != Unknown {
		t.Fatalf("%d changes, the last is %c, its path %d bytes", len(changes), last.Kind, len(last.Path))
	}
	if sum, list := outcomes(t, r, ApplyOptions{}); sum.Conflicts != 1 || sum.Applied != len(changes)-1 {
		t.Errorf("%+v, %q", sum, list)
	}
}

// A tree deeper than files can be open is removed, whatever the modes in it.
func TestRemoveDeep(t *testing.T) {
	dir := home(t)
	var old unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &old)
	r := scripted(t, dir, "i=0; while test $i -lt 700; do mkdir -p d/d/d/d && : >d/file && cd -P d/d/d/d || exit; i=$((i+1)); done; chmod 0 ../../..")
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 200, Max: old.Max}))
	must(t, r.Discard())
	store, err := os.ReadDir(filepath.Dir(r.Folder()))
	if must(t, err); len(store) > 0 {
		t.Errorf("left: %v", store)
	}
}

// A journal that was tampered with removes and renames nothing else.
func TestForeignNames(t *testing.T) {
	dir := home(t)
	must(t, os.WriteFile(dir+"/precious", nil, 0o644))
	must(t, os.WriteFile(dir+"/.usandbox-x-1", nil, 0o644))
	r := scripted(t, dir, ":")
	j, err := readJournal(r)
	must(t, err)
	must(t, j.write(entry{Op: "temp", Path: []byte("precious")}))
	_, err = j.file.WriteString(strings.Repeat("x", 3<<20) + `{"op":"clean"}` + "\n")
	must(t, err)
	must(t, j.write(entry{Op: "swap", Path: []byte(".usandbox-x-1"), Name: []byte("../dir/precious")}))
	must(t, r.Recover())
	for _, name := range []string{"precious", ".usandbox-x-1"} {
		if _, err := os.Lstat(dir + "/" + name); err != nil {
			t.Error(err)
		}
	}
}

package cow

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// outcomes applies a run and returns what was reported beside what was applied.
func outcomes(t *testing.T, r *Run, o ApplyOptions) (sum Summary, list []string) {
	t.Helper()
	o.Report = func(c *Change, o Outcome, why string) {
		if o != Applied {
			list = append(list, fmt.Sprintf("%d %s: %s", o, c.Path, why))
		}
	}
	sum, err := r.Apply(o)
	must(t, err)
	return sum, list
}

func changesOf(t *testing.T, r *Run) []Change {
	t.Helper()
	v, err := r.Review()
	must(t, err)
	defer v.Close()
	changes, err := v.Changes()
	must(t, err)
	return changes
}

func TestApplyKeeps(t *testing.T) {
	dir := home(t)
	must(t, os.WriteFile(dir+"/file", []byte("before"), 0o640))
	must(t, os.WriteFile(dir+"/there", []byte("before"), 0o640))
	r := scripted(t, dir, `
		ln there linked
		echo after >file; touch -d 2001-02-03 file; chmod 604 file
		printf x >sparse; truncate -s 10M sparse; printf x >>sparse
		echo first >first; ln first second; mkdir sub; ln first sub/third
		mkfifo -m 600 fifo; mkdir -m 700 private`)
	applied(t, r)
	var st unix.Stat_t
	must(t, unix.Lstat(dir+"/file", &st))
	if st.Mode != unix.S_IFREG|0o604 || time.Unix(st.Mtim.Sec, 0).Year() != 2001 {
		t.Errorf("file: mode %o, time %v", st.Mode, st.Mtim)
	}
	must(t, unix.Lstat(dir+"/sparse", &st))
	if st.Size != 10<<20+1 || st.Blocks*512 > 1<<20 {
		t.Errorf("sparse: %d bytes, %d blocks", st.Size, st.Blocks)
	}
	a, _ := os.Stat(dir + "/there")
	if b, err := os.Stat(dir + "/linked"); err != nil || !os.SameFile(a, b) {
		t.Error("a new name of a file that is there is another file")
	}
	must(t, unix.Lstat(dir+"/sub/third", &st))
	if st.Nlink != 3 {
		t.Errorf("%d links", st.Nlink)
	}
}

// Names of one inode of the host: removing one changes the ctime of the others.
func TestApplyLinked(t *testing.T) {
	dir := home(t)
	must(t, os.WriteFile(dir+"/a", []byte("before"), 0o644))
	for _, name := range []string{"b", "c", "d"} {
		must(t, os.Link(dir+"/a", dir+"/"+name))
	}
	r := scripted(t, dir, "rm a; echo after >b; rm c; chmod 600 d")
	one := func(c *Change) bool { return c.Path == "a" }
	if _, list := outcomes(t, r, ApplyOptions{Select: one}); len(list) > 0 {
		t.Errorf("%q", list)
	}
	applied(t, r)
}

// A file that was renamed and changed has come from elsewhere; in a folder in which
// Apply has been before it is not taken for one that the host has lost.
func TestApplyRenamedInParts(t *testing.T) {
	dir := home(t)
	must(t, os.Mkdir(dir+"/there", 0o755))
	must(t, os.WriteFile(dir+"/old", []byte("before"), 0o644))
	must(t, os.WriteFile(dir+"/old2", []byte("before"), 0o644))
	r := scripted(t, dir, "mkdir new; for d in new there; do echo >$d/other; done; mv old new/x; mv old2 there/x; for d in new there; do echo >>$d/x; done")
	part := func(c *Change) bool { return filepath.Base(c.Path) == "other" }
	if _, list := outcomes(t, r, ApplyOptions{Select: part}); len(list) > 0 {
		t.Errorf("%q", list)
	}
	applied(t, r)
}

// Sockets are refused. FIFOs and sockets are never opened: a FIFO without a writer
// would not return.
func TestApplySpecial(t *testing.T) {
	dir := home(t)
	must(t, unix.Mkfifo(dir+"/was-fifo", 0o644))
	r := newRun(t, dir)
	upper := r.Layers[0].Upper()
	must(t, r.Ended(0))
	must(t, unix.Mkfifo(upper+"/fifo", 0o644))
	must(t, os.WriteFile(upper+"/was-fifo", []byte("file"), 0o644))
	l, err := net.Listen("unix", upper+"/s")
	must(t, err)
	defer l.Close()
	sum, list := outcomes(t, r, ApplyOptions{})
	if want := []string{"2 s: a socket is nothing without its program"}; !slices.Equal(list, want) || sum.Complete() || sum.Applied != 2 {
		t.Errorf("%+v, %q", sum, list)
	}
	if text, err := os.ReadFile(dir + "/was-fifo"); err != nil || string(text) != "file" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestApplyForce(t *testing.T) {
	dir := home(t)
	must(t, os.MkdirAll(dir+"/sub", 0o755))
	must(t, os.WriteFile(dir+"/sub/file", nil, 0o644))
	r := scripted(t, dir, "echo 1 >sub/file; mkdir new; echo 2 >new/file")
	must(t, os.RemoveAll(dir+"/sub"))
	must(t, os.WriteFile(dir+"/new", []byte("mine"), 0o644))
	_, list := outcomes(t, r, ApplyOptions{})
	want := []string{"1 new: " + changedOnHost + " (with 1 changes in it)", "1 sub: " + goneOnHost + " (with 1 changes in it)"}
	if !slices.Equal(list, want) {
		t.Errorf("%q, want %q", list, want)
	}
	sum, list := outcomes(t, r, ApplyOptions{Force: true})
	if !sum.Complete() || len(list) > 0 {
		t.Errorf("%+v, %q", sum, list)
	}
	for name, want := range map[string]string{"sub/file": "1\n", "new/file": "2\n"} {
		if text, _ := os.ReadFile(filepath.Join(dir, name)); string(text) != want {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// What is swapped out is looked at: a file that was written to after the check is put
// back.
func TestPlaceLooksAgain(t *testing.T) {
	dir := home(t)
	must(t, os.WriteFile(dir+"/file", []byte("before"), 0o644))
	r := scripted(t, dir, "echo after >file")
	v, err := r.review(false)
	must(t, err)
	defer v.Close()
	v.apply = true
	changes, err := v.Changes()
	must(t, err)
	a := &applier{v: v, parents: map[folderKey]int{}}
	defer a.closeParents()
	j := &job{c: &changes[0], mode: 0o644}
	j.parent, j.base, err = a.parent(j.c)
	must(t, err)
	j.temp, err = a.temporary(j.c)
	must(t, err)
	must(t, a.make(j))
	must(t, os.WriteFile(dir+"/file", []byte("meanwhile"), 0o644))
	err = a.place(j.parent, j.temp, j.base, j.c)
	if !errors.As(err, new(conflictError)) {
		t.Errorf("%v", err)
	}
	if text, _ := os.ReadFile(dir + "/file"); string(text) != "meanwhile" {
		t.Errorf("%q", text)
	}

	// Killed between the exchange and the look: the next one looks.
	j.temp, err = a.temporary(j.c)
	must(t, err)
	must(t, a.make(j))
	var st unix.Stat_t
	must(t, unix.Lstat(dir+"/file", &st))
	old := identify(&st)
	must(t, v.journal.write(entry{Op: "swap", Path: []byte(j.temp), Name: []byte("file"), Ino: old.ino, Mode: old.mode, Size: old.size, Mtime: &old.mtime}))
	must(t, os.WriteFile(dir+"/file", []byte("again meanwhile"), 0o644))
	must(t, unix.Renameat2(j.parent, j.temp, j.parent, "file", unix.RENAME_EXCHANGE))
	must(t, r.Recover())
	if text, _ := os.ReadFile(dir + "/file"); string(text) != "again meanwhile" {
		t.Errorf("recovered: %q", text)
	}
	if list, _ := filepath.Glob(dir + "/.usandbox*"); len(list) > 0 {
		t.Errorf("left: %v", list)
	}
}

// A folder that is not the one that the run began with is not touched.
func TestReviewMoved(t *testing.T) {
	dir := home(t)
	r := scripted(t, dir, "echo >new")
	must(t, os.Rename(dir, dir+"-old"))
	must(t, os.Mkdir(dir, 0o755))
	var moved *MovedError
	if _, err := r.Apply(ApplyOptions{}); !errors.As(err, &moved) {
		t.Errorf("%v", err)
	}
	must(t, os.Remove(dir))
	must(t, os.Symlink(dir+"-old", dir))
	if _, err := r.Apply(ApplyOptions{}); !errors.Is(err, unix.ELOOP) {
		t.Errorf("through a symlink: %v", err)
	}
	if _, err := os.Stat(dir + "-old/new"); err == nil {
		t.Error("it was applied")
	}
}

// Mount points that were made for the sandbox are no changes, unless something is in
// them.
func TestPlaceholders(t *testing.T) {
	dir := home(t)
	r := newRun(t, dir)
	r.Layers[0].Placeholders = []string{"a", "a/b", "c", "file", "filled"}
	upper := r.Layers[0].Upper()
	must(t, os.MkdirAll(upper+"/a/b", 0o755))
	must(t, os.MkdirAll(upper+"/c", 0o755))
	must(t, os.WriteFile(upper+"/file", nil, 0o644))
	must(t, os.WriteFile(upper+"/filled", []byte("x"), 0o644))
	must(t, os.WriteFile(upper+"/c/x", nil, 0o644))
	must(t, r.Ended(0))
	if got := lines(changesOf(t, r)); !slices.Equal(got, []string{`A "c"`, `A "c/x"`, `A "filled"`}) {
		t.Errorf("%v", got)
	}
}

// A group that the host's folder hands down stays; set-group-id bits of files go.
func TestApplySetgid(t *testing.T) {
	dir := home(t)
	must(t, os.Mkdir(dir+"/shared", 0o755))
	must(t, unix.Chmod(dir+"/shared", 0o2755))
	time.Sleep(5 * time.Millisecond)
	r := scripted(t, dir, "mkdir shared/sub own; chmod g+s own; echo >prog; chmod 2755 prog")
	_, list := outcomes(t, r, ApplyOptions{})
	slices.Sort(list)
	if want := []string{"2 own: set-group-id bit dropped", "2 prog: set-group-id bit dropped"}; !slices.Equal(list, want) {
		t.Errorf("%q", list)
	}
	for name, want := range map[string]uint32{"shared/sub": 0o2755, "own": 0o755, "prog": 0o755} {
		var st unix.Stat_t
		must(t, unix.Lstat(dir+"/"+name, &st))
		if st.Mode&0o7777 != want {
			t.Errorf("%s: %o", name, st.Mode)
		}
	}
}

// Time depends on what was changed, not on the host's tree; 100,000 changes are looked
// at and applied, too.
func TestMany(t *testing.T) {
	n := 1000
	if os.Getenv(sequencesVariable) != "" {
		n = 100000
	}
	dir := home(t)
	for i := range n {
		if i%1000 == 0 {
			must(t, os.Mkdir(fmt.Sprintf("%s/%d", dir, i/1000), 0o755))
		}
		must(t, os.WriteFile(fmt.Sprintf("%s/%d/%d", dir, i/1000, i), []byte("before"), 0o644))
	}
	few := scripted(t, dir, "for i in $(seq 0 99); do echo x >0/$i; done")
	start := time.Now()
	if got := changesOf(t, few); len(got) != 100 {
		t.Errorf("%d changes", len(got))
	}
	t.Logf("100 changes in %d files: %v", n, time.Since(start))
	all := scripted(t, dir, "for d in *; do for f in $d/*; do echo x >$f; done; mv $d new$d; done")
	start = time.Now()
	if got := changesOf(t, all); len(got) != 2*(n+n/1000) {
		t.Errorf("%d changes", len(got))
	}
	t.Logf("all changed and moved: %v", time.Since(start))
	start = time.Now()
	applied(t, all)
	t.Logf("applied: %v", time.Since(start))
	if list, err := os.ReadDir(dir); err != nil || len(list) != n/1000 || !strings.HasPrefix(list[0].Name(), "new") {
		t.Errorf("%v, %v", list, err)
	}
}

package mounts

// What does not exist: hidden all the same, or made on the host when that is asked for.

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMissing(t *testing.T) {
	host := hostTree(t)
	must(t, os.Symlink(host+"/a/new", host+"/to-new"))
	grant := Bind{Source: host, Target: "/x", Writable: true}
	for _, c := range []struct {
		entries []Entry
		want    string // or ! and the error
	}{
		{[]Entry{Bind{Source: host + "/a", Target: "/y", Create: true}}, ""},
		{[]Entry{Bind{Source: host + "/new", Target: "/y", Create: true}}, "/new"},
		{[]Entry{Bind{Source: host + "/new/er", Target: "/y", Create: true, Writable: true}, Bind{Source: host + "/new/est", Target: "/z", Create: true}}, "/new /new/er /new/est"},
		{[]Entry{Bind{Source: host + "/new", Target: "/y"}}, "!does not exist"},
		{[]Entry{Bind{Source: host + "/new", Target: "/y", Create: true, Try: true}}, "!both"},
		{[]Entry{Bind{Source: host + "/a/file/new", Target: "/y", Create: true}}, "!does not exist"},
		{[]Entry{Bind{Source: host + "/link/new", Target: "/y", Create: true}}, "/a/new"},
		{[]Entry{Bind{Source: host + "/to-new/er", Target: "/y", Create: true}}, "/a/new /a/new/er"},
		{[]Entry{Bind{Source: host + "/none/../new", Target: "/y", Create: true}}, "!does not exist"},
		// Not through a symlink where the sandbox may write.
		{[]Entry{grant, Bind{Source: host + "/link/new", Target: "/y", Create: true}}, "!is reached by a symlink in a folder that the sandbox may write to"},
		{[]Entry{grant, Bind{Source: host + "/dangling", Target: "/y", Create: true}}, "!is reached by a symlink in a folder that the sandbox may write to"},
		{[]Entry{grant, Bind{Source: host + "/d/new", Target: "/y", Create: true}}, "/d/new"},
		// Its own place is a mount point by then.
		{[]Entry{grant, Bind{Source: host + "/d/new", Target: "/x/d/new", Create: true}}, "/d/new"},
		{[]Entry{grant, Bind{Source: host + "/a/file", Target: "/x/d/new"}}, "!none is made in a folder of the host"},
		// What is hidden.
		{[]Entry{grant, Hide{Target: "/x/new/er", Create: true}}, "/new /new/er"},
		{[]Entry{grant, Hide{Target: "/x/a/file/new", Create: true}}, "!is no folder"},
		{[]Entry{grant, Hide{Target: "/x/new"}}, "!does not exist"},
		{[]Entry{grant, Hide{Target: "/x/new", Create: true, Try: true}}, ""},
		{[]Entry{Bind{Source: host, Target: "/x"}, Hide{Target: "/x/new", Create: true}, Hide{Target: "/y", Create: true}}, ""},
		{[]Entry{Overlay{Lower: []string{host}, Target: "/x"}, Hide{Target: "/x/new", Create: true}}, ""},
		// Read-only here, but not there.
		{[]Entry{grant, Bind{Source: host + "/a", Target: "/y"}, Hide{Target: "/y/new"}}, "!as the folder is writable elsewhere"},
		{[]Entry{grant, Bind{Source: host + "/d", Target: "/y", Create: true}, Hide{Target: "/y/new", Create: true}}, "!as the folder is writable elsewhere"},
	} {
		list, err := Missing(c.entries)
		for i := range list {
			list[i] = strings.TrimPrefix(list[i], host)
		}
		if says, ok := strings.CutPrefix(c.want, "!"); ok {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%v: %q, %v, want %q", c.entries, list, err, says)
			}
		} else if err != nil || strings.Join(list, " ") != c.want {
			t.Errorf("%v: %q, %v, want %q", c.entries, list, err, c.want)
		}
	}
	if left, err := os.ReadDir(host); err != nil || len(left) != 5 {
		t.Errorf("the host tree has changed: %v, %v", left, err)
	}
}

func TestMake(t *testing.T) {
	host := hostTree(t)
	must(t, Make(host+"/new", -1, -1))
	must(t, Make(host+"/new/er", os.Getuid(), os.Getgid()))
	must(t, Make(host+"/new/er", -1, -1))
	if info, err := os.Stat(host + "/new/er"); err != nil || info.Mode() != os.ModeDir|0o700 {
		t.Error(info, err)
	}
	for name, want := range map[string]error{
		"/none/new": unix.ENOENT, "/a/file": unix.EEXIST, "/link/new": unix.ELOOP, "/link": unix.EEXIST, "/dangling": unix.EEXIST, "/a/file/new": unix.ENOTDIR,
	} {
		if err := Make(host+name, -1, -1); !errors.Is(err, want) || !strings.HasPrefix(err.Error(), "make the folder ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nothing is made through a symlink, whenever it comes.
func TestMakeRace(t *testing.T) {
	host := hostTree(t)
	must(t, os.Remove(host+"/link"))
	must(t, os.Symlink("d", host+"/link"))
	rounds := 5000
	if testing.Short() {
		rounds = 1000
	}
	stop, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			unix.Renameat2(unix.AT_FDCWD, host+"/a", unix.AT_FDCWD, host+"/link", unix.RENAME_EXCHANGE)
		}
	}()
	defer func() {
		close(stop)
		<-done
	}()
	for range rounds {
		Make(host+"/a/new", -1, -1)
		os.Remove(host + "/a/new")
		if _, err := os.Lstat(host + "/d/new"); err == nil {
			t.Fatal("made behind the symlink")
		}
	}
}

// A symlink of somebody else may lead to a source, but not to one that is made.
func TestMakeTheirs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skip: only root can make a symlink of another user")
	}
	host := hostTree(t)
	must(t, os.Lchown(host+"/link", 12345, 12345))
	if _, err := Missing([]Entry{Bind{Source: host + "/link/b", Target: "/y", Create: true}}); err != nil {
		t.Error(err)
	}
	_, err := Missing([]Entry{Bind{Source: host + "/link/new", Target: "/y", Create: true}})
	if err == nil || !strings.Contains(err.Error(), "is reached by "+host+"/link, a symlink of another user") {
		t.Error(err)
	}
}

// The steps of names that do not exist yet, in brief.
func TestHideMissing(t *testing.T) {
	host := hostTree(t)
	const empty = "mkdir AT_FDCWD /empty; mknod AT_FDCWD /nothing; "
	const file, folder = "clone AT_FDCWD /nothing; set nosuid,ro,nodev,noexec; move to dst", "clone AT_FDCWD /empty; set nosuid,ro,nodev,noexec; move to dst"
	show := "mkdir new x; open new x exactly; open old HOST exactly; clone src; set nosuid,ro,nodev; move to dst; "
	for _, c := range []struct {
		entries []Entry
		want    string
	}{
		// The root is read-only in the end: nothing has to be pinned.
		{[]Entry{Hide{Target: "/n/a"}}, "mkdir new n; mknod new n/a; open new n/a exactly; " + empty + file},
		{[]Entry{Hide{Target: "/n/"}}, "mkdir new n; open new n exactly; " + empty + folder},
		{[]Entry{Bind{Source: host, Target: "/x"}, Hide{Target: "/x/none"}, Hide{Target: "/x/none/none"}, Hide{Target: "/x/a/file/none"}}, show},
		{[]Entry{Hide{Target: "/n", Try: true}, Hide{Target: "/n/m", Try: true}}, ""},
		// In a tmpfs the folders that lead there are, and what lies in them is found through them.
		{[]Entry{Tmpfs{Target: "/t"}, Hide{Target: "/t/a/b/c"}, Dir{Target: "/t/a/d"}},
			`mkdir new t; open new t exactly; mkdir AT_FDCWD /1; clone AT_FDCWD /1; set nosuid,nodev; move to dst; keep fs_1
			mkdir fs_1 a; mkdir fs_1 a/b
			open fs_1 a exactly; clone dst; move to dst; keep fs_2
			open fs_2 b exactly; clone dst; move to dst; keep fs_3
			mknod fs_3 c; open fs_3 c exactly; ` + empty + file + `
			mkdir fs_2 d; open fs_2 d exactly`},
		// Before anything is mounted in them.
		{[]Entry{Tmpfs{Target: "/t"}, Bind{Source: host, Target: "/t/a/m"}, Hide{Target: "/t/a/n"}},
			`mkdir new t; open new t exactly; mkdir AT_FDCWD /1; clone AT_FDCWD /1; set nosuid,nodev; move to dst; keep fs_1
			mkdir fs_1 a; mkdir fs_1 a/m
			open fs_1 a exactly; clone dst; move to dst; keep fs_2
			open fs_2 m exactly; open old HOST exactly; clone src; set nosuid,ro,nodev; move to dst
			mknod fs_2 n; open fs_2 n exactly; ` + empty + file},
	} {
		steps, err := compileSteps(c.entries...)
		if err != nil {
			t.Errorf("%v: %v", c.entries, err)
			continue
		}
		want := strings.TrimSpace(strings.NewReplacer("; ", "\n", "\t", "").Replace(c.want))
		if got := strings.TrimSpace(brief(host, steps)); got != strings.TrimSuffix(want, ";") {
			t.Errorf("%v:\n%s\nwant\n%s", c.entries, got, want)
		}
	}
	// Too late for that.
	_, err := compileSteps(Tmpfs{Target: "/t"}, Symlink{Link: "t", Target: "/l"}, Bind{Source: host, Target: "/t/a/m"}, Hide{Target: "/l/a/n"})
	var refused *Error
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "something is mounted below /t/a already") || refused.Hint == "" {
		t.Error(err)
	}
}

func TestPlaceholders(t *testing.T) {
	host := hostTree(t)
	upper, work := filepath.Join(host, "d", "upper"), filepath.Join(host, "d", "work")
	must(t, os.MkdirAll(upper, 0o755))
	must(t, os.Mkdir(work, 0o755))
	cow := Overlay{Lower: []string{host + "/a"}, Upper: upper, Work: work, Target: "/o"}
	made, err := Placeholders([]Entry{cow, Hide{Target: "/o/new"}, Hide{Target: "/o/b/c/n/e/"}, Hide{Target: "/o/file"}, Hide{Target: "/o/none", Try: true},
		Overlay{Lower: []string{host + "/a"}, Target: "/m"}, Hide{Target: "/m/new"}})
	if want := []string{"new", "b/c/n", "b/c/n/e"}; err != nil || len(made) != 1 || !slices.Equal(made[upper], want) {
		t.Errorf("%q, %v", made, err)
	}
	steps, err := compileSteps(cow, Hide{Target: "/o/b/new"})
	if got := brief(host, steps); err != nil || !strings.Contains(got, "open new o/b exactly\nmknod dst new\n") || !strings.HasSuffix(got, "open new o/b/new exactly\nclone AT_FDCWD /nothing\nset nosuid,ro,nodev,noexec\nmove to dst") {
		t.Errorf("%s, %v", got, err)
	}
}

package mounts

// The steps of small trees, in brief: what is opened where and how, what is made,
// and in which order.

import (
	"strings"
	"testing"
)

func TestCompile(t *testing.T) {
	host := hostTree(t)
	for _, c := range []struct {
		name    string
		entries []Entry
		want    string
	}{
		{"a bind", []Entry{Bind{Source: host + "/d", Target: "/x/y"}}, `
			mkdir new x; mkdir new x/y; open new x/y exactly; open old HOST/d exactly; clone src; set nosuid,ro,nodev; move to dst`},
		{"attributes", []Entry{Bind{Source: host + "/d", Target: "/x", Writable: true, Devices: true, NoExec: true}}, `
			mkdir new x; open new x exactly; open old HOST/d exactly; clone src; set nosuid,noexec; move to dst`},
		{"a file", []Entry{Bind{Source: host + "/a/file", Target: "/x/f"}}, `
			mkdir new x; mknod new x/f; open new x/f exactly; open old HOST/a/file exactly; clone src; set nosuid,ro,nodev; move to dst`},
		{"a source through a symlink", []Entry{Bind{Source: host + "/link/b", Target: "/x"}}, `
			mkdir new x; open new x exactly; open old HOST/a/b exactly; clone src; set nosuid,ro,nodev; move to dst`},
		{"the root as source", []Entry{Bind{Source: "/", Target: "/x"}}, `
			mkdir new x; open new x exactly; open old . exactly; clone src; set nosuid,ro,nodev; move to dst`},
		{"in a read-only bind", []Entry{Bind{Source: host, Target: "/x"}, Bind{Source: host + "/d", Target: "/x/a/b"}}, `
			mkdir new x; open new x exactly; open old HOST exactly; clone src; set nosuid,ro,nodev; move to dst
			open new x/a/b; open old HOST/d exactly; clone src; set nosuid,ro,nodev; move to dst`},
		// Every folder on the way is mounted on itself, and no symlink is followed.
		{"writable in a writable bind", []Entry{
			Bind{Source: host, Target: "/x", Writable: true}, Bind{Source: host + "/d", Target: "/x/a/b", Writable: true}}, `
			mkdir new x; open new x exactly; open old HOST exactly; clone src; set nosuid,nodev; move to dst
			open new x/a exactly; clone dst; move to dst
			open new x/a/b exactly; open old HOST/d exactly; clone src; set nosuid,nodev; move to dst`},
		// From the top, and then the path is opened, through those mounts.
		{"read-only in a writable bind", []Entry{
			Bind{Source: host, Target: "/x", Writable: true}, ReadOnly{Target: "/x/a/b/c"}, ReadOnly{Target: "/x/a/file"}}, `
			mkdir new x; open new x exactly; open old HOST exactly; clone src; set nosuid,nodev; move to dst
			open new x/a exactly; clone dst; move to dst
			open new x/a/b exactly; clone dst; move to dst
			open new x/a/b/c exactly; clone dst; set ro; move to dst
			open new x/a/file exactly; clone dst; set ro; move to dst`},
		{"hidden", []Entry{Bind{Source: host, Target: "/x"}, Hide{Target: "/x/a/b"}, Hide{Target: "/x/a/file"}}, `
			mkdir new x; open new x exactly; open old HOST exactly; clone src; set nosuid,ro,nodev; move to dst
			mkdir AT_FDCWD /empty; mknod AT_FDCWD /nothing; open new x/a/b; clone AT_FDCWD /empty; set nosuid,ro,nodev,noexec; move to dst
			open new x/a/file; clone AT_FDCWD /nothing; set nosuid,ro,nodev,noexec; move to dst`},
		// What is made in a file system of our own, and what is mounted there, goes
		// through its fd.
		{"tmpfs", []Entry{
			Tmpfs{Target: "/t", Size: 4096, Mode: 0o1777, NoExec: true}, Tmpfs{Target: "/u", Size: 4096}, Tmpfs{Target: "/t/v", NoExec: true},
			Dir{Target: "/t/a/b"}, Dir{Target: "/t/a/b"}, Symlink{Link: "a", Target: "/t/v/n/l"}, Bind{Source: host + "/a/file", Target: "/t/v/n/f"},
			Tmpfs{Target: "/u"}, Dir{Target: "/u/c"}}, `
			mkdir new t; open new t exactly; new tmpfs; option mode=1777; option size=4096; mount nosuid|nodev|noexec; move to dst; keep fs_1
			mkdir new u; open new u exactly; new tmpfs; option mode=755; option size=4096; mount nosuid|nodev; move to dst; keep fs_2
			mkdir fs_1 v; open fs_1 v exactly; mkdir AT_FDCWD /1; clone AT_FDCWD /1; set nosuid,nodev,noexec; move to dst; keep fs_3
			mkdir fs_1 a; mkdir fs_1 a/b; open fs_1 a/b exactly
			open fs_1 a/b exactly
			mkdir fs_3 n; symlink fs_3 n/l to a
			mknod fs_3 n/f; open fs_3 n/f exactly; open old HOST/a/file exactly; clone src; set nosuid,ro,nodev; move to dst
			open fs_2 . exactly; mkdir AT_FDCWD /2; clone AT_FDCWD /2; set nosuid,nodev; move to dst; keep fs_4
			mkdir fs_4 c; open fs_4 c exactly`},
		// The folders that lead to it are pinned before: later, their clones would
		// cover it. What is bound there is a mount of the host again.
		{"tmpfs in a writable bind", []Entry{
			Bind{Source: host, Target: "/x", Writable: true}, Tmpfs{Target: "/x/a/b"}, ReadOnly{Target: "/x/a/file"},
			Bind{Source: host + "/a", Target: "/x/a/b/n", Writable: true}, ReadOnly{Target: "/x/a/b/n/b/c"}}, `
			mkdir new x; open new x exactly; open old HOST exactly; clone src; set nosuid,nodev; move to dst
			open new x/a exactly; clone dst; move to dst
			open new x/a/b exactly; mkdir AT_FDCWD /1; clone AT_FDCWD /1; set nosuid,nodev; move to dst; keep fs_1
			open new x/a/file exactly; clone dst; set ro; move to dst
			mkdir fs_1 n; open fs_1 n exactly; open old HOST/a exactly; clone src; set nosuid,nodev; move to dst
			open new x/a/b/n/b exactly; clone dst; move to dst
			open new x/a/b/n/b/c exactly; clone dst; set ro; move to dst`},
		// A pin is none any more when something covers it.
		{"covered pins", []Entry{
			Bind{Source: host, Target: "/x", Writable: true}, ReadOnly{Target: "/x/a/b/c"}, ReadOnly{Target: "/x/a/b/c/file"},
			Bind{Source: host + "/a", Target: "/x/a", Writable: true}, ReadOnly{Target: "/x/a/b/c"}}, `
			mkdir new x; open new x exactly; open old HOST exactly; clone src; set nosuid,nodev; move to dst
			open new x/a exactly; clone dst; move to dst
			open new x/a/b exactly; clone dst; move to dst
			open new x/a/b/c exactly; clone dst; set ro; move to dst
			open new x/a/b/c/file; clone dst; set ro; move to dst
			open new x/a exactly; open old HOST/a exactly; clone src; set nosuid,nodev; move to dst
			open new x/a/b exactly; clone dst; move to dst
			open new x/a/b/c exactly; clone dst; set ro; move to dst`},
		// Should the source be gone, the target is a mount point all the same; and
		// what comes later takes it for as writable as what is there then.
		{"may be missing, in a writable bind", []Entry{
			Bind{Source: host, Target: "/x", Writable: true}, Bind{Source: host + "/a", Target: "/x/a/b", Try: true}, ReadOnly{Target: "/x/a/b/b/c"}}, `
			mkdir new x; open new x exactly; open old HOST exactly; clone src; set nosuid,nodev; move to dst
			open new x/a exactly; clone dst; move to dst
			open new x/a/b exactly
			open new x/a/b exactly; clone dst; move to dst
			open new x/a/b exactly; open old HOST/a exactly; clone src; set nosuid,ro,nodev; move to dst
			open new x/a/b/b exactly; clone dst; move to dst
			open new x/a/b/b/c exactly; clone dst; set ro; move to dst`},
		{"symlinks of our own", []Entry{Symlink{Link: "/usr/bin", Target: "/bin"}, Dir{Target: "/bin/x"}, Symlink{Link: "y", Target: "/bin/z/l"}}, `
			symlink new bin to /usr/bin
			mkdir new usr; mkdir new usr/bin; mkdir new usr/bin/x; open new usr/bin/x exactly
			mkdir new usr/bin/z; symlink new usr/bin/z/l to y`},
		// A file is made in our own, written anew there, and laid over one of the host's;
		// over one that can be written to, it can be.
		{"files", []Entry{Bind{Source: host, Target: "/x"}, Bind{Source: host, Target: "/y", Writable: true},
			File{Target: "/d/f", Content: "text"}, File{Target: "/d/f", Mode: 0o600},
			File{Target: "/x/a/file", Content: "text"}, File{Target: "/y/a/file", Mode: 0o600}}, `
			mkdir new x; open new x exactly; open old HOST exactly; clone src; set nosuid,ro,nodev; move to dst
			mkdir new y; open new y exactly; open old HOST exactly; clone src; set nosuid,nodev; move to dst
			mkdir new d; mknod new d/f; open new d/f exactly; write dst 4 bytes; chmod new d/f 0644
			open new d/f exactly; chmod new d/f 0600
			open new x/a/file; mknod AT_FDCWD /f1; open AT_FDCWD /f1; write src 4 bytes; clone AT_FDCWD /f1; set nosuid,ro,nodev; move to dst
			open new y/a exactly; clone dst; move to dst
			open new y/a/file exactly; mknod AT_FDCWD /f2; open AT_FDCWD /f2; clone AT_FDCWD /f2; set nosuid,nodev; move to dst`},
		{"modes", []Entry{Dir{Target: "/a/b", Mode: 0o700}, Dir{Target: "/a/b"}, Dir{Target: "/a", Mode: 0o711}, Chmod{Target: "/a/b", Mode: 0},
			Tmpfs{Target: "/a"}, Chmod{Target: "/a", Mode: 0o1777}, Chmod{Target: "/", Mode: 0o500}}, `
			mkdir new a; mkdir new a/b; open new a/b exactly; chmod new a/b 0700
			open new a/b exactly
			open new a exactly; chmod new a 0711
			chmod new a/b 00
			open new a exactly; mkdir AT_FDCWD /1; clone AT_FDCWD /1; set nosuid,nodev; move to dst; keep fs_1
			chmod fs_1 . 01777; chmod new . 0500`},
		{"of the kernel", []Entry{Mqueue{Target: "/m"}, Sysfs{Target: "/s"}, Cgroupfs{Target: "/c"}, Cgroupfs{Target: "/c", Writable: true}}, `
			mkdir new m; open new m exactly; new mqueue; mount nosuid|nodev|noexec; move to dst
			mkdir new s; open new s exactly; new sysfs; mount ro|nosuid|nodev|noexec; move to dst; keep dst
			mkdir AT_FDCWD /empty; mknod AT_FDCWD /nothing; clone AT_FDCWD /empty; set nosuid,ro,nodev,noexec; move to dst firmware
			clone AT_FDCWD /empty; set nosuid,ro,nodev,noexec; move to dst devices/virtual/powercap
			mkdir new c; open new c exactly; new cgroup2; mount ro|nosuid|nodev|noexec; move to dst
			open new c; new cgroup2; mount nosuid|nodev|noexec; move to dst`},
		{"a symlink by a detour", []Entry{Symlink{Link: "x", Target: "/a/../l/b/.."}}, `symlink new l to x`},
	} {
		steps, err := compileSteps(c.entries...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var want []string
		for _, l := range strings.FieldsFunc(c.want, func(r rune) bool { return r == ';' || r == '\n' }) {
			if l = strings.TrimSpace(l); l != "" {
				want = append(want, l)
			}
		}
		if got := brief(host, steps); got != strings.Join(want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, strings.Join(want, "\n"))
		}
	}
}

// Missing sources that may be missing leave nothing; those that vanish later are
// passed over.
func TestTry(t *testing.T) {
	host := hostTree(t)
	steps, err := compileSteps(Bind{Source: host + "/none", Target: "/x", Try: true}, Bind{Source: host + "/a/file/x", Target: "/x", Try: true},
		Bind{Source: host + "/dangling", Target: "/x", Try: true}, ReadOnly{Target: "/none", Try: true})
	if err != nil || len(steps) != 0 {
		t.Errorf("%v, %v", steps, err)
	}
	steps, err = compileSteps(Bind{Source: host + "/d", Target: "/x", Try: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if strings.HasPrefix(s.String(), "openat2(old") && strings.HasSuffix(s.String(), "; ENOENT: gone /x; ENOTDIR: gone /x") {
			return
		}
	}
	t.Errorf("a source that vanishes is not passed over: %v", steps)
}

func TestProcAndDev(t *testing.T) {
	steps, err := compileSteps(Proc{Target: "/proc"}, Dev{Target: "/dev", Console: "/dev/pts/7"})
	if err != nil {
		t.Fatal(err)
	}
	got := "\n" + brief("/HOST", steps) + "\n"
	for _, part := range []string{
		"new proc\nmount nosuid|nodev|noexec\nmove to dst\nkeep dst\n",
		"clone dst sys\nset nosuid,ro,nodev,noexec\nmove to dst sys\n",
		"clone dst sysrq-trigger\nset nosuid,ro,nodev,noexec\nmove to dst sysrq-trigger\n",
		"\nmkdir new dev\nopen new dev exactly\nmkdir AT_FDCWD /1\nclone AT_FDCWD /1\nset nosuid,nodev,noexec\nmove to dst\nkeep fs_1\n",
		"\nopen old dev/null\nclone src\nset nosuid,ro,noexec\nmknod fs_1 null\nmove to fs_1 null\n",
		"\nopen old dev/pts/7\nclone src\nset nosuid,ro,noexec\nmknod fs_1 console\nmove to fs_1 console\n",
		"\nsymlink fs_1 ptmx to pts/ptmx\n",
		"\nmkdir fs_1 shm\nmkdir AT_FDCWD /2\nclone AT_FDCWD /2\nset nosuid,nodev\nmove to fs_1 shm\n",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("missing:\n%s", part)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

package mounts_test

// Trees that are really built, seen and attacked from inside: what is read-only,
// hidden or limited is so on every mount, and no way leads around it.

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

// project is a folder with a/b/c/file and a/file in it.
func project(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir+"/a/b/c", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"/a/file", "/a/b/c/file"} {
		if err := os.WriteFile(dir+f, []byte("host\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// run runs a script in the system's tree with more entries.
func run(t *testing.T, script string, entries ...mounts.Entry) string {
	t.Helper()
	c := sandbox.Command("sh", "-c", script)
	c.Policy.Files = append(c.Policy.Files, entries...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v: %s", script, err, out)
	}
	return string(out)
}

func TestTree(t *testing.T) {
	dir := project(t)
	script := dir + "/script"
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho ran\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	show := mounts.Bind{Source: dir, Target: "/x"}
	grant := mounts.Bind{Source: dir, Target: "/x", Writable: true}
	for _, c := range []struct {
		name    string
		entries []mounts.Entry
		script  string
		want    string
	}{
		{"read-only", []mounts.Entry{show}, "cat /x/a/file; touch /x/new /x/a/file || echo refused", "host refused"},
		{"writable", []mounts.Entry{grant}, "echo new > /x/new && cat /x/new && rm /x/new", "new"},
		{"writable in read-only", []mounts.Entry{show, mounts.Bind{Source: dir + "/a/b", Target: "/x/a/b", Writable: true}},
			"touch /x/a/b/new && rm /x/a/b/new && echo written; touch /x/a/new || echo refused", "written refused"},
		{"a file", []mounts.Entry{mounts.Bind{Source: dir + "/a/file", Target: "/y/f"}}, "cat /y/f; ls /y; echo x > /y/f || echo refused", "host f refused"},
		{"noexec", []mounts.Entry{mounts.Bind{Source: dir, Target: "/x", NoExec: true}}, "/x/script || echo refused", "refused"},
		{"exec", []mounts.Entry{show}, "/x/script", "ran"},
		{"no devices", []mounts.Entry{mounts.Bind{Source: "/dev", Target: "/x"}}, "cat /x/null || echo refused", "refused"},
		{"devices", []mounts.Entry{mounts.Bind{Source: "/dev", Target: "/x", Devices: true}}, "cat /x/null && echo read", "read"},
		{"hide", []mounts.Entry{grant, mounts.Hide{Target: "/x/a/file"}, mounts.Hide{Target: "/x/a/b"}},
			"cat /x/a/file; ls -A /x/a/b; echo x > /x/a/file || echo refused; mv /x/a /x/a2 || echo refused; rm /x/a/file || echo refused",
			"refused refused refused"},
		{"tmpfs", []mounts.Entry{mounts.Tmpfs{Target: "/t", Size: 65536, Mode: 0o1750, NoExec: true}},
			"stat -c %a /t; head -c 100000 /dev/zero > /t/big || echo full; rm /t/big; echo exit > /t/s; chmod +x /t/s; /t/s || echo refused",
			"1750 full refused"},
		{"a tmpfs covers", []mounts.Entry{show, mounts.Tmpfs{Target: "/x/a"}, mounts.Dir{Target: "/x/a/new"}}, "ls /x/a; ls /x/a/new", "new"},
		{"in a tmpfs in a grant", []mounts.Entry{grant, mounts.Tmpfs{Target: "/x/a/b"}, mounts.ReadOnly{Target: "/x/a/file"},
			mounts.Bind{Source: dir + "/a", Target: "/x/a/b/n"}, mounts.Dir{Target: "/x/a/b/m/o"}, mounts.Symlink{Link: "n/file", Target: "/x/a/b/l"}},
			"cat /x/a/b/l; ls /x/a/b /x/a/b/m; touch /x/a/b/n/new || echo refused; touch /x/a/b/new && echo written",
			"host /x/a/b: l m n /x/a/b/m: o refused written"},
		{"symlinks", []mounts.Entry{show, mounts.Symlink{Link: "x/a", Target: "/l"}, mounts.Symlink{Link: "nowhere", Target: "/m"}},
			"cat /l/file; readlink /m", "host nowhere"},
		{"devices of its own", nil, "echo x > /dev/null; head -c 4 /dev/zero | wc -c; ls /dev | tr '\\n' ' '; test -c /dev/ptmx && echo pty",
			"4 fd full null ptmx pts random shm stderr stdin stdout tty urandom zero pty"},
		{"the root", nil, "mkdir /new || echo refused; cd /..; pwd; ls -d usr", "refused / usr"},
	} {
		lines := strings.Split(run(t, "{ "+c.script+"; } 2>/dev/null; true", c.entries...), "\n")
		if got := strings.Join(strings.Fields(strings.Join(lines, " ")), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Read-only reaches every mount below, and so do nosuid and nodev.
func TestReadOnlyIsRecursive(t *testing.T) {
	const rest = `while read -r _ _ _ _ at options _; do
		case $at in /host*) n=$((n+1)); case ,$options, in *,ro,*nosuid,*nodev,*) ;; *) echo "$at $options";; esac;; esac
	done < /proc/self/mountinfo; echo $n mounts`
	out := strings.TrimSpace(run(t, rest+"; touch /host/dev/shm/new 2>/dev/null && echo written; true", mounts.Bind{Source: "/", Target: "/host"},
		mounts.Dir{Target: "/end"}))
	if strings.Contains(out, "\n") || out == "1 mounts" {
		t.Error(out)
	}
	// One of the sandbox's own trees, with a mount in it.
	if out := run(t, "touch /x/new /x/t/new 2>/dev/null || echo refused; touch /x/t/new 2>/dev/null || echo refused",
		mounts.Dir{Target: "/x"}, mounts.Tmpfs{Target: "/x/t"}, mounts.ReadOnly{Target: "/x"}); out != "refused\nrefused\n" {
		t.Error(out)
	}
}

// Nothing of the host's tree is left beside what was asked for.
func TestOnlyWhatWasAskedFor(t *testing.T) {
	dir := project(t)
	out := run(t, "cut -d' ' -f5 /proc/self/mountinfo", mounts.Bind{Source: dir, Target: "/x"})
	asked := []string{"/x"}
	for _, e := range sandbox.SystemPolicy().Files {
		asked = append(asked, e.Where())
	}
	for _, at := range strings.Fields(out) {
		ok := at == "/"
		for _, a := range asked {
			ok = ok || at == a || strings.HasPrefix(at, a+"/")
		}
		if !ok {
			t.Errorf("mounted: %s", at)
		}
	}
	if out := run(t, "find ~ /root -mindepth 1 2>/dev/null; ls -d /old /new /base "+dir+" 2>/dev/null; cat /proc/1/root/etc/hostname 2>/dev/null; true"); out != "" {
		t.Errorf("seen: %s", out)
	}
}

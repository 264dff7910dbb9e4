package bwrap

import (
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNoHostFolderHeld looks at the descriptors of the process that becomes the command, where it
// waits for --block-fd: a process with the same rights can open them from now on, and one of a
// folder of the host would lead out of the sandbox.
func TestNoHostFolderHeld(t *testing.T) {
	const shell = `mkfifo w/p; "$@" 3>w/info 4<>w/p & b=$!
until grep -q '^}' w/info; do sleep 0.02; done; p=$(tr -dc '0-9,' <w/info | cut -d, -f1)
until grep -q ' /newroot / ' /proc/$p/mountinfo; do sleep 0.02; done; sleep 0.1
readlink /proc/$p/fd/* | grep '^/' | grep -v '^/dev/null$' | grep -v /w/; echo >w/p; wait $b; echo $?; rm w/p w/info`
	got := ask{args: base(), shell: shell}.with("--unshare-user --unshare-pid --info-fd 3 --block-fd 4", "true").run(t, ours)
	if got.stdout != "0\n" {
		t.Errorf("output %q, messages %q", got.stdout, got.stderr)
	}
}

// TestSwapped has another process change a folder that destinations lead through into a symlink
// out of the bind, and back, again and again: nothing is made where it leads.
func TestSwapped(t *testing.T) {
	for _, target := range []string{"../d", filepath.Join(host(), "d"), "/oldroot" + filepath.Join(host(), "d")} {
		makeHost(t)
		dir, link := filepath.Join(host(), "w/a"), filepath.Join(host(), "w/s")
		for _, err := range []error{unix.Mkdir(dir, 0o755), chown(dir), unix.Symlink(target, link)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		before := tree(t, filepath.Join(host(), "d"))
		var stop atomic.Bool
		stopped := make(chan int)
		go func() {
			swaps := 0
			for ; !stop.Load(); swaps++ {
				unix.Renameat2(unix.AT_FDCWD, dir, unix.AT_FDCWD, link, unix.RENAME_EXCHANGE)
			}
			stopped <- swaps
		}()
		codes := map[int]int{}
		for n := 0; n < 60 || len(codes) < 2 && n < 600; n++ {
			cmd := ask{args: base()}.with("--dir /d --bind HOST/w /w --dir /w/a/made/deep --tmpfs /w/a/over --symlink x /w/a/link --ro-bind /usr/bin/env /w/a/env", "rm", "-r", "/d").command(ours)
			cmd.Run()
			codes[cmd.ProcessState.ExitCode()]++
			for _, name := range []string{dir, link} { // whichever it is
				unix.Unlink(filepath.Join(name, "link")) // made by the last run
			}
		}
		stop.Store(true)
		if swaps := <-stopped; swaps < 100 || len(codes) < 2 {
			t.Errorf("%s: %d swaps, exit codes %v: that proves nothing", target, swaps, codes)
		}
		if after := tree(t, filepath.Join(host(), "d")); after != before {
			t.Errorf("%s: the folder outside was\n%s\nand is\n%s", target, before, after)
		}
	}
}

// TestMonitorNotTraced has the command in the user namespace of the process that waits for it,
// which has the host's files.
func TestMonitorNotTraced(t *testing.T) {
	for _, x := range []struct{ args, parent string }{
		{"--proc /proc", "$PPID"},
		{"--proc /proc --cap-add ALL", "$PPID"},
		{"--unshare-pid --bind /proc /host", "$(cat w/parent)"}, // the host's numbers
	} {
		shell := strings.Replace(twoUserns, `"$@" 3`, `sh -c 'echo $$ >w/parent; exec "$@"' sh "$@" 3`, 1)
		look := `p=` + x.parent + `; test -d /proc/$p || test -d /host/$p || echo none; stat -L /host/$p/root/w /proc/$p/root/w 2>&1 | grep -c denied; ls /host/$p/fd /proc/$p/fd 2>&1 | grep -c denied`
		got := ask{args: base(), shell: shell}.with("--userns 3 --bind w w "+x.args, "sh", "-c", look).run(t, ours)
		if got.stdout != "1\n1\n0\n" {
			t.Errorf("%s: output %q, messages %q", x.args, got.stdout, got.stderr)
		}
	}
}

// TestTerminalInputNoName is TestTerminalInput, called from where there is no /dev/tty.
func TestTerminalInputNoName(t *testing.T) {
	a := ask{args: base()}
	a.shell = theirs + ` --dev-bind / / --tmpfs /dev --dev-bind /dev/null /dev/null "$@"`
	got := a.with("--dev-bind /dev /dev", "perl", "-e", `my $c = "x"; ioctl(STDIN, 0x5412, $c) ? print "done\n" : print $!+0, "\n"`).onTerminal(t, ours)
	if !strings.HasPrefix(got, "1\r\n") {
		t.Errorf("ioctl: %q; want EPERM", got)
	}
}

package bwrap

import (
	"strings"
	"testing"
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

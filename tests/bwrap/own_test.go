package bwrap

import (
	"strings"
	"testing"
)

// What the bubblewrap that is compared with may not have, or does differently.
var own = []struct {
	name, args, command string
	code                int
	stdout, stderr      string
	files               []string
}{
	{"overlay", "--overlay-src d/e --overlay-src w --overlay upper work /o", "cat /o/g; echo n >/o/n", 0, "d/e/g\n", "", nil},
	{"tmp_overlay", "--overlay-src d --tmp-overlay /o", "echo n >/o/f; cat /o/f", 0, "n\n", "", nil},
	{"ro_overlay", "--overlay-src d/e --overlay-src w --ro-overlay /o", "cat /o/g; touch /o/x 2>&-; echo $?", 0, "d/e/g\n1\n", "", nil},
	{"overlay_overlap", "--overlay-src d --overlay-src d/e --ro-overlay /o", "true", 1, "",
		"bwrap: Can't make overlay mount on /newroot/o with options lowerdir=/oldrootHOST/d/e:/oldrootHOST/d,userxattr: Overlay directories may not overlap\n", nil},
	{"overlay_missing", "--overlay-src none --tmp-overlay /o", "true", 1, "", "bwrap: Can't find source path none: No such file or directory\n", nil},
	{"argv0", "--argv0 hello", "echo $0", 0, "hello\n", "", nil},
	{"level_prefix", "--level-prefix --chdir / --chdir /none", "true", 1, "",
		"<4>bwrap: Only the last --chdir option will take effect\n<3>bwrap: Can't chdir to /none: No such file or directory\n", nil},
	{"symlink_again", "--symlink x /a --symlink x /a", "readlink /a", 0, "x\n", "", nil},
	{"symlink_other", "--symlink x /a --symlink yy /a", "true", 1, "", "bwrap: Can't make symlink at /a: existing destination is x\n", nil},
	{"symlink_file", "--file 3 /a --symlink x /a", "true", 1, "", "bwrap: Can't make symlink at /a: destination exists and is not a symlink\n", []string{"x"}},
	{"absolute_symlink", "--dir /real --symlink /real /l --dir /l/made", "ls /real", 0, "made\n", "", nil},
	{"escape", "--bind HOST /h --symlink /oldroot/etc /l --dir /l/made", "ls -d /oldroot/etc/made 2>&1", 1, "", "bwrap: Can't mkdir /l/made: No such file or directory\n", nil},
	// What lies in a folder of the sandbox's own was put there by another path.
	{"escape_by_another_path", "--dir /d --symlink d /l --bind HOST /l/foo --dir /d/foo/out/made", "true", 1, "",
		"bwrap: Can't mkdir /d/foo/out/made: No such file or directory\n", nil},
	{"not_a_boundary", "--not-a-security-boundary --ro-bind d /h", "cat /h/f", 0, "d/f\n", "", nil},
	{"environ_of_init", "--unshare-pid --proc /proc --setenv SECRET 1", "tr '\\0' '\\n' </proc/1/environ | wc -l", 0, "0\n", "", nil},
	{"remount_data", "--bind-data 3 /a --remount-ro /a", "echo y >/a; cat /a", 0, "x", "sh: 1: cannot create /a: Read-only file system\n", []string{"x"}},
	{"killed", "", "kill -9 $$", 137, "", "", nil},
	{"code", "--unshare-pid", "exit 7", 7, "", "", nil},
	{"exec_label", "--exec-label x", "true", 1, "", "bwrap: labeling not supported on this system\n", nil},
}

func TestOwn(t *testing.T) {
	for _, x := range own {
		t.Run(x.name, func(t *testing.T) {
			args := append([]string{"sh"}, "-c", x.command)
			got := ask{args: base(), files: x.files}.with(x.args, args...).run(t, ours)
			if got.code != x.code || got.stdout != x.stdout || got.stderr != strings.ReplaceAll(x.stderr, "HOST", host()) {
				t.Errorf("code %d, output %q, messages %q; want %d, %q, %q", got.code, got.stdout, got.stderr, x.code, x.stdout, x.stderr)
			}
		})
	}
}

// TestExitCodeTold looks at what is told of the end: nothing of a command that was not found.
func TestExitCodeTold(t *testing.T) {
	for _, namespace := range []string{"", "--unshare-pid"} {
		for command, want := range map[string]string{"true": `{ "exit-code": 0 }`, "false": `{ "exit-code": 1 }`, "/none": ""} {
			got := ask{args: base(), files: []string{""}}.with(namespace+" --json-status-fd 3", command).run(t, ours)
			lines := strings.SplitAfterN(got.fds, "\n", 2)
			if last := strings.TrimSpace(lines[len(lines)-1]); last != want || !strings.HasPrefix(got.fds, `{ "child-pid": `) {
				t.Errorf("%s %s: told %q, want %q at the end", namespace, command, got.fds, want)
			}
		}
	}
}

// TestCommandMissing has commands that cannot be executed.
func TestCommandMissing(t *testing.T) {
	for _, command := range []string{"", "/none", "none", "/usr", "usr/none", "/f", "./f", "/usr/bin/env/x"} {
		ask{args: base()}.with("--ro-bind HOST/f /f", command).compare(t)
		ask{args: base(), files: []string{""}}.with("--ro-bind HOST/f /f --unshare-pid --json-status-fd 3", command).compare(t)
	}
	for _, args := range []string{"", "--unshare-pid", "--", "--bind / / --"} { // no command
		got := ask{}.with(args).run(t, ours)
		if got.code != 1 || !strings.HasPrefix(got.stderr, "usage: bwrap [OPTIONS...] [--] COMMAND [ARGS...]\n") {
			t.Errorf("%q: code %d, messages %q", args, got.code, got.stderr)
		}
	}
}

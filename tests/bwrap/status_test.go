package bwrap

import "testing"

// TestStatusFails writes status to descriptors that cannot be written to: that is an error,
// and nothing is left. (Bubblewrap's child waits for ever then, so it is not run here.)
func TestStatusFails(t *testing.T) {
	for _, x := range []struct{ name, shell, args, stdout, stderr string }{
		{"closed", ``, "--json-status-fd 9", "1\n", "bwrap: Write to info_fd: Bad file descriptor\n"},
		// Numbers that the program's own pipes and folders have while it runs.
		{"closed_own", ``, "--unshare-pid --json-status-fd 5", "1\n", "bwrap: Write to info_fd: Bad file descriptor\n"},
		{"closed_own_no_pipe", ``, "--json-status-fd 5", "1\n", "bwrap: Write to info_fd: Bad file descriptor\n"},
		{"info_closed_own", ``, "--unshare-pid --info-fd 5", "1\n", "bwrap: Write to info_fd: Bad file descriptor\n"},
		{"data_closed_own", ``, "--unshare-pid --file 4 /x", "1\n", "bwrap: Can't write data to file /x: Bad file descriptor\n"},
		{"bind_try_own", ``, "--bind-try /proc/self/fd/4 /x --ro-bind-try /dev/fd/5 /y", "here\n0\n", ""},
		{"info_closed", ``, "--info-fd 9 --unshare-pid", "1\n", "bwrap: Write to info_fd: Bad file descriptor\n"},
		{"readonly", `3<f`, "--json-status-fd 3", "1\n", "bwrap: Write to info_fd: Bad file descriptor\n"},
		{"info_readonly", `3<f`, "--info-fd 3", "1\n", "bwrap: Write to info_fd: Bad file descriptor\n"},
		{"full", `3>/dev/full`, "--json-status-fd 3", "1\n", "bwrap: Write to info_fd: No space left on device\n"},
		{"info_full", `3>/dev/full`, "--info-fd 3", "1\n", "bwrap: Write to info_fd: No space left on device\n"},
		{"both_in_one", `3>>w/status`, "--info-fd 3 --json-status-fd 3", "1\n", "bwrap: Write to info_fd: Bad file descriptor\n"},
		{"no_reader", `3>&7`, "--json-status-fd 3", "141\n", ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			a := ask{args: base(), shell: `"$@" ` + x.shell + `; echo $?`}
			if x.name == "no_reader" {
				a.shell = `{ { sleep 0.05; ` + a.shell + ` >&8; } 7>&1 | exec true; } 8>&1`
			}
			if got := a.with(x.args, "sh", "-c", "echo here").run(t, ours); got.stdout != x.stdout || got.stderr != x.stderr {
				t.Errorf("output %q, messages %q; want %q, %q", got.stdout, got.stderr, x.stdout, x.stderr)
			}
		})
	}
}

package bwrap

import "testing"

// newer are options that bubblewrap has since 0.11, or that do something else since then.
var newer = []struct{ name, shell, args, command string }{
	{"bind_fd", `exec "$@" 3<d`, "--bind-fd 3 /h --proc /proc", "ls -l /h; echo x >/h/new; cat /proc/self/mountinfo; ls /proc/self/fd | wc -l"},
	{"ro_bind_fd", `exec "$@" 3<d 4<f`, "--ro-bind-fd 3 /h --ro-bind-fd 4 /a/f --proc /proc", "cat /a/f; cat /proc/self/mountinfo; touch /h/new"},
	{"bind_fd_closed", `exec "$@"`, "--ro-bind-fd 9 /h", "ls /h"},
	{"bind_fd_not_a_number", `exec "$@"`, "--ro-bind-fd x /h", "ls /h"},
	{"bind_fd_pipe", `true | "$@" 3<&0; echo $?`, "--ro-bind-fd 3 /h", "ls /h"},
	{"bind_fd_namespace", `exec "$@" 3</proc/self/ns/net`, "--ro-bind-fd 3 /h", "ls /h"},
	{"bind_fd_deleted", `exec 3<d/f; rm d/f; exec "$@"`, "--ro-bind-fd 3 /h", "ls /h"},
	{"bind_fd_replaced", `exec 3<d/f; rm d/f; echo other >d/f; exec "$@"`, "--ro-bind-fd 3 /h", "cat /h"},
	{"overlay", `exec "$@"`, "--overlay-src d/e --overlay-src w --overlay upper work /o --proc /proc", "cat /o/g; echo n >/o/n; ls -l /o | cut -c1-10; cat /proc/self/mountinfo"},
	{"overlay_on_root", `exec "$@"`, "--overlay-src / --tmp-overlay / --proc /proc", "echo n >/n; cat /n; ls -d /usr"},
	{"overlay_names", `mkdir w/a:b w/c,d 'w/e\f'; echo 1 >w/a:b/1; echo 2 >w/c,d/2; echo 3 >'w/e\f/3'; exec "$@"`, `--overlay-src w/a:b --overlay-src w/c,d --overlay-src w/e\f --ro-overlay /o`, "cat /o/1 /o/2 /o/3"},
	{"overlay_then_bind", `exec "$@"`, "--overlay-src d --tmp-overlay /o --ro-bind HOST/w /o/new/w --tmpfs /o/e --file 3 /o/f2", "ls -R /o"},
	{"overlay_two", `exec "$@"`, "--overlay-src d --tmp-overlay /o --overlay-src w --tmp-overlay /o2", "echo 1 >/o/1; echo 2 >/o2/2; ls /o /o2"},
	{"tmp_overlay", `exec "$@"`, "--overlay-src d --tmp-overlay /o", "echo n >/o/f; cat /o/f; rm /o/e/g; ls -R /o"},
	{"ro_overlay", `exec "$@"`, "--overlay-src d/e --overlay-src w --ro-overlay /o", "cat /o/g; touch /o/x"},
	{"ro_overlay_one", `exec "$@"`, "--overlay-src d --ro-overlay /o", "true"},
	{"overlay_none", `exec "$@"`, "--overlay upper work /o", "true"},
	{"tmp_overlay_none", `exec "$@"`, "--tmp-overlay /o", "true"},
	{"overlay_src_last", `exec "$@"`, "--overlay-src d", "true"},
	{"overlay_src_then_other", `exec "$@"`, "--overlay-src d --dir /a", "true"},
	{"overlay_missing_source", `exec "$@"`, "--overlay-src none --tmp-overlay /o", "true"},
	{"overlay_missing_upper", `exec "$@"`, "--overlay-src d --overlay none work /o", "true"},
	{"overlay_of_file", `exec "$@"`, "--overlay-src f --tmp-overlay /o", "true"},
	{"argv0", `exec "$@"`, "--argv0 hello", "echo $0; cat /proc/self/comm 2>&-"},
	{"argv0_empty", `exec "$@"`, "--argv0 hello --argv0 again", "echo $0"},
	{"level_prefix", `exec "$@"`, "--level-prefix --chdir / --chdir /none", "true"},
	{"level_prefix_late", `exec "$@"`, "--chdir / --chdir / --level-prefix --bind none /a", "true"},
	{"level_prefix_parse", `exec "$@"`, "--level-prefix --none", "true"},
	{"symlink_again", `exec "$@"`, "--symlink x /a --symlink x /a", "readlink /a"},
	{"symlink_other", `exec "$@"`, "--symlink x /a --symlink yy /a", "true"},
	{"symlink_folder", `exec "$@"`, "--dir /a --symlink x /a", "true"},
	{"assert_userns_disabled", `exec "$@"`, "--assert-userns-disabled", "true"},
	{"size_not_for_dir", `exec "$@"`, "--size 4096 --dir /a", "true"},
	{"bind_try_empty", `exec "$@"`, "--ro-bind-try none /a --dir /b", "ls /"},
}

// TestNewer compares what bubblewrap has only since 0.11. TestOwn tests it where there is an
// older one.
func TestNewer(t *testing.T) {
	if minor < 11 {
		t.Skipf("skip: bubblewrap is older than 0.11")
	}
	for _, x := range newer {
		t.Run(x.name, func(t *testing.T) {
			a := ask{args: base(), shell: x.shell}
			if x.name == "overlay_then_bind" {
				a.files = []string{"data\n"}
			}
			a.with(x.args, "sh", "-c", x.command).compare(t)
		})
	}
}

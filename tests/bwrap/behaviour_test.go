package bwrap

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// behaviours are what callers rely on beside the options: how descriptors, streams and
// limits come to the program. Each is a script that executes "$@", the program with the
// arguments and the command.
var behaviours = []struct{ name, shell, args, command string }{
	{"inherited_descriptors", `exec "$@" 5<f 7>>w/log`, "--proc /proc --bind HOST/w /w", "cat <&5; echo more >&7; cat /w/log; ls -l /proc/self/fd | grep -c -e '->'"},
	{"descriptor_as_source", `exec "$@" 3<d 4<f`, "--ro-bind /proc/self/fd/3 /d --bind /proc/self/fd/4 /f --ro-bind /dev/fd/3 /d2", "cat /d/f /f /d2/e/g"},
	{"descriptor_of_deleted", `exec 3<d/f; rm d/f; exec "$@"`, "--ro-bind /proc/self/fd/3 /f", "cat /f"},
	{"descriptor_of_pipe", `exec "$@" 3<&0`, "--ro-bind /proc/self/fd/3 /f", "true"},
	{"descriptor_missing", `exec "$@"`, "--ro-bind /proc/self/fd/9 /f --ro-bind-try /proc/self/fd/9 /f", "true"},
	{"descriptor_maybe", `exec "$@"`, "--ro-bind-try /proc/self/fd/9 /f --dir /d", "ls /"},
	{"namespace_descriptor", `exec "$@" 3</proc/self/ns/net`, "--ro-bind /proc/self/fd/3 /ns", "true"},
	{"namespace_descriptor_maybe", `exec "$@" 3</proc/self/ns/net`, "--ro-bind-try /proc/self/fd/3 /ns", "ls /"},
	{"namespace_file", `exec unshare -Urnm sh -c 'mount --bind /proc/self/ns/net f && exec "$@"' sh "$@"`, "--ro-bind HOST/f /ns --unshare-user --unshare-net", "stat -f -c %T /ns; test /ns -ef /proc/self/ns/net || echo another"},
	{"namespace_file_descriptor", `exec unshare -Urnm sh -c 'mount --bind /proc/self/ns/net f && exec "$@" 3<f' sh "$@"`, "--ro-bind /proc/self/fd/3 /ns", "stat -f -c %T /ns"},
	{"writable_bind", `exec "$@"`, "--bind HOST /h --dir /h/new/sub --ro-bind HOST/f /h/w/x/file --tmpfs /h/t --file 3 /h/data --symlink a /h/sym --proc /h/w/proc --chmod 0700 /h/d", "ls -l /h/w/x"},
	{"closed_stdin", `exec "$@" <&-`, "--dir /x", "ls -d /x"},
	{"closed_all_but_output", `exec "$@" <&- 2>&-`, "--dir /x", "ls -d /x"},
	{"stdin_is_read", `echo given | "$@"`, "", "cat"},
	{"stdin_is_left", `(echo one; echo two) | ("$@"; cat)`, "--unshare-pid", "read x; echo got $x"},
	{"output_is_full", `"$@" >/dev/full; echo $?`, "", "echo lost"},
	{"same_descriptor_twice", `exec "$@" 3<f`, "--file 3 /a --file 3 /b", "cat /a /b"},
	{"same_descriptor_args", `printf -- '--file\0003\000/a\000' >w/args; exec "$@" 3<w/args`, "--args 3", "cat /a"},
	{"same_descriptor_sync_and_data", `exec "$@" 3<f`, "--die-with-parent --sync-fd 3 --file 3 /a", "cat /a"},
	{"descriptor_is_stdin", `exec "$@" <f`, "--file 0 /a", "cat /a"},
	{"descriptor_is_folder", `exec "$@" 3<d`, "--file 3 /a", "cat /a"},
	{"descriptor_is_namespace", `exec "$@" 3</proc/self/ns/net`, "--file 3 /a", "cat /a"},
	{"maps_by_caller", `mkfifo w/block w/info; exec 3<>w/block 4<>w/info; "$@" & while read a b <&4 && [ "$a" != '"child-pid":' ]; do :; done; p=${b%,}
echo deny >/proc/$p/setgroups; echo 7 $(id -u) 1 >/proc/$p/uid_map; echo 8 $(id -g) 1 >/proc/$p/gid_map; echo >&3; wait $!; echo $?`,
		"--unshare-user --userns-block-fd 3 --info-fd 4 --uid 7 --gid 8 --proc /proc --dir /a", "id -u; id -g; cat /proc/self/uid_map; stat -c %u /a; exit 4"},
	{"info_ends", `(exec "$@" 3>&1 >/dev/null) | { cat >/dev/null; echo end of info >>w/log; }; cat w/log`, "--info-fd 3 --bind HOST/w /w", "sleep 0.4; echo command >>/w/log"},
	{"block", `mkfifo w/block; exec 3<>w/block; "$@" & sleep 0.1; echo now; echo >&3; wait $!; echo $?`, "--block-fd 3 --unshare-pid", "echo then; exit 4"},
	{"descriptor_is_path", `exec "$@" 3>w/x`, "--file 3 /a", "cat /a"},
	{"data_twice_as_large_as_a_pipe", `(yes | head -c 200000; sleep 0.1; echo end) | "$@"`, "--file 0 /a", "wc -c </a; tail -n1 /a"},
	{"block_closed", `"$@"; echo $?`, "--die-with-parent --block-fd 9", "echo here"},
	{"block_at_end", `"$@" 3</dev/null; echo $?`, "--block-fd 3", "echo here"},
	{"sync_closed", `"$@"; echo $?`, "--sync-fd 9", "echo here"},
	{"args_closed", `"$@"; echo $?`, "--args 9", "echo here"},
	{"file_closed", `"$@"; echo $?`, "--file 9 /a", "echo here"},
	{"seccomp_closed", `"$@"; echo $?`, "--seccomp 9", "echo here"},
	{"userns_closed", `"$@"; echo $?`, "--userns 9", "echo here"},
	{"userns_of_file", `"$@" 3<f; echo $?`, "--userns 3", "echo here"},
	{"pidns_of_file", `"$@" 3<f 2>&1 | head -n1`, "--pidns 3", "echo here"},
	{"bounding_set", `exec "$@"`, "--proc /proc --unshare-user", "grep Cap /proc/self/status"},
	{"bounding_set_kept", `exec "$@"`, "--proc /proc --unshare-user --cap-add CAP_SYS_ADMIN --cap-add CAP_CHOWN", "grep Cap /proc/self/status"},
	{"code_of_signal", `"$@"; echo $?`, "", "kill -TERM $$"},
	{"code_of_signal_pid", `"$@"; echo $?`, "--unshare-pid", "kill -KILL $$"},
	{"code", `"$@"; echo $?`, "--unshare-pid", "exit 42"},
	{"orphans_are_ended", `"$@"; echo $?`, "--unshare-pid --proc /proc", "sleep 50 & exit 3"},
	{"orphans_are_reaped", `exec "$@"`, "--unshare-pid --proc /proc", "(sleep 0.01 &); sleep 0.2; set -- /proc/[0-9]*; echo $#"},
	{"terminated", `exec 2>/dev/null; "$@" & sleep 0.3; kill $!; wait $!; echo $?`, "--unshare-pid --die-with-parent", "sleep 20; echo slept"},
	{"parent_dies", `sh -c '"$@" & sleep 0.3' sh "$@"; sleep 0.1; echo over >>w/log; sleep 0.3; cat w/log`, "--unshare-pid --die-with-parent --bind HOST/w /w", "trap '' TERM; for i in 1 2 3 4; do sleep 0.1; done; sleep 1; echo alive >>/w/log"},
	{"session_is_shared", `exec setsid sh -c 'exec "$@"' sh "$@"`, "--proc /proc", "test $(cut -d' ' -f6 /proc/self/stat) = $(cut -d' ' -f6 /proc/$PPID/stat) && echo the same"},
	{"umask", `umask 027; exec "$@"`, "--dir /a --tmpfs /t --bind HOST /h --dir /h/new", "umask; touch /t/x; stat -c '%a %n' /a /t /t/x /h/new"},
	{"working_folder", `cd d/e; exec "$@"`, "--ro-bind HOST HOST", "pwd; cat g"},
	{"working_folder_link", `cd link; exec "$@"`, "--ro-bind HOST HOST", "pwd"},
	{"working_folder_gone", `mkdir w/gone; cd w/gone; rmdir ../gone; exec "$@"`, "--ro-bind HOST HOST --setenv HOME /usr", "pwd"},
	{"environment_odd", `exec env -i PATH=/usr/bin:/bin 'A=1' 'A B=2' 'X=' "$@"`, "--unsetenv A", "env | sort"},
	{"environment_empty", `exec env -i "$@"`, "", "env | sort"},
	{"nice_and_limits", `ulimit -n 77; ulimit -c 0; exec nice -n 3 "$@"`, "", "ulimit -n; ulimit -c; nice"},
	{"few_descriptors", `ulimit -n 12; exec "$@"`, "--proc /proc --dev /dev --bind HOST /h --tmpfs /t", "ls /h"},
	{"name_of_command", `exec "$@"`, "", "echo $0; cat /proc/self/comm 2>&-"},
	{"ignored_hangup", `trap '' HUP INT; exec "$@"`, "--proc /proc", "grep SigIgn /proc/self/status"},
	{"blocked_none", `exec "$@"`, "--proc /proc", "grep SigBlk /proc/self/status"},
}

func TestBehaviour(t *testing.T) {
	for _, x := range behaviours {
		t.Run(x.name, func(t *testing.T) {
			a := ask{args: base(), shell: x.shell}
			if strings.Contains(x.args, "--file 3 /h/data") {
				a.files = []string{"data\n"}
			}
			a.with(x.args, "sh", "-c", x.command).compare(t)
		})
	}
}

// TestSocket gives data by a socket.
func TestSocket(t *testing.T) {
	a := ask{args: base(), extra: func(t testing.TB) []*os.File {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		unix.Write(pair[0], []byte("by a socket\n"))
		unix.Close(pair[0])
		return []*os.File{os.NewFile(uintptr(pair[1]), "socket")}
	}}
	for _, option := range []string{"--file", "--bind-data", "--ro-bind-data"} {
		if got := a.with(option+" 3 /a", "cat", "/a").compare(t); got.stdout != "by a socket\n" {
			t.Errorf("%s: output %q, messages %q", option, got.stdout, got.stderr)
		}
	}
}

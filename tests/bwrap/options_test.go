package bwrap

import (
	"strings"
	"testing"
)

// probe prints what a command can see of its sandbox.
const probe = `id -u; id -g; pwd; umask; hostname
cat /proc/self/uid_map /proc/self/gid_map 2>/dev/null
grep -E '^(Cap|NoNewPrivs|Seccomp:|Seccomp_filters|NSpid|Sig(Blk|Ign))' /proc/self/status 2>/dev/null | sed -E 's/(NSpid:).*\t(.)$/\1 \2/; s/(NSpid:).*[0-9]{3}.*/\1/'
cat /proc/self/mountinfo 2>/dev/null
find / DEPTH -path /usr -prune -o -path '*/proc' -prune -printf '%p %y %m %U %G\n' -o -printf '%p %y %m %U %G %l %s\n' 2>&1 | sort -S 9M
for f in /a/data /a/f /f; do [ -f $f ] && cat $f; done
env | sort -S 9M
ls -l /proc/self/fd 2>/dev/null | sed -n -E 's/.* ([0-9]+ -> .*)/\1/p'
`

// probed is what runs the probe: of a root that is the host's it sees the first level.
func probed(args string) []string {
	depth := ""
	if strings.Contains(args, "bind / /") {
		depth = "-maxdepth 1"
	}
	return []string{"sh", "-c", strings.ReplaceAll(probe, "DEPTH", depth)}
}

// options are cases of one option each, with the base before it and the probe behind.
var options = []struct {
	name  string
	args  string // by spaces; HOST is the host's folder
	files []string
}{
	{"nothing", "", nil},
	{"bind", "--bind HOST /h", nil},
	{"bind_relative", "--bind d /h --ro-bind ./d/../f /a/f", nil},
	{"bind_symlink", "--bind HOST/link /h", nil},
	{"bind_missing", "--bind HOST/none /h", nil},
	{"bind_try", "--bind-try HOST/none /h --ro-bind-try HOST/none /a --dev-bind-try HOST/d /h2", nil},
	{"bind_file", "--bind HOST/f /a/b/f --ro-bind HOST/f /f", nil},
	{"bind_over_file", "--ro-bind HOST/f /f --ro-bind HOST/d/f /f", nil},
	{"bind_dir_over_file", "--ro-bind HOST/f /f --ro-bind HOST/d /f", nil},
	{"bind_file_over_dir", "--ro-bind HOST/d /f --ro-bind HOST/f /f", nil},
	{"bind_below_file", "--ro-bind HOST/f /f --ro-bind HOST/f /f/g", nil},
	{"bind_root", "--ro-bind / / --proc /proc", nil},
	{"bind_root_then", "--bind HOST / --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --dir /new", nil},
	{"bind_in_host", "--bind HOST /h --ro-bind HOST/f /h/w/x/y --tmpfs /h/t", nil},
	{"bind_in_readonly", "--ro-bind HOST /h --tmpfs /h/t", nil},
	{"bind_through_symlink", "--bind HOST /h --tmpfs /h/link/t --ro-bind HOST/f /h/link/file", nil},
	{"bind_dangling", "--bind HOST /h --ro-bind HOST/f /h/dangling", nil},
	{"own_symlink", "--dir /a --symlink a /l --dir /l/b --tmpfs /l/c --ro-bind HOST/f /l/f", nil},
	{"root_again", "--tmpfs / --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc", nil},
	{"root_after_dots", "--dir d --tmpfs d/../w --tmpfs / --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc", nil},
	{"ro_bind", "--ro-bind HOST /h", nil},
	{"dev_bind", "--dev-bind /dev/null /dev/null --dev-bind HOST /h --proc /proc", nil},
	{"dots", "--dir /a/../b/./c --tmpfs //a//t --bind HOST /a/../h", nil},
	{"remount_ro", "--tmpfs /t --remount-ro /t --remount-ro /", nil},
	{"remount_ro_dir", "--dir /t --remount-ro /t", nil},
	{"remount_ro_missing", "--remount-ro /t", nil},
	{"proc", "--proc /proc", nil},
	{"proc_pid", "--unshare-pid --proc /proc", nil},
	{"dev", "--dev /dev", nil},
	{"dev_elsewhere", "--dev /a/dev --dir /a/dev/x --tmpfs /a/dev/shm", nil},
	{"tmpfs", "--tmpfs /t --perms 1777 --tmpfs /t/u --size 4096 --tmpfs /a", nil},
	{"mqueue", "--unshare-ipc --mqueue /t", nil},
	{"dir", "--dir /a/b --perms 0700 --dir /c/d --perms 0750 --dir /e/f --dir /a/b", nil},
	{"dir_on_file", "--ro-bind HOST/f /f --dir /f", nil},
	{"file", "--file 3 /a/data --perms 0640 --file 4 /a/f", []string{"one\n", "two\n"}},
	{"file_twice", "--file 3 /a/data --file 3 /a/f", []string{"one\n"}},
	{"file_in_dir", "--dir /a --file 3 /a", []string{"one\n"}},
	{"file_large", "--file 3 /a/data", []string{strings.Repeat("0123456789abcde\n", 4000)}},
	{"bind_data", "--bind-data 3 /a/data --perms 0444 --ro-bind-data 4 /a/f", []string{"one\n", "two\n"}},
	{"symlink", "--symlink x/y /a/b", nil},
	{"symlink_on_file", "--ro-bind HOST/f /f --symlink f /a --dir /b", nil},
	{"chmod", "--dir /a --chmod 0711 /a --tmpfs /t --chmod 1777 /t", nil},
	{"chmod_missing", "--chmod 0711 /a", nil},
	{"unshare_all", "--unshare-all --proc /proc", nil},
	{"share_net", "--unshare-all --share-net --proc /proc", nil},
	{"unshare_each", "--unshare-user --unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup --proc /proc", nil},
	{"unshare_try", "--unshare-user-try --unshare-cgroup-try --proc /proc", nil},
	{"uid", "--unshare-user --uid 0 --gid 7 --proc /proc", nil},
	{"uid_dev", "--unshare-user --uid 5 --gid 7 --proc /proc --dev /dev", nil},
	{"hostname", "--unshare-uts --hostname there", nil},
	{"disable_userns", "--unshare-user --disable-userns --assert-userns-disabled --proc /proc", nil},
	{"assert_userns", "--assert-userns-disabled", nil},
	{"chdir", "--dir /a --chdir /a", nil},
	{"chdir_missing", "--chdir /a", nil},
	{"cwd_shown", "--bind HOST HOST", nil},
	{"cwd_home", "--dir /a --setenv HOME /a", nil},
	{"setenv", "--setenv A 1 --setenv A 2 --unsetenv KEPT --setenv B b", nil},
	{"clearenv", "--setenv A 1 --clearenv --setenv PATH /usr/bin", nil},
	{"new_session", "--new-session --die-with-parent --proc /proc", nil},
	{"as_pid_1", "--unshare-pid --as-pid-1 --proc /proc", nil},
	{"lock_file", "--ro-bind HOST/f /f --lock-file /f", nil},
	{"lock_file_missing", "--lock-file /f", nil},
	{"sync_fd", "--sync-fd 3 --proc /proc", []string{""}},
	{"inherited_fds", "--proc /proc", []string{"", "x", ""}},
	{"block_fd", "--block-fd 3 --proc /proc", []string{"x"}},
	{"args", "--args 3 --proc /proc", []string{"--dir\x00/a\x00--setenv\x00A\x00b c\x00"}},
	{"cap_add", "--cap-add CAP_NET_ADMIN --unshare-user --proc /proc", nil},
	{"cap_drop", "--cap-drop ALL --proc /proc", nil},
	{"cap_add_all", "--cap-add ALL --unshare-user --uid 0 --proc /proc", nil},
	{"seccomp", "--seccomp 3 --proc /proc", []string{allowAll}},
	{"add_seccomp", "--add-seccomp-fd 3 --add-seccomp-fd 4 --proc /proc", []string{allowAll, allowAll}},
	{"info_fd", "--unshare-all --info-fd 3", []string{""}},
	{"status_fd", "--unshare-pid --json-status-fd 3", []string{""}},
	{"status_fd_shared", "--json-status-fd 3 --info-fd 4", []string{"", ""}},
}

// allowAll is a filter of system calls.
const allowAll = "\x06\x00\x00\x00\x00\x00\xff\x7f"

func TestOptions(t *testing.T) {
	for _, x := range options {
		t.Run(x.name, func(t *testing.T) {
			ask{args: base(), files: x.files}.with(x.args, probed(x.args)...).compare(t)
		})
	}
}

func TestOptionsAsRoot(t *testing.T) {
	if uid == -1 {
		t.Skip("root only")
	}
	for _, x := range options {
		t.Run(x.name, func(t *testing.T) {
			ask{args: base(), files: x.files, root: true}.with(x.args, probed(x.args)...).compare(t)
		})
	}
}

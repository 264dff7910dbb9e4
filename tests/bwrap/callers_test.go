package bwrap

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// caller is a program that calls bubblewrap, with the arguments that its source makes, or
// that it was seen to make. In its arguments HOST is the host's folder, DATA the next
// descriptor with contents, OUT the next to be written to, FD:NAME one that is open for a
// path, LIBS the folders of programs, as base has them, and EMPTY nothing.
type caller struct {
	name    string
	inFD    bool // the arguments come by --args
	last    bool // without a zero byte at the end
	data    []string
	args    string
	more    func() []string // what depends on the machine
	command string          // with the short probe behind; "": the probe
}

// shallow is a probe that does not look into the host's folders.
const shallow = `id -u; id -g; pwd; umask
cat /proc/self/mountinfo 2>/dev/null
grep -E '^(Cap|NoNewPrivs|Seccomp:|Seccomp_filters|Sig(Blk|Ign))' /proc/self/status 2>/dev/null
find / -maxdepth 1 -printf '%p %y %m %U %G %l\n' | sort -S 9M
for d in /etc /run /var /sys /app /tmp /tmp-home /run/host; do [ -d $d ] && stat -c '%n %a %u %g' $d; done
[ -d /run/host ] && find /run/host -maxdepth 1 -printf '%p %y %m %l\n' | sort -S 9M
env | sort -S 9M
ls -l /proc/self/fd 2>/dev/null | sed -n -E 's/.* ([0-9]+ -> .*)/\1/p'
`

var callers = []caller{
	// Source/WebKit/UIProcess/Launcher/glib/BubblewrapLauncher.cpp: bubblewrapSpawn, a web process under X11.
	{name: "webkit", inFD: true, data: []string{"[Application]\nname=org.example.App\n", allowAll}, args: `--die-with-parent --unshare-pid --unshare-uts --unshare-net
		--ro-bind /etc /etc --dev /dev --proc /proc --tmpfs /tmp --unsetenv TMPDIR --dir /run --symlink ../run /var/run --symlink ../tmp /var/tmp
		--ro-bind /sys/block /sys/block --ro-bind /sys/bus /sys/bus --ro-bind /sys/class /sys/class --ro-bind /sys/dev /sys/dev --ro-bind /sys/devices /sys/devices
		--ro-bind-try /usr/share /usr/share --ro-bind-try /usr/local/share /usr/local/share --ro-bind-try /usr/share /usr/share
		--ro-bind-try /lib /lib --ro-bind-try /usr/lib /usr/lib --ro-bind-try /usr/local/lib /usr/local/lib --ro-bind-try /usr/lib /usr/lib
		--ro-bind-try /lib64 /lib64 --ro-bind-try /usr/lib64 /usr/lib64 --ro-bind-try /usr/local/lib64 /usr/local/lib64 --ro-bind-try /usr/libexec /usr/libexec
		--ro-bind-data DATA /.flatpak-info --bind-try /tmp/.X11-unix/X0 /tmp/.X11-unix/X0 --ro-bind-try HOST/.Xauthority HOST/.Xauthority
		--bind-try HOST/w HOST/w --bind-try HOST/none/pulse HOST/none/pulse --dev-bind-try /dev/snd /dev/snd --ro-bind-try /var/cache/fontconfig /var/cache/fontconfig
		--dev-bind-try /dev/dri /dev/dri --dev-bind-try /dev/nvidia0 /dev/nvidia0 --dev-bind-try /dev/video0 /dev/video0 --ro-bind-try /bin /bin --ro-bind-try /usr/bin /usr/bin
		--seccomp DATA`},
	// glycin-core/src/sandbox.rs: bwrap_command.
	{name: "glycin", data: []string{allowAll}, args: `--unshare-all --die-with-parent --chdir / --ro-bind /usr /usr --dev /dev --ro-bind-try /etc/ld.so.cache /etc/ld.so.cache
		--ro-bind-try /nix/store /nix/store --tmpfs /tmp-home --tmpfs /tmp-run --clearenv --setenv HOME /tmp-home --setenv XDG_RUNTIME_DIR /tmp-run
		LIBS --ro-bind HOST/d HOST/d --seccomp DATA`},
	// libgnome-desktop/gnome-desktop-thumbnail-script.c: add_bwrap.
	{name: "thumbnailer", data: []string{allowAll}, args: `--ro-bind /usr /usr --ro-bind-try /etc/ld.so.cache /etc/ld.so.cache LIBS --proc /proc --dev /dev --chdir / --setenv GIO_USE_VFS local
		--unshare-all --die-with-parent --bind HOST/w /tmp --ro-bind HOST/d/f /tmp/gnome-desktop-file-to-thumbnail.png --seccomp DATA`,
		command: "cp /tmp/gnome-desktop-file-to-thumbnail.png /tmp/gnome-desktop-thumbnailer.png; "},
	// pressure-vessel/wrap.c, without a runtime; its bwrap.c: pv_bwrap_add_api_filesystems, pv_bwrap_bind_usr.
	{name: "pressure-vessel", inFD: true, args: `--new-session --dev-bind /dev /dev --proc /proc --ro-bind /sys /sys --dir /run/pressure-vessel --ro-bind /usr /usr LIBS
		--bind /etc /etc --bind /tmp /tmp --bind /var /var`, more: func() (list []string) {
		names, _ := filepath.Glob("/run/*")
		for _, name := range names {
			if filepath.Base(name) != "host" && filepath.Base(name) != "pressure-vessel" {
				list = append(list, "--bind", name, name)
			}
		}
		return append(list, "--tmpfs", "/home", "--ro-bind", "/usr", "/run/host/usr", "--symlink", "usr/lib", "/run/host/lib", "--dir", host(), "--bind", host(), host(),
			"--bind", "/tmp", "/tmp", "--chdir", host()+"/d", "--unsetenv", "PWD", "--setenv", "LD_LIBRARY_PATH", "/run/host/usr/lib")
	}},
	// pkgs/build-support/build-fhsenv-bubblewrap/default.nix, with /nix of the host's folder.
	{name: "nix", args: `--dev-bind /dev /dev --proc /proc --chdir HOST --die-with-parent --bind HOST /nix --tmpfs /nix/glibc/etc --tmpfs /etc
		--symlink /etc/ld.so.conf /nix/glibc/etc/ld.so.conf --symlink /etc/ld.so.cache /nix/glibc/etc/ld.so.cache --ro-bind HOST/f /nix/glibc/etc/rpc --remount-ro /nix/glibc/etc
		--symlink /nix/init /init --ro-bind /usr /usr --ro-bind HOST/f /etc/profile --ro-bind /etc /.host-etc LIBS --symlink /.host-etc/passwd /etc/passwd
		--symlink /.host-etc/hosts /etc/hosts --symlink /.host-etc/ssl/certs /etc/ssl/certs`, more: func() (list []string) {
		for _, dir := range []string{"/home", "/opt", "/srv", "/run", "/tmp", "/var"} {
			if _, err := os.Stat(dir); err == nil {
				list = append(list, "--bind", dir, dir)
			}
		}
		return append(list, "--tmpfs", "/tmp/.X11-unix", "--ro-bind-try", "/tmp/.X11-unix/X0", "/tmp/.X11-unix/X0")
	}},
	// src/bubblejail/bubblejail_runner.py: genetate_args, with common settings and a home.
	{name: "bubblejail", inFD: true, last: true, data: []string{"user:x:1000:1000::/home/user:/bin/sh\n", "user:x:1000:\n", allowAll},
		args: `--unshare-all --die-with-parent --as-pid-1 --new-session --proc /proc --dev /dev --clearenv --ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/lib64 /lib64
		--symlink usr/bin /bin --symlink usr/sbin /sbin --ro-bind-try /etc /etc --tmpfs /tmp --tmpfs /var --tmpfs /run --bind HOST/w /home/user --setenv HOME /home/user --setenv PATH /usr/bin
		--ro-bind-data DATA /run/passwd --ro-bind-data DATA /run/group --seccomp DATA --bind HOST/f /var/run/dbus/system_bus_socket --bind HOST/f /run/dbus/system_bus_socket --info-fd OUT`},
	// flatpak 1.14 run, as seen: an application with a runtime that lies in the host's folder.
	{name: "flatpak", inFD: true, data: []string{"root:x:0:0::/:/bin/sh\n", "root:x:0:\n", "# pkcs11\n", "Etc/UTC", allowAll, "cache", "[Application]\n", "[Application]\n", "flatpak\n", "<fontconfig/>\n"},
		args: `--ro-bind-fd FD:/usr /usr --lock-file /usr/bin/env --ro-bind-fd FD:HOST/d /app --lock-file /app/f --proc /proc --unshare-pid --dir /tmp --dir /var/tmp --dir /run/host
		--perms 0700 --dir /run/user/1000 --setenv XDG_RUNTIME_DIR /run/user/1000 --symlink ../run /var/run --ro-bind /sys/block /sys/block --ro-bind /sys/bus /sys/bus --ro-bind /sys/class /sys/class
		--ro-bind /sys/dev /sys/dev --ro-bind /sys/devices /sys/devices --ro-bind-try /proc/self/ns/user /run/.userns --symlink /etc/timezone /var/db/zoneinfo --ro-bind-data DATA /etc/passwd
		--ro-bind-data DATA /etc/group --ro-bind-data DATA /etc/pkcs11/pkcs11.conf --bind HOST/w /var/cache --bind HOST/w /var/data --bind HOST/w /var/config --bind HOST/w /var/tmp
		--symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --symlink usr/sbin /sbin --ro-bind-data DATA /etc/timezone --seccomp DATA --ro-bind HOST/d/e /run/host/monitor
		--symlink /run/host/monitor/resolv.conf /etc/resolv.conf --ro-bind-data DATA /etc/ld.so.cache --ro-bind HOST/d /run/flatpak/.flatpak/1 --lock-file /run/flatpak/.flatpak/1/f
		--perms 0600 --file DATA /.flatpak-info --ro-bind-data DATA /.flatpak-info --setenv container flatpak --ro-bind-data DATA /run/host/container-manager --info-fd OUT
		--bind HOST/w /run/user/1000 --unshare-ipc --dev /dev --bind HOST/w /tmp --bind HOST/w /run/flatpak/app/org.example.App --dir HOST --dir HOST/.var/app --bind HOST/w HOST/.var/app/org.example.App
		--ro-bind-try /etc/os-release /run/host/os-release --tmpfs /tmp/.X11-unix --sync-fd OUT --ro-bind HOST/f /run/flatpak/per-app-dirs-ref --lock-file /run/flatpak/per-app-dirs-ref
		--ro-bind /usr/share /run/host/fonts --tmpfs /run/host/user-fonts-cache --remount-ro /run/host/user-fonts-cache --ro-bind-data DATA /run/host/font-dirs.xml
		--symlink /app/lib/debug/source /run/build --setenv PS1 [$FLATPAK_ID] --setenv PWD HOST --setenv LD_LIBRARY_PATH EMPTY`},
	// sandbox-runtime 0.0.83, as seen: a project that may be written to but for some files.
	{name: "sandbox-runtime", args: `--new-session --die-with-parent --unshare-net --setenv SANDBOX_RUNTIME 1 --setenv TMPDIR /tmp/claude --setenv HTTP_PROXY http://localhost:3128 --ro-bind / /
		--bind HOST/d HOST/d --bind HOST/w HOST/w --tmpfs HOST/work --ro-bind HOST/d/e HOST/d/e --ro-bind /dev/null HOST/d/.gitconfig --ro-bind /dev/null HOST/d/f --ro-bind HOST/upper HOST/d/.claude
		--dev /dev --unshare-pid --unshare-user --cap-drop ALL --proc /proc --`},
	// What pressure-vessel and others try first.
	{name: "trial", args: "--bind / /"},
	{name: "trial_of_flatpak", args: "--unshare-user --unshare-net --unshare-pid --unshare-ipc --ro-bind / / --dev /dev --proc /proc"},
}

// ask is the run of a caller.
func (c caller) ask() ask {
	a := ask{files: slices.Clone(c.data), covered: true}
	next := 3
	var paths []string
	var args []string
	for _, arg := range strings.Fields(c.args) {
		switch {
		case arg == "LIBS":
			args = append(args, base()[3:]...)
			continue
		case arg == "EMPTY":
			arg = ""
		case arg == "DATA":
			arg = strconv.Itoa(next)
			next++
		case arg == "OUT":
			a.files = append(a.files, "")
			arg = strconv.Itoa(2 + len(a.files))
		case strings.HasPrefix(arg, "FD:"):
			paths = append(paths, strings.ReplaceAll(arg[3:], "HOST", host()))
			arg = "path" + strconv.Itoa(len(paths))
		}
		args = append(args, strings.ReplaceAll(arg, "HOST", host()))
	}
	if c.more != nil {
		args = append(args, c.more()...)
	}
	first := 3 + len(a.files)
	if c.inFD {
		first++
	}
	for i := range paths {
		if at := slices.Index(args, "path"+strconv.Itoa(i+1)); at >= 0 {
			args[at] = strconv.Itoa(first + i)
		}
	}
	a.extra = func(t testing.TB) (list []*os.File) {
		for _, name := range paths {
			f, err := os.OpenFile(name, 0x200000, 0) // O_PATH
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, f)
		}
		return list
	}
	if c.inFD {
		text := strings.Join(args, "\x00")
		if !c.last {
			text += "\x00"
		}
		a.files = append(a.files, text)
		args = []string{"--args", strconv.Itoa(2 + len(a.files)), "--"}
	}
	a.args = append(args, "/bin/sh", "-c", c.command+shallow)
	return a
}

func TestCallers(t *testing.T) {
	for _, c := range callers {
		t.Run(c.name, func(t *testing.T) {
			makeHost(t)
			if got := c.ask().compare(t); got.code != 0 {
				t.Errorf("code %d, messages %s", got.code, got.stderr)
			}
		})
	}
}

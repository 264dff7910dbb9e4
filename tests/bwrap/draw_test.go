package bwrap

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// draw is a sequence of options that is drawn at random. Bubblewrap before 0.12 follows
// absolute symlinks to the host, and before 0.11 refuses any symlink that is there already:
// there are none of these.
type draw struct {
	*rand.Rand
	ask
	links int
}

func (d *draw) pick(list ...string) string { return list[d.IntN(len(list))] }

// often is true in one of n draws.
func (d *draw) often(n int) bool { return d.IntN(n) == 0 }

func (d *draw) add(args ...string) { d.args = append(d.args, args...) }

// words adds one of some texts, in words.
func (d *draw) words(list ...string) { d.add(strings.Fields(d.pick(list...))...) }

// sequence draws everything.
func (d *draw) sequence() {
	for range 1 + d.IntN(9) {
		d.operation()
		if d.often(4) {
			d.process()
		}
	}
	for _, option := range []string{
		"--unshare-pid", "--unshare-user", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--unshare-all", "--unshare-cgroup-try",
		"--unshare-user-try", "--new-session", "--die-with-parent", "--disable-userns",
	} {
		if d.often(5) {
			d.add(option)
		}
	}
	if d.often(8) {
		d.fromFD()
	}
}

// dest draws a destination.
func (d *draw) dest() string {
	if d.often(6) { // one that was there before
		var before []string
		for i, arg := range d.args {
			if i > 0 && strings.HasPrefix(arg, "/") && !strings.HasPrefix(d.args[i-1], "--") && !strings.HasPrefix(arg, host()) {
				before = append(before, arg)
			}
		}
		if len(before) > 0 {
			return d.pick(before...) + d.pick("", "", "/x")
		}
	}
	if minor < 12 && d.often(30) { // 0.12 makes more of the slash at the end
		return "/a//b/"
	}
	return d.pick("/a", "/a/b", "/a/b/c", "/d", "/d/e", "/d/e/f", "/h", "/h/d", "/h/d/e", "/h/w", "/h/w/new/x", "/h/link/y", "/h/link", "/h/f",
		"/l1", "/l1/x", "/l2/y/z", "/l3", "/", "/a/./b", "/d/../a/q", "/t", "/t/u", "/t/u/v", "d", "d/../w", "", "/usr/x", "/usr/share", "/dev/null", "/dev/x")
}

// source draws a source.
func (d *draw) source() string {
	s := d.pick("HOST", "HOST/d", "HOST/d/e", "HOST/w", "HOST/f", "HOST/link", "HOST/link/f", "HOST/d/f", "d", "./f", "d/../w", "", ".", "link",
		"HOST/none", "HOST/dangling", "HOST/f/x", "/dev/null", "/dev", "/usr/share/base-files")
	if d.root && strings.HasPrefix(s, "/") { // root could change that
		s = "HOST/d"
	}
	return strings.ReplaceAll(s, "HOST", host())
}

// file draws a descriptor to be read: most are new.
func (d *draw) file() string {
	if n := len(d.files); n > 0 && d.often(8) {
		if i := d.IntN(n); strings.HasPrefix(d.files[i], "file") { // filters are read before all others
			return strconv.Itoa(3 + i)
		}
	}
	if d.often(30) {
		return d.pick("77", "-1", "x", "")
	}
	d.files = append(d.files, fmt.Sprintln("file", len(d.files)))
	return strconv.Itoa(2 + len(d.files))
}

// pipe draws a descriptor to be written to.
func (d *draw) pipe() string {
	d.files = append(d.files, "")
	return strconv.Itoa(2 + len(d.files))
}

func (d *draw) perms() {
	if d.often(2) {
		d.add("--perms", d.pick("0700", "0755", "0750", "0", "7777", "644", "1777", "0555"))
	}
}

// operation draws one on the file tree.
func (d *draw) operation() {
	switch d.IntN(17) {
	case 0, 1, 2:
		d.add(d.pick("--bind", "--ro-bind", "--dev-bind"), d.source(), d.dest())
	case 3, 4:
		source := d.source()
		if source == "" { // shows the host's root
			source = "none"
		}
		d.add(d.pick("--bind-try", "--ro-bind-try", "--dev-bind-try"), source, d.dest())
	case 5, 6:
		d.perms()
		if d.often(4) {
			d.add("--size", d.pick("4096", "65536", "1000000"))
		}
		d.add("--tmpfs", d.dest())
	case 7, 8:
		d.perms()
		dest := d.dest()
		for strings.HasPrefix(dest, "/l") { // where it dangles, nothing is made, and that is no error
			dest = d.dest()
		}
		d.add("--dir", dest)
	case 9:
		d.perms()
		d.add("--file", d.file(), d.dest())
	case 10:
		d.perms()
		d.add(d.pick("--bind-data", "--ro-bind-data"), d.file(), d.dest())
	case 11:
		if d.links < 3 && !strings.Contains(strings.Join(d.args, " "), "/l"+strconv.Itoa(d.links+1)) {
			d.links++
			d.add("--symlink", d.pick("a", "d/e", "h/d", "nowhere", "t"), "/l"+strconv.Itoa(d.links))
		}
	case 12:
		d.add("--chmod", d.pick("0711", "0500", "1777", "0"), d.dest())
	case 13:
		d.add("--remount-ro", d.dest())
	case 14:
		d.mount()
	case 15:
		if minor >= 11 {
			d.overlay()
		}
	case 16: // something that is wrong now and then
		if d.often(3) {
			d.words("--perms 0700 --bind d /h", "--perms 9 --dir /a", "--perms 0700 --perms 0700 --dir /a", "--size 1 --dir /a", "--size 0 --tmpfs /a",
				"--none", "--bind d", "--chmod x /a", "--size 4096 --perms 0700 --tmpfs /z", "--tmpfs", "--remount-ro /", "--perms 0700 --proc /proc")
		}
	}
}

// mount draws a file system. One of the processes or of the queues can be mounted in one
// place once.
func (d *draw) mount() {
	words := strings.Fields(d.pick("--proc /proc", "--proc /b/proc", "--dev /dev", "--dev /a/proc", "--dev /h/w", "--mqueue /q", "--mqueue /q --unshare-ipc"))
	if !slices.Contains(d.args, words[1]) {
		d.add(words...)
	}
}

// overlay draws one with one layer to four.
func (d *draw) overlay() {
	for range 1 + d.IntN(3) {
		d.add("--overlay-src", d.pick("d", "d/e", "w", "link", "f", "none", "/usr/share/base-files"))
	}
	switch d.IntN(4) {
	case 0:
		d.add("--overlay", "upper", "work", d.dest())
	case 1:
		d.add("--tmp-overlay", d.dest())
	case 2:
		d.add("--ro-overlay", d.dest())
	case 3:
		d.operation()
	}
}

// process draws an option that is not about the file tree.
func (d *draw) process() {
	switch d.IntN(9) {
	case 0:
		d.words("--setenv A 1", "--setenv A 2", "--setenv B b", "--unsetenv KEPT", "--unsetenv A", "--clearenv", "--setenv PWD /x", "--setenv HOME /a", "--setenv = x",
			"--unsetenv PATH", "--setenv PATH /bin", "--unsetenv PWD")
	case 1:
		d.words("--chdir /a", "--chdir /d/e", "--chdir /", "--chdir /h", "--chdir a", "--chdir /usr/bin", "--chdir /none")
	case 2:
		d.words("--unshare-user --uid 5", "--gid 7", "--unshare-user --uid 0 --gid 0", "--uid 4294967294 --unshare-user", "--uid x", "--gid -1")
	case 3:
		d.words("--unshare-uts --hostname there", "--hostname here", "--hostname a --unshare-uts --hostname b")
	case 4:
		d.words("--cap-add ALL", "--cap-drop ALL", "--cap-add CAP_NET_ADMIN", "--cap-drop CAP_SYS_ADMIN", "--cap-add cap_sys_admin", "--cap-add CAP_NONE",
			"--unshare-user --cap-add CAP_SYS_ADMIN --cap-drop ALL --cap-add CAP_CHOWN")
	case 5:
		d.words("--share-net", "--unshare-all --share-net", "--as-pid-1", "--unshare-pid --as-pid-1", "--assert-userns-disabled", "--unshare-user --disable-userns --assert-userns-disabled",
			"--unshare-net --share-net", "--unshare-cgroup")
	case 6:
		filter := d.pick("--seccomp", "--add-seccomp-fd", "--add-seccomp-fd", "--add-seccomp-fd short")
		filter, short, _ := strings.Cut(filter, " ")
		if short == "" {
			short = d.pick(allowAll, allowAll+allowAll)
		}
		d.files = append(d.files, short)
		d.add(filter, strconv.Itoa(2+len(d.files)))
	case 7:
		d.add(d.pick("--info-fd", "--json-status-fd", "--sync-fd"), d.pipe())
	case 8:
		d.words("--lock-file /usr/bin/env", "--unshare-pid --lock-file /usr/bin/sh")
	}
}

// fromFD moves the end of the options to a descriptor.
func (d *draw) fromFD() {
	n := len(base())
	if len(d.args) <= n+2 {
		return
	}
	from := n + d.IntN(len(d.args)-n)
	moved := slices.Clone(d.args[from:])
	d.args = d.args[:from]
	content := strings.Join(moved, "\x00") + d.pick("\x00", "")
	d.files = append(d.files, content)
	d.add("--args", strconv.Itoa(2+len(d.files)))
}

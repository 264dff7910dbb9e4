package mounts

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Placeholders are what the entries make in overlays, so that it can be hidden: paths
// below the overlay's root, parents first, by the overlay's Upper as the entry has it.
// They are in Upper afterwards, and are no changes of the command's. It compiles the
// entries, and fails as [Compile] does.
func Placeholders(entries []Entry) (map[string][]string, error) {
	t, err := compile(launch.New(0), entries, Private, 0)
	if err != nil {
		return nil, err
	}
	return t.made, nil
}

// inOverlay makes a path in an overlay, and hides it. The overlay is the sandbox's
// alone until the command runs; what its layers hold by then is no error.
func (h Hide) inOverlay(t *tree, at place) {
	p := t.p
	rel := split(strings.TrimPrefix(at.path, at.cover))
	made := 0
	for i := range rel {
		k, err := at.mount.look(rel[:i+1])
		if err == nil && k == folder && made == 0 {
			continue
		}
		made++
		parent := path.Join(at.cover, path.Join(rel[:i]...))
		p.Call(unix.SYS_OPENAT2, t.new, relative(parent), inRootExact, sizeofHow).To(t.dst).Retry()
		t.keepTime(func() {
			if i+1 == len(rel) && !strings.HasSuffix(h.Target, "/") {
				p.Call(unix.SYS_MKNODAT, t.dst, rel[i], unix.S_IFREG|0o444, 0).On(unix.EEXIST, nil)
			} else {
				p.Call(unix.SYS_MKDIRAT, t.dst, rel[i], 0o755).On(unix.EEXIST, nil)
			}
		})
		p.Close(t.dst)
		if at.mount.upper != "" {
			if t.made == nil {
				t.made = map[string][]string{}
			}
			t.made[at.mount.upper] = append(t.made[at.mount.upper], path.Join(rel[:i+1]...))
		}
	}
	t.hide(at, !strings.HasSuffix(h.Target, "/"), nil)
}

// keepTime gives the folder t.dst the time of modification again that it had before f.
func (t *tree) keepTime(f func()) {
	const mtimeSec, mtimeNsec = 112, 120 // of struct statx
	p := t.p
	if t.stat == nil {
		t.stat, t.times = p.Buffer("folder_stat", 256), p.Data("folder_times", 32, 0, unix.UTIME_OMIT, 0, 0)
	}
	p.Call(unix.SYS_STATX, t.dst, "", unix.AT_EMPTY_PATH, unix.STATX_MTIME, t.stat.Addr())
	p.Add(t.times.At(16), t.stat.At(mtimeSec), 0)
	p.And(t.times.At(24), t.stat.At(mtimeNsec), 0xffffffff)
	f()
	p.Call(unix.SYS_UTIMENSAT, t.dst, ".", t.times.Addr(), 0)
}

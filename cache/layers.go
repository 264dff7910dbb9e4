package cache

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// Layers are the caches of one sandbox.
type Layers struct {
	project string // its folder
	dir     string // of all layers
	key     string // of the project's
	number  int    // which of the project's
	folders []layer
	lock    *os.File // nil: not taken
}

// layer is one cache.
type layer struct {
	Folder
	lower  string // "": the host does not have it
	origin string
}

// For describes the layers of the caches of tools for a project, given by the real
// path of its folder, which the sandbox sees or not. Nothing is made on disk before
// Take. A cache that lies in a project that is seen is left out: it is the project's
// own. Origin is the flag that asks for it.
func For(project string, seen bool, tools []string, origin string) (*Layers, error) {
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	l := &Layers{project: project, dir: dir}
	if l.key, err = key(project); err != nil {
		return nil, err
	}
	if seen && within(project, dir) {
		return nil, fmt.Errorf("%s holds %s, where what is written would be kept", project, dir)
	}
	for _, tool := range tools {
		list, err := Of(tool)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			one := layer{Folder: f, origin: origin}
			real, err := filepath.EvalSymlinks(f.Path)
			switch {
			case err != nil:
				real = f.Path
			case isFolder(real):
				one.lower = real
			}
			if seen && within(project, real) {
				continue
			}
			if why := tooMuch(project, seen, real, dir); why != "" {
				return nil, fmt.Errorf("%s: the cache %s %s", tool, f.Path, why)
			}
			one.Name += "-" + hash(real, 8) // a layer belongs to what it was made for
			l.folders = append(l.folders, one)
		}
	}
	return l, nil
}

// key is what the layers of a project are found by: its path, and which folder is
// there. Another that takes its place, at the same path, does not inherit them.
func key(project string) (string, error) {
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, project, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_INO|unix.STATX_BTIME, &st); err != nil {
		return "", fmt.Errorf("find the layers of %s: %w", project, err)
	}
	return hash(fmt.Sprintf("%s\x00%d %d %d", project, st.Ino, st.Btime.Sec, st.Btime.Nsec), 32), nil
}

// tooMuch says why a folder cannot be a cache.
func tooMuch(project string, seen bool, folder, store string) string {
	home := os.Getenv("HOME")
	if real, err := filepath.EvalSymlinks(home); err == nil {
		home = real
	}
	switch {
	case seen && within(folder, project):
		return "holds the current folder"
	case within(folder, home):
		return "is the home folder, or holds it"
	case within(folder, store) || within(store, folder):
		return "and the folder of the layers, " + store + ", hold one another"
	}
	return ""
}

// root is the folder of the project's layers of the number.
func (l *Layers) root() string {
	return filepath.Join(l.dir, l.key, strconv.Itoa(l.number))
}

// Entries show the caches at their own paths.
func (l *Layers) Entries() (entries []mounts.Entry) {
	for _, one := range l.folders {
		o := mounts.Overlay{
			Upper: filepath.Join(l.root(), one.Name, "upper"), Work: filepath.Join(l.root(), one.Name, "work"),
			Target: one.Path, Volatile: true, Later: true, Origin: one.origin,
		}
		if one.lower != "" {
			o.Lower = []string{one.lower}
		}
		entries = append(entries, o)
		for _, name := range one.Settings {
			if _, err := os.Lstat(filepath.Join(one.lower, name)); err == nil && one.lower != "" {
				entries = append(entries, mounts.Hide{Target: filepath.Join(one.Path, name), Origin: one.origin})
			}
		}
	}
	return entries
}

// Variables are those, as K=V, by which the tools find their caches.
func (l *Layers) Variables() (env []string) {
	for _, one := range l.folders {
		if one.Variable != "" && !slices.Contains(env, one.Variable) {
			env = append(env, one.Variable)
		}
	}
	return env
}

// Place returns entries of a file tree with those of Entries as they are now, after
// Take.
func (l *Layers) Place(entries []mounts.Entry) []mounts.Entry {
	entries = slices.Clone(entries)
	all := filepath.Join(l.dir, l.key)
	for i, e := range entries {
		o, ok := e.(mounts.Overlay)
		if !ok || !within(all, o.Upper) {
			continue
		}
		name := filepath.Base(filepath.Dir(o.Upper))
		o.Upper, o.Work = filepath.Join(l.root(), name, "upper"), filepath.Join(l.root(), name, "work")
		entries[i] = o
	}
	return entries
}

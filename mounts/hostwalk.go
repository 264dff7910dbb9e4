package mounts

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// hostMatches are the paths of the host that match a pattern.
func hostMatches(text string) ([]string, error) {
	p, err := parsePattern(text)
	if err != nil {
		return nil, err
	}
	w := walk{pattern: p, list: listHost, look: lookHost, follow: followHost}
	if len(p.parts) == 0 {
		return []string{"/"}, nil
	}
	err = w.run("/", 0)
	return w.matches, err
}

// listHost are the names in a folder of the host. One that may not be read is empty.
func listHost(dir string, most int) ([]named, error) {
	f, err := os.Open(dir)
	if isGone(err) || errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return readNames(f, most)
}

// readNames reads the names in a folder, and closes it.
func readNames(f *os.File, most int) (list []named, err error) {
	defer f.Close()
	for len(list) < most {
		some, err := f.ReadDir(min(most-len(list), 1000))
		for _, e := range some {
			list = append(list, named{e.Name(), kindOf(e.Type())})
		}
		if err == io.EOF || isGone(err) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

func lookHost(dir, name string) (kind, error) {
	info, err := os.Lstat(path.Join(dir, name))
	switch {
	case isGone(err) || errors.Is(err, fs.ErrPermission):
		return none, nil
	case err != nil:
		return none, err
	}
	return kindOf(info.Mode()), nil
}

// followHost keeps the path as it is: who binds it follows the symlink in it.
func followHost(name string) (string, kind, error) {
	info, err := os.Stat(name)
	switch {
	case isGone(err) || errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.ELOOP):
		return name, none, nil
	case err != nil:
		return name, none, err
	}
	return filepath.Clean(name), kindOf(info.Mode()), nil
}

// isGone reports whether an error says that a path does not exist.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR)
}

package mounts

import (
	"fmt"
	"os"
	"path/filepath"
)

// SystemFolders are where a system's programs and their settings are, on one
// distribution or another. Not /nix: sockets in it could be connected to.
var SystemFolders = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix/store", "/gnu/store", "/snap",
}

// System are the host's system folders, read-only: those of [SystemFolders] that
// exist. What is a symlink there is one in the sandbox.
func System() []Entry {
	entries := make([]Entry, 0, 2*len(SystemFolders)) // there is more to come
	for _, name := range SystemFolders {
		info, err := os.Lstat(name)
		switch {
		case err != nil:
		case info.Mode()&os.ModeSymlink != 0:
			if link, err := os.Readlink(name); err == nil {
				entries = append(entries, Symlink{Link: link, Target: name})
			}
		case info.IsDir():
			entries = append(entries, Bind{Source: name, Target: name})
		}
	}
	return entries
}

// Rootfs are the entries that show a folder as the root, read-only: one for each
// thing in it. An empty folder becomes one of the sandbox's own, in which mount
// points can be made. Proc, sys and dev are left out. It fails where the folder
// cannot be read; bounded to 1,000 things.
func Rootfs(dir, origin string) ([]Entry, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("use %s as the root: %w", dir, err)
	}
	dir = real
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("use %s as the root: %w", dir, err)
	}
	if len(list) > 1000 {
		return nil, fmt.Errorf("use %s as the root: it holds %d files; is it a root?", dir, len(list))
	}
	var entries []Entry
	for _, e := range list {
		name, source := "/"+e.Name(), filepath.Join(dir, e.Name())
		switch {
		case name == "/proc" || name == "/sys" || name == "/dev":
		case e.Type()&os.ModeSymlink != 0:
			link, err := os.Readlink(source)
			if err != nil {
				return nil, fmt.Errorf("use %s as the root: %w", dir, err)
			}
			entries = append(entries, Symlink{Link: link, Target: name, Origin: origin})
		case e.IsDir() && isEmpty(source):
			entries = append(entries, Dir{Target: name, Origin: origin})
		default:
			entries = append(entries, Bind{Source: source, Target: name, Origin: origin})
		}
	}
	return entries, nil
}

func isEmpty(dir string) bool {
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = f.Readdirnames(1)
	return err != nil
}

package cache

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/usandbox/usandbox/internal/removal"
)

// prepare makes the folders. What an earlier sandbox has written stays, unless the
// machine was started anew since: it was never synced.
func (l *Layers) prepare(project string) error {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(project, "path"), []byte(l.project+"\n"), 0o600); err != nil {
		return err
	}
	name := filepath.Join(l.root(), "boot")
	if before, err := os.ReadFile(name); err != nil || strings.TrimSpace(string(before)) != strings.TrimSpace(string(boot)) {
		list, err := os.ReadDir(l.root())
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Name() != "lock" {
				if err := removal.All(filepath.Join(l.root(), e.Name())); err != nil {
					return err
				}
			}
		}
	}
	for _, one := range l.folders {
		dir := filepath.Join(l.root(), one.Name)
		upper, work := filepath.Join(dir, "upper"), filepath.Join(dir, "work")
		// A volatile overlay leaves a mark in its work folder, which keeps the kernel
		// from mounting it again.
		if err := removal.All(work); err != nil {
			return err
		}
		for _, folder := range []string{dir, upper, work} {
			if err := makeFolder(folder); err != nil {
				return err
			}
		}
		if err := os.Chmod(upper, one.mode()); err != nil {
			return err
		}
	}
	return os.WriteFile(name, boot, 0o600)
}

// mode are the permission bits of the cache's own folder.
func (one *layer) mode() os.FileMode {
	if info, err := os.Stat(one.lower); err == nil && one.lower != "" {
		return info.Mode().Perm() | 0o700
	}
	return 0o755
}

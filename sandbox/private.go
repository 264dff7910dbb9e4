package sandbox

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/usandbox/usandbox/internal/removal"
)

// privateFolder is the name of a new folder, in the runtime folder if that is the caller's
// alone, else in the one for temporary files. It does not exist.
func privateFolder() string {
	base := os.Getenv("XDG_RUNTIME_DIR")
	if info, err := os.Stat(base); base == "" || !filepath.IsAbs(base) || err != nil || !isOwn(info) {
		base = os.TempDir()
	}
	if real, err := filepath.EvalSymlinks(base); err == nil {
		base = real
	}
	return filepath.Join(base, "usandbox-"+rand.Text())
}

func isOwn(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.IsDir() && int(st.Uid) == os.Geteuid() && info.Mode().Perm()&0o077 == 0
}

// makePrivate makes the private folder, which must not exist, with the home and the temporary
// folder in it.
func (c *Cmd) makePrivate() error {
	n := c.Policy.NoNamespaces
	if n == nil || n.Private == "" {
		return nil
	}
	for _, name := range []string{n.Private, n.home(), n.temporary()} {
		if err := os.Mkdir(name, 0o700); err != nil {
			return fmt.Errorf("make the private folder: %w", err)
		}
		c.private = n.Private // this one is to be removed, and never one that was there
	}
	return nil
}

// removePrivate removes the private folder, whatever the command has made of it.
func (c *Cmd) removePrivate() error {
	if c.private == "" {
		return nil
	}
	return removal.All(c.private)
}

// Variables are the ones of the environment that name the folders in Private.
func (n *NoNamespaces) Variables() []string {
	if n == nil || n.Private == "" {
		return nil
	}
	return []string{"HOME=" + n.home(), "TMPDIR=" + n.temporary()}
}

func (n *NoNamespaces) home() string      { return filepath.Join(n.Private, "home") }
func (n *NoNamespaces) temporary() string { return filepath.Join(n.Private, "tmp") }

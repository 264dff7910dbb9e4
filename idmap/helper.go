package idmap

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	// helperTime is how long a helper may take. A directory service may be
	// slow, but a launch must not hang on it.
	helperTime = 10 * time.Second

	// maxOutput is how much a helper may print, in bytes.
	maxOutput = 1 << 20
)

// helperDirs are the folders that only an administrator can write to, and
// where the helpers are looked for, in this order. PATH is not: it belongs to
// whoever started us. On NixOS the set-user-id programs are in
// /run/wrappers/bin, and the files of the same names in the system folder
// after it are without the bit.
var helperDirs = []string{
	"/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin",
	"/run/wrappers/bin", "/run/current-system/sw/bin",
}

// helperEnv is all that a helper's environment holds.
var helperEnv = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LANG=C"}

// findHelper returns the absolute path of a program in one of the folders.
func findHelper(dirs []string, program string) (string, bool) {
	for _, dir := range dirs {
		path := filepath.Join(dir, program)
		st, err := os.Stat(path)
		if err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return path, true
		}
	}
	return "", false
}

// A HelperMissingError says that newuidmap or newgidmap is not installed.
type HelperMissingError struct {
	Program string
}

func (e *HelperMissingError) Error() string {
	return fmt.Sprintf("find %s: not in %s; it is in the package uidmap (Debian, Ubuntu) or shadow-utils (Fedora)",
		e.Program, strings.Join(helperDirs, ", "))
}

// runHelper runs a program, without a shell, in an environment of our own and
// with no input, and returns what it printed. The error has what it said on
// standard error, and wraps an [*exec.ExitError] if the program failed by
// itself or the error of the context if its time was up.
func runHelper(ctx context.Context, path string, args []string) (string, error) {
	var stdout, stderr boundedBuffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = helperEnv
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// Something the helper left behind may hold the pipes open.
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		said := ""
		if text := strings.TrimSpace(stderr.kept.String()); text != "" {
			said = ": " + quote(text)
		}
		return "", fmt.Errorf("run %s: %w%s", path, err, said)
	}
	if stdout.cut {
		return "", fmt.Errorf("run %s: printed more than %d bytes", path, maxOutput)
	}
	return stdout.kept.String(), nil
}

// A boundedBuffer keeps the first maxOutput bytes and takes the rest without
// complaint, so that the writer is not stopped by it. It does not embed the
// buffer, whose ReadFrom would get around the bound.
type boundedBuffer struct {
	kept bytes.Buffer
	cut  bool
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	keep := min(len(p), maxOutput-b.kept.Len())
	if keep < len(p) {
		b.cut = true
	}
	b.kept.Write(p[:keep])
	return len(p), nil
}

package escape

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// snapshot describes every file below some paths: name, mode, owner, inode,
// links, times of change, and contents.
func snapshot(t *testing.T, roots ...string) (lines []string) {
	t.Helper()
	for _, root := range roots {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			lines = append(lines, describe(name, info))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

func describe(name string, info fs.FileInfo) string {
	st := info.Sys().(*syscall.Stat_t)
	line := fmt.Sprintf("%s %v %d:%d inode %d links %d modified %v changed %v",
		name, info.Mode(), st.Uid, st.Gid, st.Ino, st.Nlink, st.Mtim, st.Ctim)
	switch {
	case info.Mode().IsRegular():
		text, err := os.ReadFile(name)
		line += fmt.Sprintf(" %x %v", sha256.Sum256(text), err)
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(name)
		line += fmt.Sprintf(" -> %s %v", to, err)
	}
	return line
}

// same fails the test if two snapshots differ.
func same(t *testing.T, before, after []string) {
	t.Helper()
	if slices.Equal(before, after) {
		return
	}
	for _, line := range before {
		if !slices.Contains(after, line) {
			t.Errorf("before: %s", line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			t.Errorf("after:  %s", line)
		}
	}
}

// hostMounts are the mounts of the test's own mount namespace.
func hostMounts(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

package testhost

import (
	"os"
	"path/filepath"
	"testing"
)

// OpenFDs is the list of this process's file descriptors and what they are.
func OpenFDs(t testing.TB) (list []string) {
	t.Helper()
	names, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if to, err := os.Readlink(name); err == nil { // the folder's own is closed
			list = append(list, filepath.Base(name)+" "+to)
		}
	}
	return list
}

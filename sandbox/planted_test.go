package sandbox

// What a host program acts on is told when it is new or changed, and nothing else.

import (
	"os"
	"slices"
	"testing"
	"time"
)

func TestPlanted(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(dir string) error
		want   []string
	}{
		{"nothing", func(string) error { return nil }, nil},
		{"other files", func(d string) error { return os.WriteFile(d+"/Makefile", nil, 0o644) }, nil},
		{"a file in a known folder", func(d string) error { return os.WriteFile(d+"/.git/index", nil, 0o644) }, nil},
		{"a new file", func(d string) error { return os.WriteFile(d+"/.env", nil, 0o644) }, []string{".env"}},
		{"a new folder", func(d string) error { return os.Mkdir(d+"/.vscode", 0o755) }, []string{".vscode"}},
		{"hooks where there were none", func(d string) error { return os.Mkdir(d+"/.git/hooks", 0o755) }, []string{".git/hooks"}},
		{"a new symlink", func(d string) error { return os.Symlink("/none", d+"/.npmrc") }, []string{".npmrc"}},
		{"written anew", func(d string) error { return os.WriteFile(d+"/.envrc", []byte("new"), 0o644) }, []string{".envrc"}},
		{"written in secret", func(d string) error {
			info, err := os.Stat(d + "/.envrc")
			if err != nil {
				return err
			}
			if err := os.WriteFile(d+"/.envrc", []byte("OLD"), 0o644); err != nil {
				return err
			}
			return os.Chtimes(d+"/.envrc", info.ModTime(), info.ModTime())
		}, []string{".envrc"}},
		{"a folder replaced", func(d string) error {
			if err := os.Rename(d+"/.git", d+"/g"); err != nil {
				return err
			}
			return os.Mkdir(d+"/.git", 0o755)
		}, []string{".git"}},
		{"a folder becomes a symlink", func(d string) error {
			if err := os.Rename(d+"/.git", d+"/g"); err != nil {
				return err
			}
			return os.Symlink("g", d+"/.git")
		}, []string{".git"}},
		{"removed", func(d string) error { return os.Remove(d + "/.envrc") }, nil},
	} {
		dir := t.TempDir()
		write(t, dir+"/.envrc", "old", 0o644)
		if err := os.Mkdir(dir+"/.git", 0o755); err != nil {
			t.Fatal(err)
		}
		watch := Watch(dir)
		time.Sleep(10 * time.Millisecond) // the clock of file times may be that coarse
		if err := c.change(dir); err != nil {
			t.Fatal(err)
		}
		if got := watch.Changes(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

package realpath

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOf(t *testing.T) {
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(base+"/real/deep/project/sub", 0o700); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"link": "real/deep", "real/deep/project/up": "../../deep"} {
		if err := os.Symlink(to, filepath.Join(base, link)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(base + "/link/project") // and $PWD with it
	for name, want := range map[string]string{
		".": "/real/deep/project", "sub": "/real/deep/project/sub", "..": "/real/deep", "../..": "/real",
		"up": "/real/deep", "up/..": "/real", "sub/../sub//.": "/real/deep/project/sub",
		base + "/link": "/real/deep", base + "/link/..": "/real",
	} {
		if got, err := Of(name); err != nil || got != base+want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, base+want)
		}
	}
	for _, name := range []string{"", "missing", base + "/missing"} {
		if got, err := Of(name); err == nil {
			t.Errorf("%q: %s", name, got)
		}
	}
}

func TestOfNew(t *testing.T) {
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(base+"/real/store", 0o700); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"link": "real", "real/last": "store", "file/x": ""} {
		if to != "" {
			err = os.Symlink(to, filepath.Join(base, link))
		} else if err = os.Mkdir(base+"/file", 0o700); err == nil {
			err = os.WriteFile(filepath.Join(base, link), nil, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"/real/store": "/real/store", "/link/store": "/real/store", "/link/last": "/real/store", "/link/last/new": "/real/store/new",
		"/link/a/b": "/real/a/b", "/new": "/new", "/link//a/../b": "/real/b",
	} {
		if got, err := OfNew(base + name); err != nil || got != base+want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, base+want)
		}
	}
	if got, err := OfNew(base + "/file/x/y"); err == nil {
		t.Errorf("below a file: %s", got)
	}
}

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

package tests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
)

// The plan of one sandbox with a little of everything, exactly. What differs from
// one machine and user to the other is replaced: the folder and the own ids.
//
// go test ./tests -run TestPlan -update writes it anew.
func TestPlan(t *testing.T) {
	readSources()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tools/bin", "work/src/deep"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"file", "work/src/deep/kept"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(filepath.Join(folder, "bin", "usandbox"), "plan", "--bare",
		"--ro", dir+"/tools:/tools:noexec", "--ro-try", dir+"/missing:/missing", "--ro-try", dir+"/file:/etc/file",
		"--rw", dir+"/work:/work", "--ro", dir+"/work/src/deep/kept:/work/src/deep/kept",
		"--tmpfs", "/tmp:size=1M,mode=1777", "--dir", "/a/b", "--symlink", "a/b:/link", "--hide", "/tools/bin",
		"--remount-ro", "/a", "--proc", "/proc:subset=pid", // the same for root: nothing of it is to be masked
		"--dev", "/dev", "--dev-bind", "/dev/null:/null",
		"--uid", "12", "--gid", "34", "--hostname", "box", "--domainname", "example", "--boottime", "24h",
		"--landlock", "best-effort:7", // whatever this kernel has
		"--cap-add", "net_bind_service", "--share", "ipc", "--chdir", "/work", "--inherit-env",
		"--", "tool", "an argument", "--flag")
	c.Env = []string{"PATH=/tools/bin:/bin", "HOME=/home/somebody", "LANG=C"}
	c.Dir = dir
	var errors bytes.Buffer
	c.Stderr = &errors
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &errors)
	}
	got := string(out)
	for _, r := range [][2]string{
		{dir, "$DIR"},
		{strings.TrimPrefix(dir, "/"), "${DIR#/}"},
		{fmt.Sprintf(`"12 %d 1\n", %d`, os.Getuid(), len(fmt.Sprintf("12 %d 1\n", os.Getuid()))), `"12 $UID 1\n", $LEN`},
		{fmt.Sprintf(`"34 %d 1\n", %d`, os.Getgid(), len(fmt.Sprintf("34 %d 1\n", os.Getgid()))), `"34 $GID 1\n", $LEN`},
	} {
		got = strings.ReplaceAll(got, r[0], r[1])
	}

	const golden = "testdata/plan.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff.Diff(golden, want, "got", []byte(got)); d != nil {
		t.Errorf("the plan is another:\n%s", d)
	}
}

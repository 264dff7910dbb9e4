package cgroups

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usandbox/usandbox/limits"
	"github.com/usandbox/usandbox/sandbox"
)

var (
	how     = os.Getenv("USANDBOX_TEST_CGROUPS")
	folder  = os.Getenv("USANDBOX_TEST_CGROUP")
	program = os.Getenv("USANDBOX_TEST_PROGRAM")
)

func TestMain(m *testing.M) {
	switch how {
	case "":
		fmt.Println("no cgroups to test with: USANDBOX_TEST_CGROUPS is not set")
		os.Exit(0)
	case "systemd", "folder", "none", "memory":
		os.Exit(m.Run())
	}
	fmt.Println("USANDBOX_TEST_CGROUPS: want systemd, folder, none or memory")
	os.Exit(1)
}

// only leaves a test to one way of having cgroups; the others have tests of their own.
func only(t *testing.T, ways ...string) {
	t.Helper()
	for _, way := range ways {
		if way == how {
			return
		}
	}
	t.Skipf("it is for %s", strings.Join(ways, ", "))
}

// limited is l, in the place that there is.
func limited(l limits.Limits) limits.Limits {
	l.Dir = folder
	return l
}

// shell is a sandbox of a shell.
func shell(ctx context.Context, l limits.Limits, script string) *sandbox.Cmd {
	c := sandbox.CommandContext(ctx, "sh", "-c", script)
	c.Policy.Limits = limited(l)
	return c
}

// run runs it to its end, and returns what happened.
func run(t *testing.T, l limits.Limits, script string) (*sandbox.Result, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := shell(ctx, l, script)
	out, err := c.CombinedOutput()
	var exit *sandbox.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v\n%s", err, out)
	}
	if c.Result().Usage == nil {
		t.Fatalf("no usage is told: %s", out)
	}
	return c.Result(), string(out)
}

// usandbox is the program with flags about the place.
func usandbox(args ...string) *exec.Cmd {
	all := []string{"run", "--no-cwd"}
	if folder != "" {
		all = append(all, "--cgroup", folder)
	}
	return exec.Command(program, append(all, args...)...)
}

// left are the cgroups, and the scopes, of sandboxes that are there.
func left(t *testing.T) []string {
	t.Helper()
	var list []string
	root := "/sys/fs/cgroup"
	filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), "usandbox-") && !strings.HasSuffix(d.Name(), ".self") {
			list = append(list, name)
		}
		return nil
	})
	if how == "systemd" {
		manager := "--user"
		if os.Getuid() == 0 {
			manager = "--system"
		}
		out, err := exec.Command("systemctl", manager, "list-units", "--all", "--no-legend", "--plain", "usandbox-*").Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(out) {
			list = append(list, string(bytes.TrimSpace(line)))
		}
	}
	return list
}

// nothingLeft waits until no cgroup is left: systemd removes its own a little later.
func nothingLeft(t *testing.T) {
	t.Helper()
	var list []string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if list = left(t); len(list) == 0 {
			return
		}
	}
	t.Errorf("left:\n%s", strings.Join(list, "\n"))
}

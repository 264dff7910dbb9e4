package bwrap

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/usandbox/usandbox/bwrap"
	"github.com/usandbox/usandbox/internal/testhost"
)

var (
	theirs, ours string // paths of the two programs
	folder       string // of an ordinary user, with what is shown in sandboxes
	uid, gid     int    // that user; -1: the tests are run by one
	minor        int    // 8 for version 0.8 of bubblewrap
)

// TestMain is the program itself, if it is run by that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "bwrap" {
		os.Exit(bwrap.Run("bwrap", os.Args[1:]))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if theirs = os.Getenv("USANDBOX_TEST_BWRAP"); theirs != "" {
	} else if theirs, err = exec.LookPath("bwrap"); err != nil {
		panic("bubblewrap, which is compared with, is not installed")
	}
	said, err := exec.Command(theirs, "--version").Output()
	if err != nil {
		panic(err)
	}
	if _, err := fmt.Sscanf(string(said), "bubblewrap 0.%d", &minor); err != nil {
		panic(fmt.Sprintf("bubblewrap's version %q: %v", said, err))
	}
	// Not in /tmp, where bubblewrap makes its base: it does not see a $PWD there.
	if folder, err = os.MkdirTemp("/var/tmp", "bwrap-test-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	uid, gid = -1, -1
	if os.Getuid() == 0 {
		u, g := testhost.User()
		uid, gid = int(u), int(g)
	}
	ours = filepath.Join(folder, "bin", "bwrap")
	if err := install(ours); err != nil {
		panic(err)
	}
	if err := chown(folder); err != nil {
		panic(err)
	}
	return m.Run()
}

// install copies the test program to where the user can execute it.
func install(name string) error {
	if err := os.Mkdir(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	from, err := os.Open(self)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return to.Close()
}

// chown gives a file or folder to the user.
func chown(name string) error {
	if err := os.Chmod(name, 0o755); err != nil {
		return err
	}
	if uid == -1 {
		return nil
	}
	return os.Chown(name, uid, gid)
}

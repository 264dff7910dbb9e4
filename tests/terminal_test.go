package tests

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// answers FILE PROGRAM [ARG ...] runs a program of ours with a terminal of its own, to which a
// line of the file is typed each time that it asks; one that begins with < at once.
// What was on the terminal stands in the standard output, behind the program's.
func answers(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) >= 2, "answers FILE PROGRAM [ARG ...]")
	master, slave := openTerminal(ts)
	defer master.Close()
	var seen bytes.Buffer
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[0])))
	more := lines.Scan()
	for ; more && strings.HasPrefix(lines.Text(), "<"); more = lines.Scan() {
		master.WriteString(lines.Text()[1:] + "\n")
	}
	cmd := exec.Command(filepath.Join(ts.Getenv("BIN"), args[1]), args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"WORK", "HOME", "PATH", "USER", "LOGNAME", "TERM", "LANG", "TMPDIR", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	cmd.ExtraFiles, cmd.SysProcAttr = []*os.File{slave}, &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	ts.Check(cmd.Start())
	slave.Close()
	buf := make([]byte, 4096)
	for {
		n, err := master.Read(buf) // EIO: the last program that had the terminal open has ended
		if n == 0 || err != nil {
			break
		}
		seen.Write(buf[:n])
		if bytes.HasSuffix(seen.Bytes(), []byte("? ")) && more {
			master.WriteString(lines.Text() + "\n")
			more = lines.Scan()
		}
	}
	err := cmd.Wait()
	ts.Stdout().Write(seen.Bytes())
	ts.Check(err)
}

// openTerminal opens a pseudo-terminal.
func openTerminal(ts *testscript.TestScript) (master, slave *os.File) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	ts.Check(err)
	ts.Check(unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	ts.Check(err)
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	ts.Check(err)
	return master, slave
}

package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// job unpacks the third disk, runs "setup" of it as root where there is one and then
// "run" as the user who has logged in, tells how it ended and turns the machine off.
func job(plain bool) error {
	line, err := os.OpenFile("/dev/ttyS1", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer powerOff()
	if t, err := unix.IoctlGetTermios(int(line.Fd()), unix.TCGETS); err == nil {
		t.Oflag &^= unix.OPOST
		t.Lflag &^= unix.ECHO
		unix.IoctlSetTermios(int(line.Fd()), unix.TCSETS, t)
	}
	code, err := runJob(line, plain)
	if err != nil {
		fmt.Fprintf(line, "vm: %v\n", err)
		code = 125
	}
	fmt.Fprintf(line, "\n%s%d\n", exitLine, code)
	unix.IoctlSetInt(int(line.Fd()), unix.TCSBRK, 1) // wait until it is written
	return nil
}

func runJob(w io.Writer, plain bool) (code int, err error) {
	if err := unpack("/dev/vdc", jobFolder); err != nil {
		return 0, err
	}
	var list []*exec.Cmd
	if _, err := os.Stat(jobFolder + "/setup"); err == nil {
		list = append(list, exec.Command(jobFolder+"/setup"))
	}
	_, err = os.Stat(filepath.Join(jobFolder, asRoot))
	switch {
	case err == nil:
		list = append(list, exec.Command(jobFolder+"/run"))
	case plain:
		cmd := exec.Command("/usr/bin/setpriv", "--reuid", userName, "--regid", userName, "--init-groups", "--reset-env", jobFolder+"/run")
		if dir, err := os.Open(delegated + "/job"); err == nil {
			defer dir.Close()
			cmd.SysProcAttr = &unix.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd()), Setsid: true}
		}
		list = append(list, cmd)
	default:
		list = append(list, exec.Command("/sbin/runuser", "-l", userName, "-c", "cd "+jobFolder+" && exec ./run"))
	}
	for _, cmd := range list {
		cmd.Dir = jobFolder
		cmd.Stdout = struct{ io.Writer }{w} // a pipe: with a terminal there were pagers
		cmd.Stderr = cmd.Stdout
		cmd.WaitDelay = 5 * time.Second // for what keeps the pipe open
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
			return 0, err
		}
		if code = cmd.ProcessState.ExitCode(); code != 0 {
			return max(code, 1), nil
		}
	}
	return 0, nil
}

// asRoot is the name of an empty file in the tar file of a job: "run" is for root, too.
const asRoot = "as-root"

// unpack makes the files of a tar archive, as the user's.
func unpack(name, dir string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	os.Lchown(dir, userID, userID)
	for in := tar.NewReader(f); ; {
		h, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack the job: %w", err)
		}
		name := filepath.Join(dir, h.Name)
		switch h.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(name, 0o755)
		case tar.TypeSymlink:
			err = os.Symlink(h.Linkname, name)
		case tar.TypeReg:
			var out *os.File
			if out, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, os.FileMode(h.Mode&0o777)); err == nil {
				_, err = io.Copy(out, in)
				err = errors.Join(err, out.Close())
			}
		}
		if err == nil {
			err = os.Lchown(name, userID, userID)
		}
		if err != nil {
			return fmt.Errorf("unpack the job: %w", err)
		}
	}
}

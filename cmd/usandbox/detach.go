package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/registry"
)

// startedPipe is where the detached process tells the one that was started by the
// user that the sandbox runs; nil in every other process.
var startedPipe *os.File

// detach executes usandbox once more, as `usandbox detached run ...` in a session of
// its own, and returns when the sandbox runs or could not be set up.
func detach(name string) int {
	r, w, err := os.Pipe()
	if err != nil {
		return fail(err)
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"detached"}, os.Args[1:]...)...)
	cmd.Args[0] = os.Args[0]
	cmd.ExtraFiles = []*os.File{w}
	cmd.Stderr = os.Stderr // for what goes wrong before it runs
	// What this process was given beside its streams is not for the one that stays.
	if err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fail(fmt.Errorf("close inherited file descriptors: %w", err))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fail(fmt.Errorf("start the supervisor: %w", err))
	}
	w.Close()
	if line, _ := bufio.NewReader(r).ReadString('\n'); line != "" {
		fmt.Println(name)
		return 0
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode()
	}
	return fail(errors.New("the supervisor ended before the sandbox ran"))
}

// detachedCommand is what detach executes.
func detachedCommand(args []string) int {
	const fd = 3
	unix.CloseOnExec(fd)
	startedPipe = os.NewFile(fd, "started")
	return dispatch(args)
}

func tellStarted() {
	fmt.Fprintln(startedPipe, "started")
	startedPipe.Close()
}

// output is the pipe from a detached sandbox to its log.
type output struct {
	write *os.File
	done  chan struct{}
}

func newOutput(e *registry.Entry) (*output, error) {
	log, err := e.NewLog()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	o := &output{w, make(chan struct{})}
	go func() {
		defer close(o.done)
		for {
			if _, err := io.Copy(log, r); err == nil {
				return
			}
			// The disk is full: the command must not wait for ever, so what it says is lost.
		}
	}()
	return o, nil
}

func (o *output) file() *os.File { return o.write }

// takeOver makes the log this process's own standard output and error, too: nobody
// reads the ones it was started with any more.
func (o *output) takeOver() {
	if null, err := unix.Open("/dev/null", unix.O_RDONLY, 0); err == nil {
		unix.Dup3(null, 0, 0)
		unix.Close(null)
	}
	unix.Dup3(int(o.write.Fd()), 1, 0)
	unix.Dup3(int(o.write.Fd()), 2, 0)
}

// end waits until all of the output is in the log; not long, for somebody else may
// have been given the pipe, and keep it.
func (o *output) end() {
	if null, err := unix.Open("/dev/null", unix.O_WRONLY, 0); err == nil {
		unix.Dup3(null, 1, 0)
		unix.Dup3(null, 2, 0)
		unix.Close(null)
	}
	o.write.Close()
	select {
	case <-o.done:
	case <-time.After(patience):
	}
}

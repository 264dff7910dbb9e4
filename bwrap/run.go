package bwrap

import (
	"errors"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/launch"
)

// manyArgs are so many that garbage would be collected; to switch that off takes a while, too.
const manyArgs = 200

// exitFailure is the code of everything that is not the command's.
const exitFailure = 1

// Run does what args say, in place of the calling process: it returns only if there is no
// sandbox to be made, or it cannot be made, and then the exit code. Name is what messages
// begin with.
func Run(name string, args []string) int {
	if len(args) == 1 && args[0] == "--version" {
		os.Stdout.WriteString(version + "\n")
		return 0
	}
	if len(args) == 0 {
		usage(os.Stderr, name)
		return exitFailure
	}
	if len(args) > manyArgs {
		debug.SetGCPercent(-1) // what maxArgs allow takes some 10 MB, and the process is soon another program
	}
	var o *Options
	say := func(level, text string) {
		if o != nil && o.LevelPrefix {
			name = level + name
		}
		os.Stderr.WriteString(name + ": " + text + "\n")
	}
	have, err := ownCaps()
	var info string
	if err == nil {
		o, info, err = Parse(args, Caller{
			Env: os.Environ(), Caps: have, Load: load,
			Warn: func(level, text string) { os.Stderr.WriteString(level + name + ": " + text + "\n") },
		})
	}
	switch {
	case err != nil:
	case info == "help":
		usage(os.Stdout, name)
		return 0
	case info == "version":
		os.Stdout.WriteString(version + "\n")
		return 0
	default:
		if err = o.exec(name); errors.Is(err, errNoCommand) {
			usage(os.Stderr, name)
			return exitFailure
		}
	}
	say("<3>", err.Error())
	return exitFailure
}

var errNoCommand = errors.New("no command")

// exec compiles the program and executes it.
func (o *Options) exec(name string) error {
	if err := o.checkAsked(); err != nil {
		return err
	}
	h := host(o.Env)
	o.UnshareUser = o.UnshareUser || h.UID != 0 && o.Userns == -1 || o.UnshareUserTry && !usernsDisabled()
	o.UnshareCgroup = o.UnshareCgroup || o.UnshareCgroupTry && h.Cgroup
	if len(o.Command) == 0 {
		return errNoCommand
	}
	if err := o.check(h.UID, h.GID); err != nil {
		return err
	}
	if o.UnshareCgroup && !h.Cgroup {
		return fail("Cannot create new cgroup namespace because the kernel does not support it")
	}
	if o.SeccompFD != -1 {
		data, err := loadFilter(o.SeccompFD, load)
		if err != nil {
			return err
		}
		o.Filters = append(o.Filters, data)
	}
	o.closeOthers()
	p, err := Compile(o, name, h)
	if err != nil {
		return err
	}
	image, err := p.Image()
	if err != nil {
		return err
	}
	return image.Exec(os.Args, nil)
}

// Compile makes the program that does what o says. Sources are looked up.
func Compile(o *Options, name string, h Host) (*launch.Program, error) {
	return compile(o, name, h)
}

// ownCaps are the capabilities that the command has if nothing is said: those of a caller
// that is root. Another caller must have none.
func ownCaps() (caps.Set, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return 0, fail("capget failed: %s", strerror(err))
	}
	if os.Getuid() == 0 {
		return caps.Set(data[0].Effective) | caps.Set(data[1].Effective)<<32, nil
	}
	if data[0].Permitted|data[1].Permitted != 0 {
		return 0, fail("Unexpected capabilities but not setuid, old file caps config?")
	}
	return 0, nil
}

// load reads all of a file descriptor and closes it. It is left as it is otherwise: it
// may be shared with others.
func load(fd int) ([]byte, error) {
	if !inherited(fd) {
		return nil, unix.EBADF
	}
	data := make([]byte, 0, 4096)
	for {
		n, err := unix.Read(fd, data[len(data):cap(data)])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return nil, err
		case n == 0:
			unix.Close(fd)
			return data, nil
		default:
			data = data[:len(data)+n]
		}
		if len(data) == cap(data) {
			data = append(make([]byte, 0, 2*cap(data)), data...)
		}
	}
}

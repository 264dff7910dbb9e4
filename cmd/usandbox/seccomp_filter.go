package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/seccomp"
	"github.com/usandbox/usandbox/seccomp/oci"
)

// filterFile is a filter of system calls that was read from a file.
type filterFile struct {
	name    string          // as it was asked for
	policy  *seccomp.Policy // nil: it was given as a program
	program seccomp.Program // of policy, or as it was given
	notes   oci.Notes
	once    bool // it cannot be read once more
	fd      bool // it was given as a file descriptor
}

// readFilter reads what --seccomp names: FILE, in the form of seccomp.ParseText;
// oci:FILE, a profile of a container's; bpf:FILE or fd:N, a program. Capabilities
// are the command's.
func readFilter(arg string, capabilities caps.Set) (*filterFile, error) {
	if number, ok := strings.CutPrefix(arg, "fd:"); ok {
		fd, err := givenFD(number)
		if err != nil {
			return nil, err
		}
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return nil, fmt.Errorf("file descriptor %d: %w", fd, err)
		}
		file := os.NewFile(uintptr(own), "file descriptor "+number)
		defer file.Close()
		f := &filterFile{name: arg, once: true, fd: true}
		return f, f.readProgram(file)
	}
	kind, name := "", arg
	for _, prefix := range []string{"oci:", "bpf:"} {
		if rest, ok := strings.CutPrefix(arg, prefix); ok {
			kind, name = prefix, rest
		}
	}
	if name == "" {
		return nil, fmt.Errorf("%q names no file", arg)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	f := &filterFile{name: arg, once: !info.Mode().IsRegular()}
	switch kind {
	case "oci:":
		return f, f.readOCI(file, capabilities)
	case "bpf:":
		return f, f.readProgram(file)
	}
	return f, f.readText(file)
}

func (f *filterFile) readProgram(file *os.File) (err error) {
	if f.program, err = seccomp.ReadProgram(file); err != nil {
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	return nil
}

func (f *filterFile) readText(file *os.File) error {
	p, err := seccomp.ParseText(file, file.Name())
	if err != nil {
		var at *seccomp.TextError
		if errors.As(err, &at) && at.Line == 1 {
			return hinted{err, "a container's profile is oci:FILE, a program of BPF bpf:FILE"}
		}
		return err
	}
	return f.compile(&p)
}

func (f *filterFile) readOCI(file *os.File, capabilities caps.Set) error {
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return os.NewSyscallError("uname", err)
	}
	kernel, err := oci.ParseKernel(unix.ByteSliceToString(uts.Release[:]))
	if err != nil {
		return err
	}
	host := oci.Host{Arch: seccomp.Native, Kernel: kernel, HasCapability: func(name string) (bool, error) {
		for c := caps.Cap(0); c < 64; c++ {
			if lower := strings.ToLower(name); lower == c.String() && strings.HasPrefix(name, "CAP_") {
				return capabilities.Has(c), nil // one that only newer kernels have, too
			}
		}
		return false, fmt.Errorf("%q is no capability; want as CAP_SYS_ADMIN", name)
	}}
	p, notes, err := oci.Parse(file, file.Name(), host)
	if err != nil {
		return err
	}
	f.notes = notes
	return f.compile(&p)
}

func (f *filterFile) compile(p *seccomp.Policy) (err error) {
	f.policy = p
	f.program, err = p.Compile()
	return err
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// parseFile reads PATH[:mode=M]=CONTENT. No message and no plan has the content.
func (f *runFlags) parseFile(arg, _ string) (mounts.Entry, error) {
	s, err := splitFile(arg)
	if err != nil {
		return nil, err
	}
	m := mounts.File{Target: s.path, Origin: "--file " + s.typed}
	if s.mode != "" {
		if m.Mode, err = parseMode(s.mode); err != nil || m.Mode > 0o777 {
			return nil, fmt.Errorf("%q is no mode: write permission bits in octal, at most 777", s.mode)
		}
	}
	m.Content, err = f.contents(s.content)
	return m, err
}

// fileSpec is an argument of --file in its parts.
type fileSpec struct {
	path    string
	typed   string // all before the content, as it was typed
	mode    string
	content string // not looked at
}

// splitFile splits PATH[:mode=M]=CONTENT. In PATH a backslash before a colon, an
// equals sign or a backslash makes it part of the path; in CONTENT there is nothing
// to escape here.
func splitFile(arg string) (s fileSpec, err error) {
	var path strings.Builder
	i := 0
	for ; i < len(arg) && arg[i] != ':' && arg[i] != '='; i++ {
		if arg[i] == '\\' && i+1 < len(arg) && strings.IndexByte(`:=\`, arg[i+1]) >= 0 {
			i++
		}
		path.WriteByte(arg[i])
	}
	s.path = path.String()
	switch {
	case i == len(arg):
		return s, errors.New("there is no content: want PATH=CONTENT, PATH=@FILE or PATH=fd:N")
	case !filepath.IsAbs(s.path):
		return s, fmt.Errorf("the destination %q is not absolute", s.path)
	case len(s.path) > maxSpec:
		return s, fmt.Errorf("the path is longer than %d bytes", maxSpec)
	case arg[i] == '=':
		s.typed, s.content = arg[:i], arg[i+1:]
		return s, nil
	}
	options := arg[i+1:]
	rest, ok := strings.CutPrefix(options, "mode=")
	if !ok {
		option, _, _ := strings.Cut(options, "=")
		return s, fmt.Errorf("unknown option %.40q (known: mode; a colon in the path is written \\:)", option)
	}
	if s.mode, s.content, ok = strings.Cut(rest, "="); !ok {
		return s, errors.New("there is no content: want PATH:mode=M=CONTENT")
	}
	s.typed = arg[:len(arg)-len(s.content)-1]
	return s, nil
}

// contents are what CONTENT means: @FILE is a file's, fd:N those of a file
// descriptor up to its end; a backslash at the start is left out, and what follows
// it stands for itself.
func (f *runFlags) contents(text string) (string, error) {
	if name, ok := strings.CutPrefix(text, "@"); ok {
		file, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer file.Close()
		info, err := file.Stat()
		if err == nil && !info.Mode().IsRegular() {
			f.consumed = "file"
		}
		return bounded(file)
	}
	if number, ok := strings.CutPrefix(text, "fd:"); ok {
		fd, err := givenFD(number)
		if err != nil {
			return "", err
		}
		f.consumed, f.descriptors = "file", "file"
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return "", fmt.Errorf("file descriptor %d: %w", fd, err)
		}
		file := os.NewFile(uintptr(own), "file descriptor "+number)
		defer file.Close()
		return bounded(file)
	}
	return strings.TrimPrefix(text, `\`), nil
}

// bounded reads a file to its end.
func bounded(file *os.File) (string, error) {
	var text strings.Builder
	n, err := io.Copy(&text, io.LimitReader(file, mounts.MaxFile+1))
	if n > mounts.MaxFile {
		return "", fmt.Errorf("%s has more than %d MiB", file.Name(), mounts.MaxFile>>20)
	}
	return text.String(), err
}

// givenFD is the number of a file descriptor that usandbox was started with.
func givenFD(text string) (int, error) {
	fd, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%.40q is no number of a file descriptor", text)
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC != 0 { // close-on-exec: it is usandbox's own
		return 0, fmt.Errorf("%d is not an open file descriptor", fd)
	}
	return int(fd), nil
}

// withoutContent is an error of the flags' parser, which would print all of an
// argument, without the content of a file.
func withoutContent(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) || invalid.GetFlag().Name != "file" {
		return err
	}
	if s, e := splitFile(invalid.GetValue()); e == nil {
		return fmt.Errorf("--file %s: %w", s.typed, invalid.Unwrap())
	}
	return flagError("file", invalid.Unwrap())
}

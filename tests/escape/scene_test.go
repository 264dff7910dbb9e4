package escape

import (
	"io"
	"os"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
)

// show adds a bind to the sandbox.
func (s *scene) show(source, target string, writable bool) {
	s.cmd.Policy.Files = append(s.cmd.Policy.Files, mounts.Bind{Source: source, Target: target, Writable: writable})
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

func setgroupsPointer(list []uint32) error {
	return call(unix.SYS_SETGROUPS, uintptr(len(list)), uintptr(unsafe.Pointer(&list[0])))
}

func pause() { time.Sleep(5 * time.Millisecond) }

func itoa(n int) string { return strconv.Itoa(n) }

// compiled starts what was compiled before f was run. It has no maps of ranges.
func (s *scene) compiled(f func()) (out string, err error) {
	s.Helper()
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = os.Stdin, os.Stdout, os.Stderr // not the null device
	program, err := s.cmd.Plan()
	s.must(err)
	image, err := program.Image()
	s.must(err)
	f()
	r, w, err := os.Pipe()
	s.must(err)
	defer r.Close()
	process, err := image.Start(&launch.Attr{Files: []*os.File{nil, w, w}})
	w.Close()
	if err != nil {
		return "", err
	}
	text, _ := io.ReadAll(r)
	_, err = process.Wait()
	return string(text), err
}

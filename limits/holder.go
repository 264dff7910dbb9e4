package limits

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// holder is a process that does nothing until it is to end, or its maker is gone.
type holder struct {
	pid  int
	life *os.File
}

// newHolder starts a holder: an image that waits for the end of a pipe.
func newHolder() (*holder, error) {
	p := launch.NewStandalone(1)
	p.Process("holder")
	p.Begin()
	p.Doing("wait for the end of the sandbox")
	p.Call(unix.SYS_READ, 0, p.Var("byte").Addr(), 8)
	p.Call(unix.SYS_EXIT_GROUP, 0)
	image, err := p.Image()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	pid, err := image.Spawn([]*os.File{r})
	if err != nil {
		w.Close()
		return nil, err
	}
	return &holder{pid, w}, nil
}

// end ends the process, and reaps it.
func (h *holder) end() {
	h.life.Close()
	for {
		if _, err := unix.Wait4(h.pid, nil, 0, nil); err != unix.EINTR {
			return
		}
	}
}

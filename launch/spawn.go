package launch

import (
	"fmt"
	"os"
)

// Spawn starts an image that needs nobody ([NewStandalone]) as a child of the caller, who is
// to wait for the process, wait4(2). The files become its file descriptors from 0 on, exactly as
// many as the program was made for; nil is closed. Its environment is empty.
func (img *Image) Spawn(files []*os.File) (pid int, err error) {
	if len(files) != img.fds {
		return 0, fmt.Errorf("BUG: launch: %d files for a program of %d", len(files), img.fds)
	}
	return img.exec(files, nil)
}

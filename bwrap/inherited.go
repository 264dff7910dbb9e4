package bwrap

import (
	"math"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// closed is a file descriptor that is never open.
const closed = math.MaxInt32

// inherited reports whether a file descriptor is the caller's: whatever survived the execve(2)
// of this program is not closed by the next, and what Go's runtime has opened since is.
func inherited(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

// closeOthers replaces descriptors that are not open by one that never is: else the number might
// be that of a pipe, or of a folder of the host, that the steps have opened for themselves.
func (o *Options) closeOthers() {
	fds := []*int{&o.Userns, &o.Userns2, &o.PIDNS, &o.SyncFD, &o.BlockFD, &o.UsernsBlock, &o.InfoFD, &o.StatusFD}
	for i := range o.Ops {
		if k := o.Ops[i].Kind; k == File || k == BindData || k == ROBindData {
			fds = append(fds, &o.Ops[i].FD)
		}
	}
	for _, fd := range fds {
		if *fd != -1 && !inherited(*fd) {
			*fd = closed
		}
	}
	for i := range o.Ops {
		if op := &o.Ops[i]; op.Kind <= DevBind && namesOther(op.Source) {
			op.Source = "/proc/self/fd/" + strconv.Itoa(closed)
		}
	}
}

// namesOther reports whether a source is named by a descriptor that is not the caller's.
func namesOther(source string) bool {
	for _, dir := range []string{"/proc/self/fd/", "/dev/fd/"} {
		if text, ok := strings.CutPrefix(source, dir); ok {
			fd, err := strconv.Atoi(text)
			return err == nil && unix.Access(source, unix.F_OK) == nil && !inherited(fd)
		}
	}
	return false
}

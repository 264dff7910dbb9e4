package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/procfs"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
)

// OverlayError says why the kernel refuses an overlay; its own word is EINVAL for
// most reasons.
type OverlayError struct {
	Overlay mounts.Overlay
	Reason  string
	Hint    string // what to do instead
	Err     error  // the *launch.StepError
}

func (e *OverlayError) Error() string { return e.Overlay.String() + ": " + e.Reason }

// Unwrap returns the failed step.
func (e *OverlayError) Unwrap() error { return e.Err }

// explain finds the reason of an error that is about one of the policy's overlays.
// It looks at the host's mounts now; any other error is returned as it is.
func (p *Policy) explain(err error) error {
	var step *launch.StepError
	if !errors.As(err, &step) || step.Call != "fsconfig" {
		return err
	}
	for _, e := range p.Files {
		if o, ok := e.(mounts.Overlay); ok && o.String() == step.Doing {
			if reason, hint := whyNoOverlay(o, step.Errno); reason != "" {
				if strings.HasPrefix(o.Origin, "--cache") {
					hint = strings.ReplaceAll(hint, "XDG_STATE_HOME", "XDG_CACHE_HOME")
				}
				return &OverlayError{o, reason, hint, err}
			}
		}
	}
	return err
}

// elsewhere is the way out where the changes cannot be kept.
const elsewhere = "keep the changes on another file system (ext4, xfs, btrfs, or tmpfs from Linux 6.6 on): XDG_STATE_HOME=DIR usandbox ..."

func whyNoOverlay(o mounts.Overlay, errno unix.Errno) (reason, hint string) {
	table := mountTable()
	for _, dir := range o.Lower {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real
		}
		if below := table.below(dir); below != "" {
			return fmt.Sprintf("%s is mounted below it, and the kernel lets nobody but who mounted it see what lies under it", below),
				"name the folders in " + dir + " that have no mount below them, one by one; or unmount " + below
		}
	}
	if o.Upper != "" {
		switch kind := table.kind(o.Upper); {
		case errno == unix.EBUSY:
			return o.Upper + " is used by another overlay", ""
		case errno == unix.ELOOP:
			return fmt.Sprintf("the layers %s and %s overlap, or there is a symlink by now", strings.Join(o.Lower, ", "), o.Upper), elsewhere
		case kind == "overlay":
			return o.Upper + " is on an overlay, and an overlay cannot write to another", elsewhere
		case remote[kind]:
			return fmt.Sprintf("%s is on %s, to which an overlay cannot write", o.Upper, kind), elsewhere
		}
	}
	for _, dir := range o.Lower {
		switch kind := table.kind(dir); {
		case kind == "overlay":
			return dir + " is an overlay itself, and they can be nested only once", "a copy of the folder elsewhere can be used"
		case remote[kind]:
			return fmt.Sprintf("%s is on %s, which the kernel does not take as a layer", dir, kind), "a copy of the folder elsewhere can be used"
		}
	}
	switch errno {
	case unix.EPERM, unix.ENODEV:
		return "this kernel has no overlays for ordinary users: Linux " + kernelRelease(), "Linux 5.11 or newer has them"
	}
	return "", ""
}

// remote are file systems of which the kernel does not take a folder as a layer, or
// not as the one that is written to.
var remote = map[string]bool{
	"nfs": true, "nfs4": true, "cifs": true, "smb3": true, "9p": true, "afs": true, "ceph": true, "vfat": true, "exfat": true, "msdos": true,
	"ecryptfs": true, "proc": true, "sysfs": true, "fuse": true, "virtiofs": true,
}

// mountList are the caller's mounts, in the order of mountinfo.
type mountList []procfs.Mountinfo

func mountTable() mountList {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	list, _ := procfs.ParseMountinfo(text)
	return list
}

// below is a mount point below dir; "" if there is none.
func (l mountList) below(dir string) string {
	for _, m := range l {
		if strings.HasPrefix(m.Point, strings.TrimSuffix(dir, "/")+"/") {
			return m.Point
		}
	}
	return ""
}

// kind is the type of the file system that a path is in.
func (l mountList) kind(path string) (kind string) {
	longest := -1
	for _, m := range l {
		if len(m.Point) >= longest && (path == m.Point || strings.HasPrefix(path, strings.TrimSuffix(m.Point, "/")+"/")) {
			longest, kind = len(m.Point), m.Type
		}
	}
	return kind
}

package bwrap

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

const (
	cloneTree    = unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC | unix.AT_RECURSIVE | unix.AT_EMPTY_PATH
	cloneNamed   = unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC | unix.AT_RECURSIVE
	setRecursive = unix.AT_RECURSIVE | unix.AT_EMPTY_PATH
	moveHere     = unix.MOVE_MOUNT_F_EMPTY_PATH | unix.MOVE_MOUNT_T_EMPTY_PATH
	moveNamed    = unix.MOVE_MOUNT_F_EMPTY_PATH
	sizeofAttr   = 32

	nosuid = unix.MOUNT_ATTR_NOSUID
	nodev  = unix.MOUNT_ATTR_NODEV
	noexec = unix.MOUNT_ATTR_NOEXEC
	ro     = unix.MOUNT_ATTR_RDONLY
)

// setAttr is a struct mount_attr, mount_setattr(2), that sets attributes.
func setAttr(name string, bits uint64) launch.Arg {
	return launch.Struct(name, append(binary.LittleEndian.AppendUint64(nil, bits), make([]byte, sizeofAttr-8)...))
}

var (
	attrBind     = setAttr("nosuid,nodev", nosuid|nodev)
	attrReadOnly = setAttr("ro,nosuid,nodev", ro|nosuid|nodev)
	attrDevices  = setAttr("nosuid", nosuid)
)

// noLinks is a struct open_how for sources: what was looked up is what is shown.
var noLinks = func() launch.Arg {
	b := binary.LittleEndian.AppendUint64(nil, unix.O_PATH|unix.O_CLOEXEC)
	b = binary.LittleEndian.AppendUint64(b, 0)
	b = binary.LittleEndian.AppendUint64(b, unix.RESOLVE_NO_SYMLINKS)
	return launch.Struct("O_PATH RESOLVE_NO_SYMLINKS", b)
}()

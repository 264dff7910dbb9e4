package mounts

import (
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Arguments of the calls, with their names for plans.
var (
	oPath        = uint64(unix.O_PATH | unix.O_CLOEXEC)
	inRoot       = how("O_PATH RESOLVE_IN_ROOT", oPath, unix.RESOLVE_IN_ROOT)
	inRootFolder = how("O_PATH|O_DIRECTORY RESOLVE_IN_ROOT", oPath|unix.O_DIRECTORY, unix.RESOLVE_IN_ROOT)
	inRootExact  = how("O_PATH RESOLVE_IN_ROOT|RESOLVE_NO_SYMLINKS", oPath, unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_SYMLINKS)
)

const (
	cloneTree    = unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC | unix.AT_RECURSIVE | unix.AT_EMPTY_PATH
	cloneNamed   = unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC | unix.AT_RECURSIVE
	setRecursive = unix.AT_RECURSIVE | unix.AT_EMPTY_PATH
	setOne       = unix.AT_EMPTY_PATH
	moveHere     = unix.MOVE_MOUNT_F_EMPTY_PATH | unix.MOVE_MOUNT_T_EMPTY_PATH
	moveNamed    = unix.MOVE_MOUNT_F_EMPTY_PATH

	sizeofHow  = 24
	sizeofAttr = 32
)

// how is a struct open_how, openat2(2). RESOLVE_IN_ROOT and RESOLVE_BENEATH
// refuse magic links of /proc as well; it is said all the same.
func how(name string, flags, resolve uint64) launch.Arg { return howMaking(name, flags, 0, resolve) }

// howMaking is how with the mode of a file that is made.
func howMaking(name string, flags, mode, resolve uint64) launch.Arg {
	le := binary.LittleEndian
	b := le.AppendUint64(nil, flags)
	b = le.AppendUint64(b, mode)
	b = le.AppendUint64(b, resolve|unix.RESOLVE_NO_MAGICLINKS)
	return launch.Struct(name, b)
}

// attributes are the ones of a mount that the sandbox may add. There is nothing
// that takes one away.
type attributes struct {
	readOnly, noExec, devices bool
	none                      bool // of a new file system: not even nosuid and nodev
}

func (a attributes) bits() (bits uint64, name string) {
	if a.none {
		return 0, "none"
	}
	bits, names := uint64(unix.MOUNT_ATTR_NOSUID), []string{"nosuid"}
	for _, x := range []struct {
		on   bool
		bit  uint64
		name string
	}{
		{a.readOnly, unix.MOUNT_ATTR_RDONLY, "ro"},
		{!a.devices, unix.MOUNT_ATTR_NODEV, "nodev"},
		{a.noExec, unix.MOUNT_ATTR_NOEXEC, "noexec"},
	} {
		if x.on {
			bits |= x.bit
			names = append(names, x.name)
		}
	}
	return bits, strings.Join(names, ",")
}

// arg is a struct mount_attr, mount_setattr(2), that sets the attributes.
func (a attributes) arg() launch.Arg {
	bits, name := a.bits()
	return setAttr(name, bits)
}

func setAttr(name string, bits uint64) launch.Arg {
	return launch.Struct(name, append(binary.LittleEndian.AppendUint64(nil, bits), make([]byte, sizeofAttr-8)...))
}

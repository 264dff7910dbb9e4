package cow

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Kind is what became of a path.
type Kind byte

// The kinds, as diff prints them.
const (
	Added    Kind = 'A'
	Modified Kind = 'M' // of the same type; Change.What says in what
	Deleted  Kind = 'D'
	Replaced Kind = 'T' // something of another type took its place
	Unknown  Kind = '?' // it cannot be looked at; Change.Conflict says why
)

// What is in what something was modified: a set of bits.
type What uint8

// The parts of What.
const (
	Content What = 1 << iota
	Mode
	Symlink // the text of a symlink
	Xattr   // user attributes and POSIX ACLs
)

// Change is one difference between the host's folder, as it is, and what the command
// saw in the end. A renamed file or symlink is two: Deleted with To, and Added with From.
type Change struct {
	Layer int    // index in Run.Layers
	Path  string // relative to Layer.Dir; "." is the folder itself
	Kind  Kind
	What  What
	Old   Info // on the host; the zero Info of what is added
	New   Info // the command's; the zero Info of what is deleted

	Xattrs   []XattrChange // what differs; of an added one, what it has
	From, To string        // of a rename, in the same layer

	// Conflict is why the change is left alone by Apply unless it is forced: the host
	// has changed meanwhile. Empty: there is none.
	Conflict string

	host  identity
	inode uint64 // in the upper folder, of a file with several names there
}

// Info is what counts of a file, folder, or something else.
type Info struct {
	Mode   uint32 // type and permission bits, st_mode of stat(2)
	Size   int64
	Mtime  Time
	Target string // the text of a symlink
}

// Type is the type bits, S_IFMT.
func (i Info) Type() uint32 { return i.Mode & unix.S_IFMT }

// XattrChange is an extended attribute that differs; nil where there is none.
type XattrChange struct {
	Name     string
	Old, New []byte
}

// identity tells a file of the host from another one, and from itself changed.
type identity struct {
	dev, ino     uint64
	mode         uint32
	size         int64
	mtime, ctime Time
	links        uint64
	gid          uint32
}

func identify(st *unix.Stat_t) identity {
	return identity{
		dev: uint64(st.Dev), ino: st.Ino, mode: st.Mode, size: st.Size, links: uint64(st.Nlink), gid: st.Gid,
		mtime: Time{st.Mtim.Sec, st.Mtim.Nsec}, ctime: Time{st.Ctim.Sec, st.Ctim.Nsec},
	}
}

// unwritten reports whether a file is still the same one with the same contents, as
// far as its times tell. Renaming it is allowed, which changes its ctime.
func (i identity) unwritten(now identity) bool {
	if i.dev != now.dev || i.ino != now.ino || (i.mode^now.mode)&unix.S_IFMT != 0 {
		return false
	}
	// A folder's size and times change with every name in it.
	return i.mode&unix.S_IFMT == unix.S_IFDIR || i.mode == now.mode && i.size == now.size && i.mtime == now.mtime
}

func info(st *unix.Stat_t) Info {
	return Info{Mode: st.Mode, Size: st.Size, Mtime: Time{st.Mtim.Sec, st.Mtim.Nsec}}
}

// After reports whether t is later than u, or may be: a whole second is what a file
// system that keeps no more (ext4 with small inodes) tells of any time in it.
func (t Time) After(u Time) bool {
	return t.Sec > u.Sec || t.Sec == u.Sec && (t.Nsec > u.Nsec || t.Nsec == 0)
}

// TypeName is a word for a type of file, for messages.
func TypeName(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "file"
	case unix.S_IFDIR:
		return "folder"
	case unix.S_IFLNK:
		return "symlink"
	case unix.S_IFIFO:
		return "FIFO"
	case unix.S_IFSOCK:
		return "socket"
	case unix.S_IFCHR, unix.S_IFBLK:
		return "device"
	}
	return fmt.Sprintf("something of type %#o", mode&unix.S_IFMT)
}

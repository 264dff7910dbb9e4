package landlock

import "strings"

// Rights is a set of what can be done with files, LANDLOCK_ACCESS_FS_*.
type Rights uint64

const (
	Execute    Rights = 1 << iota
	WriteFile         // open for writing
	ReadFile          // open for reading
	ReadDir           // list a folder
	RemoveDir         // remove or rename an empty folder in this one
	RemoveFile        // remove or rename a file in this one
	MakeChar          // make, rename or link a character device, and so on
	MakeDir
	MakeReg
	MakeSock
	MakeFifo
	MakeBlock
	MakeSym
	Refer    // rename and link between folders; ABI 2
	Truncate // truncate(2), O_TRUNC; ABI 3
	IoctlDev // ioctl(2) of a device; ABI 5
)

// Sets of rights.
const (
	// Read is all that reads.
	Read = Execute | ReadFile | ReadDir

	// Write is all that changes, but for making device nodes.
	Write = WriteFile | RemoveDir | RemoveFile | MakeDir | MakeReg | MakeSock | MakeFifo | MakeSym | Refer | Truncate

	// Devices is what is about device nodes.
	Devices = MakeChar | MakeBlock | IoctlDev

	// OfFile is all that a rule for a file can have.
	OfFile = Execute | WriteFile | ReadFile | Truncate | IoctlDev

	// all are those of ABI 5; there have been no more up to ABI 7.
	all = Read | Write | Devices
)

var rightNames = [...]string{
	"execute", "write_file", "read_file", "read_dir", "remove_dir", "remove_file", "make_char", "make_dir", "make_reg", "make_sock",
	"make_fifo", "make_block", "make_sym", "refer", "truncate", "ioctl_dev",
}

// String is the names of the rights, with a bar between them; "read" and "write" for all
// of [Read] and [Write].
func (r Rights) String() string {
	var names []string
	for _, set := range [...]struct {
		all  Rights
		name string
	}{{Read, "read"}, {Write, "write"}} {
		if r&set.all == set.all {
			names = append(names, set.name)
			r &^= set.all
		}
	}
	for i, name := range rightNames {
		if r&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "|")
}

// handled are the rights that a kernel knows.
func handled(abi int) Rights {
	switch {
	case abi >= 5:
		return all
	case abi >= 3:
		return all &^ IoctlDev
	case abi == 2:
		return all &^ (IoctlDev | Truncate)
	}
	// On ABI 1 every rename between folders is refused (EXDEV) where files are
	// restricted at all: what works without Landlock would not work with it.
	return 0
}

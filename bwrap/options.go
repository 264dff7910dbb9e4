package bwrap

import "github.com/usandbox/usandbox/caps"

// Options are the arguments of one call, read.
type Options struct {
	Ops     []Op     // what is done to the file tree, in order
	Command []string // and its arguments; empty: there is none
	Env     []string // of the command, but for PWD

	Argv0       *string // of the command; nil: its name
	Chdir       *string // nil: the caller's folder, or HOME
	LevelPrefix bool    // messages begin with their level, as <3>

	UnshareUser, UnshareUserTry     bool
	UnshareCgroup, UnshareCgroupTry bool
	UnshareIPC, UnsharePID          bool
	UnshareNet, UnshareUTS          bool
	DisableUserns, AssertDisabled   bool
	NewSession, DieWithParent       bool
	AsPID1                          bool
	NotABoundary                    bool // a mount whose attributes cannot be set is left as it is
	HostnameSet                     bool

	// File descriptors; -1: none.
	Userns, Userns2, PIDNS       int
	SyncFD, BlockFD, UsernsBlock int
	InfoFD, StatusFD, SeccompFD  int

	Filters   [][]byte // of --add-seccomp-fd, struct sock_filter each
	LockFiles []string

	UID, GID int64 // -1: the caller's

	Caps        caps.Set // what the command has
	CapsChanged bool     // by --cap-add or --cap-drop
}

// Kind is what an [Op] does.
type Kind uint8

// The kinds of operations.
const (
	Bind Kind = iota
	ROBind
	DevBind
	Overlay
	TmpOverlay
	ROOverlay
	RemountRO
	Proc
	Dev
	Tmpfs
	Mqueue
	Dir
	File
	BindData
	ROBindData
	Symlink
	Hostname
	Chmod
)

// Op is one operation on the file tree.
type Op struct {
	Kind   Kind
	Source string   // of a bind; the writable layer of an overlay; the target of a symlink
	Dest   string   // in the sandbox
	FD     int      // of File, BindData and a bind by descriptor; else -1
	Try    bool     // a missing source is no error
	Perms  int      // mode bits
	Size   uint64   // of a tmpfs in bytes; 0: the kernel's default
	Work   string   // the work folder of an overlay
	Layers []string // the lower layers of an overlay, the top first
}

// Error is a message of its own, without the program's name.
type Error struct{ Text string }

func (e *Error) Error() string { return e.Text }

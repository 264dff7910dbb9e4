package sandbox

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/landlock"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/userns"
)

// Landlock is how a sandbox uses landlock(7), below its namespaces, as a second layer:
// files can be changed only where the file tree can be written to, and no signal or
// abstract unix socket of others is reached. Its zero value is all of it that the kernel
// has. See [Cmd.LandlockNote].
type Landlock struct {
	// Mode says what it means that the kernel lacks some.
	Mode LandlockMode

	// ABI is the version of Landlock's interface that the program is compiled for, whatever
	// the running kernel has; 0: that of the running kernel. A program that then runs on an
	// older kernel runs without Landlock, or with LandlockRequired fails.
	ABI int
}

// LandlockMode says what it means that a kernel lacks something of Landlock.
type LandlockMode int

const (
	LandlockBestEffort LandlockMode = iota // what the kernel has is used
	LandlockRequired                       // there is no sandbox without all of it
	LandlockNone                           // Warning: there is no second layer
)

// LandlockError says that a sandbox would need more of Landlock than can be had.
type LandlockError struct {
	Lost []string // what: "files", "signals" and so on
	ABI  int
	Err  error // why; may be nil
}

func (e *LandlockError) Error() string {
	text := fmt.Sprintf("Landlock is required, and ABI %d cannot restrict %s", e.ABI, strings.Join(e.Lost, ", "))
	if e.ABI == 0 {
		text = "Landlock is required"
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *LandlockError) Unwrap() error { return e.Err }

func (e *LandlockError) hint() string {
	const less = "--landlock best-effort uses what there is, below namespaces that are all there"
	if e.ABI == 0 {
		return less
	}
	return "a newer kernel has it; " + less
}

// mayMount reports whether the command can have a use for mount(2): Landlock forbids that
// wherever it restricts files.
func (p *Policy) mayMount() (why string, ok bool) {
	switch {
	case p.UserNamespaces:
		return "further user namespaces are allowed", true
	case p.Capabilities.Has(unix.CAP_SYS_ADMIN):
		return "the command has CAP_SYS_ADMIN", true
	}
	return "", false
}

// landlock is what of Landlock the policy wants. Files is not nil if they are to be restricted.
func (p *Policy) landlock() landlock.Policy {
	want := landlock.Policy{Scopes: landlock.AbstractUnixSocket | landlock.Signal, Log: landlock.SubdomainsOff}
	if _, mount := p.mayMount(); !mount {
		want.Files = []landlock.Path{}
	}
	if p.NoNamespaces != nil && !p.Share.Has(userns.Network) {
		want.Bind, want.Connect = []uint16{}, []uint16{}
	}
	return want
}

// abi is the one to compile for, and why there is none. Without namespaces, where nothing
// else is left, it is never more than the running kernel's.
func (p *Policy) abi() (abi int, why error) {
	l := &p.Landlock
	switch {
	case l.Mode == LandlockNone:
		return 0, nil
	case l.ABI != 0 && p.NoNamespaces == nil:
		return l.ABI, nil
	}
	abi, why = landlock.ABI()
	if l.ABI != 0 {
		abi = min(abi, l.ABI)
	}
	return abi, why
}

// checkLandlock refuses what is required and cannot be had. It returns the ABI to compile for.
func (p *Policy) checkLandlock() (abi int, err error) {
	l := &p.Landlock
	switch {
	case l.Mode < 0 || l.Mode > LandlockNone:
		return 0, &PolicyError{"Landlock", fmt.Errorf("%d is no mode", l.Mode)}
	case l.ABI < 0 || l.ABI > landlock.Newest:
		return 0, &PolicyError{"Landlock", fmt.Errorf("ABI %d is none of 1 to %d", l.ABI, landlock.Newest)}
	}
	abi, why := p.abi()
	if err := p.needLandlock(abi, why); err != nil || l.Mode != LandlockRequired {
		return abi, err
	}
	if why, mount := p.mayMount(); mount {
		return 0, &PolicyError{"Landlock", fmt.Errorf("all of Landlock is required, and %s: where it restricts files nothing can be mounted", why)}
	}
	if _, lost := p.landlock().Downgrade(abi); len(lost) > 0 {
		return 0, &PolicyError{"Landlock", &LandlockError{names(lost), abi, why}}
	}
	return abi, nil
}

func names(lost []landlock.Lost) (list []string) {
	for _, l := range lost {
		list = append(list, l.What)
	}
	return list
}

// enterLandlock appends, in init: make the domain in which init, the command and what enters
// the sandbox later are together, and nobody else. Writable are the places of the file tree.
func enterLandlock(p *launch.Program, policy *Policy, abi int, writable []mounts.Writable, queues *launch.Var, elsewhere bool) {
	if policy.Landlock.Mode == LandlockNone {
		return
	}
	want := policy.landlock()
	if want.Files != nil {
		want.Files = append(want.Files, landlock.Path{Name: "/", Rights: landlock.Read})
		for _, w := range writable {
			want.Files = append(want.Files, landlock.Path{Name: w.Path, Rights: rights(w)})
		}
		if queues != nil {
			want.Files = append(want.Files, landlock.Path{Name: "the message queues", FD: queues, Rights: landlock.ReadFile | landlock.WriteFile})
			defer func() { p.Call(unix.SYS_CLOSE, queues).On(unix.EBADF, nil) }()
		}
		for fd := range p.FDs() {
			want.Open = append(want.Open, fd)
		}
	}
	rules, _ := want.Downgrade(abi)
	if !elsewhere && policy.Landlock.ABI == 0 {
		rules.Compile(p)
		return
	}
	var without *launch.Label
	if policy.Landlock.Mode == LandlockBestEffort {
		without = p.Label("without_landlock")
	}
	rules.CompileFor(p, without)
	if without != nil {
		p.Here(without)
	}
}

// openQueues appends, in init, before the file tree is built: open the root of the file system
// of the POSIX message queues, mq_overview(7). mq_open(3) opens files in it that no path leads
// to, so it needs a rule of its own. Nil: none is needed.
func openQueues(p *launch.Program, policy *Policy, abi int) *launch.Var {
	if rules, _ := policy.landlock().Downgrade(abi); policy.Landlock.Mode == LandlockNone || rules.HandledFiles == 0 {
		return nil
	}
	p.Doing("open the root of the message queues")
	fd, none := p.Data("queues", 8, ^uint64(0)), p.Label("no_queues")
	if policy.Share.Has(userns.IPC) {
		// Those of the caller cannot be mounted here, but they may be on the host.
		p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, "/dev/mqueue", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC).To(fd).
			On(unix.ENOENT, none).On(unix.ENOTDIR, none).On(unix.EACCES, none)
	} else {
		fs := p.Var("fs")
		p.Call(unix.SYS_FSOPEN, "mqueue", unix.FSOPEN_CLOEXEC).To(fs).On(unix.ENODEV, none)
		p.Call(unix.SYS_FSCONFIG, fs, unix.FSCONFIG_CMD_CREATE, 0, 0, 0)
		p.Call(unix.SYS_FSMOUNT, fs, unix.FSMOUNT_CLOEXEC, 0).To(fd)
		p.Close(fs)
	}
	p.Here(none)
	return fd
}

// rights are those that a place in the file tree gives, beside reading.
func rights(w mounts.Writable) landlock.Rights {
	r := landlock.Write
	if w.Devices {
		r |= landlock.Devices
	}
	if w.Fixed || w.File {
		r &= landlock.OfFile
	}
	return r
}

// LandlockNote tells in one line what of Landlock the command's sandbox uses here, and what
// it goes without.
func (c *Cmd) LandlockNote() string {
	p := &c.Policy
	if p.Landlock.Mode == LandlockNone {
		return "Landlock is not used"
	}
	abi, why := p.abi()
	if why != nil {
		return "Landlock is not used: " + why.Error()
	}
	text := fmt.Sprintf("Landlock ABI %d", abi)
	if why, mount := p.mayMount(); mount {
		text += ", without files, as " + why
	}
	if _, lost := p.landlock().Downgrade(abi); len(lost) > 0 {
		text += "; this kernel cannot restrict " + strings.Join(names(lost), ", ")
	}
	return text
}

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/landlock"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/userns"
)

// NoNamespaces is a sandbox for where user namespaces are forbidden: the command runs in the
// host's own file tree, among the host's processes, and Landlock, a filter of system calls
// and an environment of its own are all that confines it. Warning: it is weaker; see
// [Policy.NotGuaranteed].
//
// Of Landlock at least ABI 2 is needed, unless Policy.Landlock says that there is to be none.
type NoNamespaces struct {
	// Files are the places that the command may use, with all that is below. Elsewhere it
	// can neither read nor change what is in a file, nor list a folder.
	Files []HostPlace

	// Private is a folder that Start makes and Wait removes, absolute; HOME and TMPDIR are
	// folders in it, unless Cmd.Env says otherwise. Empty: there is none.
	Private string

	// Require are names of guarantees (see [Guarantees]) without which the command does not run.
	Require []string
}

// HostPlace is a path of the host, in a sandbox without namespaces.
type HostPlace struct {
	Path     string // absolute; symlinks in it are followed when the command is compiled
	Writable bool
	Devices  bool   // ioctl(2) of devices, too
	NoExec   bool   // nothing there is executed, unless it is so by a place above
	Try      bool   // a missing path is no error
	Origin   string // the flag that asks for it
}

// HostPolicy is a sandbox without namespaces for an untrusted build in dir: the system's
// folders can be read and executed, dir can be written to, all in it, and is the working directory; home
// and temporary folder are private ones. Empty: no such folder. It refuses what [BuildPolicy]
// refuses.
func HostPolicy(dir string) (Policy, error) {
	var p Policy
	n := &NoNamespaces{Private: privateFolder()}
	for _, name := range mounts.SystemFolders {
		n.Files = append(n.Files, HostPlace{Path: name, Try: true})
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		n.Files = append(n.Files, HostPlace{Path: "/dev/" + name, Writable: true, Devices: true, Try: true})
	}
	n.Files = append(n.Files, HostPlace{Path: "/proc", NoExec: true})
	p.NoNamespaces = n
	if dir == "" {
		p.Dir = "/"
		return p, nil
	}
	real, err := Project(dir)
	if err != nil {
		return p, err
	}
	n.Files = append(n.Files, HostPlace{Path: real, Writable: true})
	p.Dir = real
	return p, nil
}

// checkHost refuses what cannot be had without namespaces.
func (p *Policy) checkHost() error {
	for _, x := range []struct {
		field string
		set   bool
	}{
		{"Files", len(p.Files) > 0}, {"Propagation", p.Propagation != mounts.Private}, {"UID", p.UID != nil}, {"GID", p.GID != nil},
		{"UIDMap", len(p.UIDMap) > 0}, {"GIDMap", len(p.GIDMap) > 0}, {"As", p.As != nil}, {"Hostname", p.Hostname != ""},
		{"Domainname", p.Domainname != ""}, {"Clocks", p.Clocks != userns.Offsets{}}, {"Capabilities", p.Capabilities != caps.None},
		{"UserNamespaces", p.UserNamespaces}, {"CommandIsInit", p.CommandIsInit},
		{"Share", p.Share.Minus(userns.SetOf(userns.Network, userns.IPC)) != 0},
	} {
		if x.set {
			return &PolicyError{x.field, fmt.Errorf("%s needs namespaces, and there are to be none", x.field)}
		}
	}
	for _, f := range p.NoNamespaces.Files {
		if !filepath.IsAbs(f.Path) {
			return &PolicyError{"NoNamespaces", fmt.Errorf("the path %q is not absolute", f.Path)}
		}
	}
	if d := p.NoNamespaces.Private; d != "" && filepath.Clean(d) != d || d != "" && !filepath.IsAbs(d) {
		return &PolicyError{"NoNamespaces", fmt.Errorf("the private folder %q is not absolute", d)}
	}
	if err := p.checkHostOpenings(); err != nil {
		return err
	}
	return p.checkGuarantees()
}

// needLandlock refuses a sandbox without namespaces in which nothing would keep the command
// from any file, unless that was said.
func (p *Policy) needLandlock(abi int, why error) error {
	if p.NoNamespaces == nil || p.Landlock.Mode == LandlockNone || abi >= 2 {
		return nil
	}
	if why == nil {
		why = fmt.Errorf("its ABI is %d here, and 2 is needed for files", abi)
	}
	return &PolicyError{"Landlock", &NoFilesError{why}}
}

// NoFilesError says that without namespaces and without Landlock nothing protects files.
type NoFilesError struct{ Err error }

func (e *NoFilesError) Error() string {
	return "without namespaces Landlock alone protects files: " + e.Err.Error()
}

// Unwrap returns why Landlock cannot be had.
func (e *NoFilesError) Unwrap() error { return e.Err }

// compileHost appends a sandbox without namespaces.
func compileHost(p *launch.Program, policy *Policy, run execution) error {
	switch {
	case run.enterable || run.forUser != nil || run.takeover != nil || run.changes != nil || run.hold:
		return &PolicyError{"NoNamespaces", errors.New("without namespaces a command can neither be entered, nor be compiled to a program, nor keep its changes aside")}
	case run.terminal != nil:
		return &PolicyError{"NoNamespaces", errors.New("without namespaces a command has no terminal of its own")}
	case run.asks:
		return &PolicyError{"NoNamespaces", errors.New("without namespaces it is not reported which system calls are refused")}
	}
	abi, err := policy.checkLandlock()
	if err != nil {
		return err
	}
	within, err := policy.hostRules(abi)
	if err != nil {
		return err
	}
	filters, err := policy.filters(false)
	if err != nil {
		return err
	}
	loadLast(p, filters)
	limitLast(p, policy)
	// Around the command's own domain there is one more, of signals alone, which outer and the
	// guard are in as well: so they can kill the command, and it cannot kill them.
	around, _ := landlock.Policy{Scopes: landlock.Signal, Log: landlock.SubdomainsOff}.Downgrade(abi)
	guarded := around.Scoped != 0
	if guarded {
		// Every domain refuses renames and links between folders, of whatever it handles, unless
		// a rule allows them, LANDLOCK_ACCESS_FS_REFER.
		around.HandledFiles, around.Stepwise = landlock.Refer, true
		around.Files = []landlock.Path{{Name: "/", Rights: landlock.Refer}}
	}
	command := p.Label("command")

	p.Process("outer")
	p.OwnSession()
	run.keepAccount(p, identity{})
	p.Begin()
	beginAttributes(p, policy)
	for _, fd := range run.closed {
		p.Call(unix.SYS_CLOSE, fd).OnAny(nil)
	}
	run.awaitGroup(p)
	setAttributes(p, policy)
	noNewPrivileges(p)
	caps.EmptyBounding(p)
	caps.Keep(p, caps.None)
	around.Compile(p)
	p.Undumpable()
	p.Adopt()
	if guarded {
		p.OnlyInside()
		p.ForkGuard()
	}
	if run.gated {
		p.AwaitForked()
	}
	p.ForkCommand(command, false)
	p.SuperviseHere(guarded)

	p.Process("command")
	p.Here(command)
	p.BeginCommand()
	p.TieToOuter()
	if run.dir != "" {
		p.Doing("change to the working directory " + run.dir)
		p.Call(unix.SYS_CHDIR, run.dir)
	}
	for fd := range p.FDs() {
		within.Open = append(within.Open, fd)
	}
	rules, _ := within.Downgrade(abi)
	rules.Compile(p)
	p.Exec(run.name, run.paths, run.argv, run.env)
	return nil
}

// hostRules is what of Landlock the command's domain wants, with the rules for its places.
func (p *Policy) hostRules(abi int) (landlock.Policy, error) {
	want := p.landlock()
	want.Stepwise = true
	if want.Files == nil || abi < 2 {
		return want, nil
	}
	seen := map[string]int{}
	for _, f := range append(p.NoNamespaces.Files[:len(p.NoNamespaces.Files):len(p.NoNamespaces.Files)], p.found()...) {
		real, err := filepath.EvalSymlinks(f.Path)
		var info os.FileInfo
		if err == nil {
			info, err = os.Stat(real)
		}
		switch {
		case f.Try && (errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ENOTDIR)):
			continue
		case err != nil:
			text := "use " + f.Path + ": " + errText(err)
			if f.Origin != "" {
				text += " (from " + f.Origin + ")"
			}
			return want, &PolicyError{"NoNamespaces", errors.New(text)}
		}
		r := f.rights(info.IsDir())
		if at, ok := seen[real]; ok {
			want.Files[at].Rights |= r
			continue
		}
		seen[real] = len(want.Files)
		want.Files = append(want.Files, landlock.Path{Name: real, Rights: r})
	}
	if d := p.NoNamespaces.Private; d != "" {
		want.Files = append(want.Files, landlock.Path{Name: d, Rights: landlock.Read | landlock.Write})
	}
	return want, nil
}

// found are the places that go with what is shared.
func (p *Policy) found() (list []HostPlace) {
	if p.Share.Has(userns.Network) { // names are looked up with a file that may lie in /run
		list = append(list, HostPlace{Path: "/etc/resolv.conf", Try: true, NoExec: true})
	}
	if p.Share.Has(userns.IPC) {
		list = append(list, HostPlace{Path: "/dev/mqueue", Try: true, Writable: true}, HostPlace{Path: "/dev/shm", Try: true, Writable: true})
	}
	return list
}

func (f HostPlace) rights(folder bool) landlock.Rights {
	r := landlock.Read
	if f.NoExec {
		r &^= landlock.Execute
	}
	if f.Writable {
		r |= landlock.Write
	}
	if f.Devices {
		r |= landlock.IoctlDev
	}
	if !folder {
		r &= landlock.OfFile
	}
	return r
}

// errText is an error without the path that it names.
func errText(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return strings.TrimPrefix(err.Error(), "lstat ")
}

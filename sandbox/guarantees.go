package sandbox

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/usandbox/usandbox/userns"
)

// Guarantees are the names of what a sandbox guarantees, and one without namespaces in part:
// what is in files, what is known about files and processes and can be changed of it, the network,
// the caller's processes, its inter-process communication, what git on the host obeys in
// the current folder, and the caller's terminal.
var Guarantees = []string{"files", "metadata", "network", "processes", "ipc", "git", "terminal"}

// Loss is a guarantee that a sandbox without namespaces does not give, in whole or in part.
type Loss struct {
	Name string // of Guarantees
	What string // what can happen
}

// LostError says that a guarantee was required that cannot be given.
type LostError struct{ Losses []Loss }

func (e *LostError) Error() string {
	var parts []string
	for _, l := range e.Losses {
		parts = append(parts, l.Name+" ("+l.What+")")
	}
	return "required, and not guaranteed here without namespaces: " + strings.Join(parts, "; ")
}

// NotGuaranteed is what the policy does not guarantee on this kernel, as it has no
// namespaces; nothing for one that has. What is shared on purpose is no loss.
func (p *Policy) NotGuaranteed() (list []Loss) {
	if p.NoNamespaces == nil {
		return nil
	}
	lose := func(name, what string) { list = append(list, Loss{name, what}) }
	abi, _ := p.abi()
	switch {
	case abi < 2:
		lose("files", "all that you can read and change, the command can")
	case abi < 3:
		lose("files", "files anywhere can be cut short, truncate(2)")
	case p.Share.Has(userns.Network):
		lose("files", services)
	}
	lose("metadata", "names, sizes, modes and times of files and the arguments of processes are seen; modes, times and extended attributes of your files can be changed")
	if p.Share.Has(userns.Network) {
		lose("network", "it is shared, and with it every unix socket that has a path")
	}
	if abi >= 6 && p.Share.Has(userns.Network) {
		lose("processes", services)
	} else if abi < 6 {
		what := "they can be sent signals, and what the command leaves behind may go on"
		if abi < 1 {
			what = "they can be sent signals and be traced, their memory and environment be read, and what the command leaves behind may go on"
		}
		lose("processes", what)
	}
	if p.Share.Has(userns.IPC) {
		lose("ipc", "it is shared")
	}
	lose("terminal", "if it is a standard stream, what you type can be read, and its settings be changed")
	if p.writesFolders() || abi < 2 {
		lose("git", ".git/hooks and .git/config in a writable folder can be changed")
	}
	return list
}

// services is what a network that is shared takes with it: neither Landlock nor a filter keeps a
// command from a unix socket that has a path.
const services = "what listens on a unix socket, as container engines and service managers do, may act for the command"

// writesFolders reports whether there is a folder that can be written to: any may have a .git.
func (p *Policy) writesFolders() bool {
	return slices.ContainsFunc(p.NoNamespaces.Files, func(f HostPlace) bool {
		info, err := os.Stat(f.Path)
		return f.Writable && !f.Devices && (err != nil || info.IsDir())
	})
}

// checkGuarantees refuses a policy that does not give what it requires.
func (p *Policy) checkGuarantees() error {
	var lost []Loss
	losses := p.NotGuaranteed()
	for _, name := range p.NoNamespaces.Require {
		if !slices.Contains(Guarantees, name) {
			return &PolicyError{"NoNamespaces", fmt.Errorf("%q is not one of %s", name, strings.Join(Guarantees, ", "))}
		}
		for _, l := range losses {
			if l.Name == name {
				lost = append(lost, l)
			}
		}
	}
	if len(lost) > 0 {
		return &PolicyError{"NoNamespaces", &LostError{lost}}
	}
	return nil
}

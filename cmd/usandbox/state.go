package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/registry"
	"github.com/usandbox/usandbox/sandbox"
)

// hideState hides the folder with the state of the sandboxes that have names wherever
// the sandbox would show it: who can open the control socket of a sandbox can enter
// that one. A folder that is not there yet cannot be hidden; registry trusts nothing
// that it finds.
func hideState(p *sandbox.Policy) {
	if _, err := os.Lstat(registry.Dir()); err != nil {
		return
	}
	state, err := filepath.EvalSymlinks(registry.Dir())
	if err != nil {
		return
	}
	for _, e := range p.Files {
		bind, ok := e.(mounts.Bind)
		if !ok {
			continue
		}
		source := bind.Source
		if bind.Origin != "" { // from a flag; the profile's own have no symlinks
			if real, err := filepath.EvalSymlinks(source); err == nil {
				source = real
			}
		}
		if below, ok := within(source, state); ok {
			p.Files = append(p.Files, mounts.Hide{Target: filepath.Join(bind.Target, below)})
		}
	}
}

// within is what leads from a folder to a path below it, or to itself.
func within(dir, path string) (below string, ok bool) {
	if dir == "/" {
		return path, true
	}
	below, ok = strings.CutPrefix(path, dir)
	return below, ok && (below == "" || below[0] == '/')
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/usandbox/usandbox/cache"
	"github.com/usandbox/usandbox/cow"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/registry"
	"github.com/usandbox/usandbox/sandbox"
)

// hideState hides the folders with usandbox's own state wherever the sandbox would
// show them: that of the sandboxes that have names, as who can open the control socket
// of one can enter it, and that of copy-on-write runs, and the layers of caches. A folder that is not there yet
// cannot be hidden: who can write to the folder that it will be in can make it.
func hideState(p *sandbox.Policy) {
	states := []string{registry.Dir()}
	if runs, err := cow.Dir(); err == nil {
		states = append(states, runs)
	}
	if layers, err := cache.Dir(); err == nil {
		states = append(states, layers)
	}
	for _, state := range states {
		if _, err := os.Lstat(state); err != nil {
			continue
		}
		state, err := filepath.EvalSymlinks(state)
		if err != nil {
			continue
		}
		for _, e := range p.Files {
			var sources []string
			flag := false // the profile's own paths have no symlinks
			switch e := e.(type) {
			case mounts.Bind:
				sources, flag = []string{e.Source}, e.Origin != ""
			case mounts.Overlay:
				sources, flag = slices.Clone(e.Lower), e.Origin != ""
				if e.Upper != "" {
					sources = append(sources, e.Upper)
				}
			}
			for _, source := range sources {
				if real, err := filepath.EvalSymlinks(source); flag && err == nil {
					source = real
				}
				if below, ok := within(source, state); ok {
					p.Files = append(p.Files, mounts.Hide{Target: filepath.Join(e.Where(), below), Try: true})
				}
			}
		}
	}
}

// checkStore refuses a policy by which the command could write to usandbox's own state
// that a flag needs: what does not exist yet cannot be hidden from it.
func checkStore(p *sandbox.Policy, name string, dir func() (string, error)) error {
	store, err := dir()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(store); err == nil {
		return nil
	}
	for _, e := range p.Files {
		b, ok := e.(mounts.Bind)
		if !ok || !b.Writable {
			continue
		}
		source := b.Source
		if real, err := filepath.EvalSymlinks(source); err == nil {
			source = real
		}
		if _, ok := within(source, store); ok {
			return flagError(name, hinted{
				fmt.Errorf("%s, which the command can write to, holds %s, which cannot be hidden before it exists", b.Target, store),
				"mkdir -p -m 700 " + store,
			})
		}
	}
	return nil
}

// within is what leads from a folder to a path below it, or to itself.
func within(dir, path string) (below string, ok bool) {
	if dir == "/" {
		return path, true
	}
	below, ok = strings.CutPrefix(path, dir)
	return below, ok && (below == "" || below[0] == '/')
}

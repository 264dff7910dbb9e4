package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cache"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

// cacheFlag declares --cache.
func (f *runFlags) cacheFlag() {
	f.set.StringArrayVar(&f.caches, "cache", nil, "the caches of `TOOLS`, copy-on-write: "+strings.Join(cache.Tools(), ",")+"; a list with commas, repeatable")
}

// cacheLayers describes the layers that --cache asks for. Nil: there are none.
func (f *runFlags) cacheLayers() (*cache.Layers, error) {
	if len(f.caches) == 0 {
		return nil, nil
	}
	list := strings.Join(f.caches, ",")
	tools, err := cache.Parse(list)
	switch {
	case err != nil:
		return nil, flagError("cache", err)
	case f.as != "":
		return nil, flagError("cache", errors.New("not with --as: run usandbox as that user"))
	case len(f.mapUIDs) > 0 || len(f.mapGIDs) > 0:
		return nil, flagError("cache", errors.New("not with --map-uids or --map-gids: what the command writes would belong to ids that are not yours"))
	}
	dir, err := unix.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the current folder: %w", err)
	}
	layers, err := cache.For(dir, !f.noCwd && !f.bare, tools, "--cache "+list)
	return layers, flagError("cache", err)
}

// checkStore refuses a policy by which the command could write to layers that are not
// its own: what does not exist yet cannot be hidden from it.
func checkStore(p *sandbox.Policy) error {
	store, err := cache.Dir()
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
			return flagError("cache", hinted{
				fmt.Errorf("%s, which the command can write to, holds %s, which cannot be hidden before it exists", b.Target, store),
				"mkdir -p -m 700 " + store,
			})
		}
	}
	return nil
}

// variables are those by which tools find their caches.
func variables(l *cache.Layers) []string {
	if l == nil {
		return nil
	}
	return l.Variables()
}

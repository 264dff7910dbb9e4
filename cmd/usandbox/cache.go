package main

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cache"
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

// variables are those by which tools find their caches.
func variables(l *cache.Layers) []string {
	if l == nil {
		return nil
	}
	return l.Variables()
}

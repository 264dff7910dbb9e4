package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/usandbox/usandbox/cow"
)

// selection is the part of a run's changes that paths name: files, or folders with all
// in them.
type selection struct {
	run   *cow.Run
	paths []selectedPath
}

// selectedPath is a path in a layer.
type selectedPath struct {
	arg   string
	layer int
	path  string // "." is all of it
}

// newSelection resolves paths. A relative one begins at the current folder, if that
// lies in a folder of the run, else at the run's folder, if it has one.
func newSelection(run *cow.Run, args []string) (*selection, error) {
	s := &selection{run: run}
	here, err := os.Getwd()
	if err == nil {
		here, err = filepath.EvalSymlinks(here)
	}
	if err != nil {
		here = ""
	}
	for _, arg := range args {
		p, err := s.resolve(here, arg)
		if err != nil {
			return nil, err
		}
		s.paths = append(s.paths, p)
	}
	return s, nil
}

func (s *selection) resolve(here, arg string) (selectedPath, error) {
	if arg == "" {
		return selectedPath{}, errors.New("the path is empty")
	}
	path := filepath.Clean(arg)
	if !filepath.IsAbs(path) {
		base := ""
		for _, l := range s.run.Layers {
			if _, ok := within(l.Dir, here); ok {
				base = here
			}
		}
		if base == "" && len(s.run.Layers) > 1 {
			return selectedPath{}, fmt.Errorf("%q: the run is about several folders; give an absolute path", arg)
		}
		if base == "" {
			base = s.run.Layers[0].Dir
		}
		path = filepath.Join(base, path)
	}
	for i, l := range s.run.Layers {
		if below, ok := within(l.Dir, path); ok {
			return selectedPath{arg, i, filepath.Clean("./" + below)}, nil
		}
	}
	// The folder that it is in may have been named through a symlink.
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		real := filepath.Join(dir, filepath.Base(path))
		for i, l := range s.run.Layers {
			if below, ok := within(l.Dir, real); ok {
				return selectedPath{arg, i, filepath.Clean("./" + below)}, nil
			}
		}
	}
	return selectedPath{}, fmt.Errorf("%q is in no folder of the run %s", arg, s.run.ID)
}

func (p selectedPath) has(c *cow.Change) bool {
	if c.Layer != p.layer {
		return false
	}
	_, ok := within(p.path, c.Path)
	return ok || p.path == "."
}

func (s *selection) has(c *cow.Change) bool {
	for _, p := range s.paths {
		if p.has(c) {
			return true
		}
	}
	return false
}

// check says which path names no change. Then nothing is to be applied.
func (s *selection) check() int {
	view, changes, err := reviewed(s.run)
	if err != nil {
		return failReview(err)
	}
	defer view.Close()
next:
	for _, p := range s.paths {
		for i := range changes {
			if p.has(&changes[i]) {
				continue next
			}
		}
		return fail(fmt.Errorf("the run %s has changed nothing at %q", s.run.ID, p.arg), "usandbox diff "+s.run.ID+" lists the paths")
	}
	return 0
}

// any reports whether all paths name changes.
func (s *selection) any() bool {
	view, changes, err := reviewed(s.run)
	if err != nil {
		return false
	}
	defer view.Close()
	for i := range changes {
		if s.has(&changes[i]) {
			return true
		}
	}
	return false
}

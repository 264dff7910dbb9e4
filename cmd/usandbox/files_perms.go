package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/usandbox/usandbox/mounts"
)

// permsFlag is --perms: the permission bits of what the next flag makes.
type permsFlag struct{ flags *runFlags }

func (p permsFlag) String() string { return "" }
func (p permsFlag) Type() string   { return "MODE" }

func (p permsFlag) Set(arg string) error {
	if p.flags.perms != nil {
		return errNoPerms
	}
	mode, err := parseMode(arg)
	p.flags.perms = &mode
	return err
}

var errNoPerms = errors.New("no --dir, --file or --tmpfs follows, which it would be for")

// withPerms gives an entry the permission bits that --perms has set for it.
func (f *runFlags) withPerms(e mounts.Entry) (mounts.Entry, error) {
	if f.perms == nil {
		return e, nil
	}
	mode, given := *f.perms, uint32(0)
	f.perms = nil
	switch m := e.(type) {
	case mounts.Dir:
		m.Mode = mode
		e = m
	case mounts.File:
		given, m.Mode = m.Mode, mode
		e = m
	case mounts.Tmpfs:
		given, m.Mode = m.Mode, mode
		e = m
	default:
		return nil, flagError("perms", errNoPerms)
	}
	if given != 0 {
		return nil, errors.New("it has a mode= and a --perms")
	}
	return e, nil
}

func parseChmod(arg, origin string) (mounts.Entry, error) {
	fields := splitFields(arg)
	if len(fields) != 2 || !filepath.IsAbs(fields[0]) {
		return nil, fmt.Errorf("want PATH:MODE, with PATH absolute")
	}
	mode, err := strconv.ParseUint(fields[1], 8, 32)
	if err != nil || mode > 0o1777 {
		return nil, errMode(fields[1])
	}
	return mounts.Chmod{Target: fields[0], Mode: uint32(mode), Origin: origin}, nil
}

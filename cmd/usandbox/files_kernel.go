package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/usandbox/usandbox/mounts"
)

func parseProc(arg, origin string) (mounts.Entry, error) {
	s, err := parseDestination(arg, "subset", "hidepid")
	if err != nil {
		return nil, err
	}
	m := mounts.Proc{Target: s.fields[0], Origin: origin}
	if v, ok := s.options["subset"]; ok {
		if v != "pid" {
			return nil, fmt.Errorf("subset: %q is unknown (known: pid)", v)
		}
		m.SubsetPID = true
	}
	m.Masked = os.Geteuid() == 0 && !m.SubsetPID // else there is nothing to mask
	if v, ok := s.options["hidepid"]; ok {
		if m.HidePID, ok = hidePID(v); !ok {
			return nil, fmt.Errorf("hidepid: %q is unknown (known: off, noaccess, invisible, ptraceable, and their numbers)", v)
		}
	}
	return m, nil
}

// hidePID is the name of a value of hidepid, which proc(5) also has as a number.
func hidePID(text string) (name string, ok bool) {
	switch text {
	case "0", "off":
		return "off", true
	case "1", "noaccess":
		return "noaccess", true
	case "2", "invisible":
		return "invisible", true
	case "4", "ptraceable":
		return "ptraceable", true
	}
	return "", false
}

func parseCgroupfs(arg, origin string) (mounts.Entry, error) {
	s, err := parseDestination(arg, "rw")
	if err != nil {
		return nil, err
	}
	m := mounts.Cgroupfs{Target: s.fields[0], Origin: origin}
	m.Writable, err = s.flag("rw")
	return m, err
}

// parseDestination splits DST[:OPTIONS].
func parseDestination(arg string, allowed ...string) (spec, error) {
	s, err := parseSpec(arg, 1, allowed...)
	if err == nil && !filepath.IsAbs(s.fields[0]) {
		err = fmt.Errorf("the destination %q is not absolute", s.fields[0])
	}
	return s, err
}

package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/usandbox/usandbox/mounts"
)

// parseOverlay reads SRC[:DST][:lower=DIR,upper=DIR,work=DIR,ro,noexec].
func parseOverlay(arg, origin string) (mounts.Entry, error) {
	arg, lower := cutLayers(arg)
	s, err := parseSpec(arg, 2, "upper", "work", "ro", "noexec")
	if err != nil {
		return nil, err
	}
	o := mounts.Overlay{Origin: origin}
	source, target, err := s.sourceTarget()
	if err != nil {
		return nil, err
	}
	o.Target = target
	for _, dir := range append([]string{source}, lower...) {
		if dir, err = filepath.Abs(dir); err != nil {
			return nil, err
		}
		o.Lower = append(o.Lower, dir)
	}
	for name, to := range map[string]*string{"upper": &o.Upper, "work": &o.Work} {
		if dir, ok := s.options[name]; ok {
			if *to, err = filepath.Abs(dir); err == nil {
				_, err = os.Stat(*to)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	if o.ReadOnly, err = s.flag("ro"); err != nil {
		return nil, err
	}
	o.NoExec, err = s.flag("noexec")
	return o, err
}

// cutLayers takes the options lower=DIR, of which there may be several, out of the
// last field of a spec.
func cutLayers(arg string) (rest string, lower []string) {
	colon := strings.LastIndexByte(arg, ':')
	if colon < 0 || strings.HasSuffix(arg[:colon], `\`) {
		return arg, nil
	}
	var others []string
	for _, o := range strings.Split(arg[colon+1:], ",") {
		if dir, ok := strings.CutPrefix(o, "lower="); ok && dir != "" {
			lower = append(lower, dir)
		} else {
			others = append(others, o)
		}
	}
	if len(lower) > 0 && len(others) == 0 {
		return arg[:colon], lower
	}
	return arg[:colon+1] + strings.Join(others, ","), lower
}

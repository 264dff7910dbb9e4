package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/usandbox/usandbox/landlock"
	"github.com/usandbox/usandbox/sandbox"
)

// setLandlock reads MODE[:ABI].
func (f *runFlags) setLandlock(p *sandbox.Policy) error {
	mode, version, numbered := strings.Cut(f.landlock, ":")
	switch mode {
	case "best-effort":
		p.Landlock.Mode = sandbox.LandlockBestEffort
	case "require":
		p.Landlock.Mode = sandbox.LandlockRequired
	case "none":
		p.Landlock.Mode = sandbox.LandlockNone
	default:
		return fmt.Errorf("%q is not one of best-effort, require, none", mode)
	}
	if !numbered {
		return nil
	}
	abi, err := strconv.Atoi(version)
	if err != nil || abi < 1 || abi > landlock.Newest || mode == "none" || strconv.Itoa(abi) != version {
		return fmt.Errorf("%q: want best-effort:N or require:N, N from 1 to %d", f.landlock, landlock.Newest)
	}
	p.Landlock.ABI = abi
	return nil
}

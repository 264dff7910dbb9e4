package oci

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/usandbox/usandbox/seccomp"
)

// Host is what a profile's entries may depend on.
type Host struct {
	// Arch is the machine's architecture.
	Arch seccomp.Arch

	// HasCapability reports whether the command has the capability of that name, as
	// CAP_SYS_ADMIN. An error: there is no such capability. Nil: it has none.
	HasCapability func(name string) (bool, error)

	// Kernel is the running kernel's version, as 6, 12.
	Kernel [2]int
}

// ParseKernel reads the version at the start of a release, as uname(2) tells it.
func ParseKernel(release string) (v [2]int, err error) {
	major, rest, ok := strings.Cut(release, ".")
	if i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		rest = rest[:i]
	}
	if ok {
		if v[0], err = number(major); err == nil {
			v[1], err = number(rest)
		}
	}
	if !ok || err != nil {
		return v, fmt.Errorf("%q is no version of a kernel; want as 5.8", release)
	}
	return v, nil
}

func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err
}

// goArch is the name of the machine's architecture in includes and excludes.
func (h *Host) goArch() string {
	if h.Arch == seccomp.ARM64 {
		return "arm64"
	}
	return "amd64"
}

// applies reports whether an entry counts.
func (h *Host) applies(e *entry) (bool, error) {
	in, out := &e.Includes, &e.Excludes
	switch at, err := h.atLeast(in.MinKernel); {
	case err != nil:
		return false, err
	case in.MinKernel != "" && !at:
		return false, nil
	}
	switch at, err := h.atLeast(out.MinKernel); {
	case err != nil:
		return false, err
	case out.MinKernel != "" && at:
		return false, nil
	}
	all, _, err := h.capabilities(in.Caps)
	if err != nil {
		return false, err
	}
	_, some, err := h.capabilities(out.Caps)
	if err != nil {
		return false, err
	}
	return all && !some && (len(in.Arches) == 0 || h.among(in.Arches)) && !h.among(out.Arches), nil
}

func (h *Host) among(arches []string) bool {
	for _, a := range arches {
		if a == h.goArch() {
			return true
		}
	}
	return false
}

// capabilities reports whether the command has all of the named ones, and whether it
// has some.
func (h *Host) capabilities(names []string) (all, some bool, err error) {
	all = true
	for _, name := range names {
		has := false
		if h.HasCapability != nil {
			if has, err = h.HasCapability(name); err != nil {
				return false, false, err
			}
		}
		all, some = all && has, some || has
	}
	return all, some, nil
}

// atLeast reports whether the kernel is that version or newer.
func (h *Host) atLeast(version string) (bool, error) {
	if version == "" {
		return false, nil
	}
	want, err := ParseKernel(version)
	if err != nil {
		return false, err
	}
	return h.Kernel[0] > want[0] || h.Kernel[0] == want[0] && h.Kernel[1] >= want[1], nil
}

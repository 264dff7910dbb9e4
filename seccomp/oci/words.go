package oci

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/seccomp"
)

// arches finds the architectures of the policy. Those of other machines are passed
// over.
func (c *converter) arches(p *profile) error {
	named := p.Architectures
	for _, f := range p.ArchMap {
		own, known := archOf(f.Arch, c.host.Arch)
		if known && own == c.host.Arch {
			named = append(named, f.SubArch...)
		}
	}
	c.policy.Arches = []seccomp.Arch{c.host.Arch}
	for _, name := range named {
		arch, known := archOf(name, c.host.Arch)
		if known && sameMachine(arch, c.host.Arch) && !slices.Contains(c.policy.Arches, arch) {
			c.policy.Arches = append(c.policy.Arches, arch)
		}
	}
	for _, name := range named {
		if !strings.HasPrefix(name, "SCMP_ARCH_") {
			return fmt.Errorf("%q is no architecture; want as SCMP_ARCH_X86_64", name)
		}
	}
	return nil
}

// archOf is the architecture of that name. Not known: none that usandbox runs on.
func archOf(name string, native seccomp.Arch) (arch seccomp.Arch, known bool) {
	switch name {
	case "SCMP_ARCH_X86_64":
		return seccomp.AMD64, true
	case "SCMP_ARCH_X86":
		return seccomp.I386, true
	case "SCMP_ARCH_X32":
		return seccomp.X32, true
	case "SCMP_ARCH_AARCH64":
		return seccomp.ARM64, true
	case "SCMP_ARCH_ARM":
		return seccomp.ARM, true
	case "SCMP_ARCH_NATIVE":
		return native, true
	}
	return 0, false
}

func sameMachine(a, b seccomp.Arch) bool { return (a >= seccomp.ARM64) == (b >= seccomp.ARM64) }

// action is an action of a profile.
func action(name string, errnoRet *uint) (seccomp.Action, error) {
	data := uint(unix.EPERM)
	if errnoRet != nil {
		data = *errnoRet
	}
	if data > 4095 {
		return seccomp.Action{}, fmt.Errorf("errnoRet %d: want at most 4095", data)
	}
	kind := seccomp.KillProcess
	switch name {
	case "SCMP_ACT_ERRNO":
		return seccomp.Action{Kind: seccomp.Errno, Data: uint16(data)}, nil
	case "SCMP_ACT_TRACE":
		return seccomp.Action{Kind: seccomp.Trace, Data: uint16(data)}, nil
	case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD":
		kind = seccomp.KillThread
	case "SCMP_ACT_KILL_PROCESS":
	case "SCMP_ACT_TRAP":
		kind = seccomp.Trap
	case "SCMP_ACT_ALLOW":
		kind = seccomp.Allow
	case "SCMP_ACT_LOG":
		kind = seccomp.Log
	case "SCMP_ACT_NOTIFY":
		return seccomp.Action{}, fmt.Errorf("%s: there is nobody here to answer notifications", name)
	default:
		return seccomp.Action{}, fmt.Errorf("%q is no action; want as SCMP_ACT_ERRNO", name)
	}
	if errnoRet != nil && kind != seccomp.Allow && kind != seccomp.Log && *errnoRet != 0 {
		return seccomp.Action{}, fmt.Errorf("errnoRet with %s, which returns none", name)
	}
	return seccomp.Action{Kind: kind}, nil
}

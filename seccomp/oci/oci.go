package oci

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/seccomp"
)

// Notes say what in a profile has no effect.
type Notes struct {
	// UnknownCalls are names that the table of system calls does not have: a newer
	// kernel's, or another architecture's. As for runc, there is no rule about them;
	// such a number gets [seccomp.Policy.Unknown].
	UnknownCalls []string

	// Flags are flags of seccomp(2) that are not passed on.
	Flags []string
}

// Parse reads a profile. File is what errors and [seccomp.Rule.Origin] call it.
//
// Of a call with an unconditional rule, the first such decides, wherever it stands;
// otherwise the first rule that fits. (libseccomp sorts conditional rules in an order of
// its own, which matters only if several fit and differ.) The machine's own architecture
// is always one of the policy's, as in libseccomp; calls of one that is not named kill
// the process. A number that the table does not know gets the default action if that
// refuses, and ENOSYS if it would let the call through.
func Parse(r io.Reader, file string, host Host) (seccomp.Policy, Notes, error) {
	profile, err := decode(r)
	if err == nil {
		err = profile.check()
	}
	c := converter{host: host, file: file}
	if err == nil {
		err = c.convert(profile)
	}
	if err != nil {
		return seccomp.Policy{}, Notes{}, fmt.Errorf("%s: %w", file, err)
	}
	slices.Sort(c.notes.UnknownCalls)
	c.notes.UnknownCalls = slices.Compact(c.notes.UnknownCalls)
	return c.policy, c.notes, nil
}

// check refuses what needs somebody beside the filter.
func (p *profile) check() error {
	switch {
	case p.ListenerPath != "" || p.ListenerMetadata != "":
		return errors.New("listenerPath: there is nobody here to answer notifications")
	case p.DefaultAction == "":
		return errors.New("defaultAction is missing")
	case len(p.Architectures) > 0 && len(p.ArchMap) > 0:
		return errors.New("architectures and archMap exclude each other")
	}
	return nil
}

// converter makes a policy of a profile.
type converter struct {
	host   Host
	file   string
	policy seccomp.Policy
	notes  Notes
}

func (c *converter) convert(p *profile) (err error) {
	if c.policy.Default, err = action(p.DefaultAction, p.DefaultErrnoRet); err != nil {
		return fmt.Errorf("defaultAction: %w", err)
	}
	c.policy.Unknown = unknown(c.policy.Default)
	for _, f := range p.Flags {
		switch f {
		case "SECCOMP_FILTER_FLAG_TSYNC": // there is one thread
		case "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV":
			c.notes.Flags = append(c.notes.Flags, f)
		default:
			return fmt.Errorf("flags: %q is no flag of seccomp(2) that is known here", f)
		}
	}
	if err := c.arches(p); err != nil {
		return err
	}
	var rules ruleSet
	for i := range p.Syscalls {
		if err := c.entry(&rules, &p.Syscalls[i], i); err != nil {
			return fmt.Errorf("syscalls[%d]: %w", i, err)
		}
	}
	c.policy.Rules = rules.effective()
	return nil
}

// unknown is what a number gets that the table does not know.
func unknown(def seccomp.Action) seccomp.Action {
	switch def.Kind {
	case seccomp.KillProcess, seccomp.KillThread, seccomp.Trap:
		return def
	}
	return seccomp.Action{Kind: seccomp.Errno, Data: uint16(unix.ENOSYS)} // as runc has it for a default errno
}

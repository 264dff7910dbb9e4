package sandbox

import (
	"errors"
	"fmt"
	"os"

	"github.com/usandbox/usandbox/attrs"
	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/limits"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/userns"
)

// Policy is what a sandbox is. Its zero value is the strictest: an empty, read-only
// file tree, all namespaces its own, no network but a loopback interface, the
// caller's own ids and no others, no capability, no further user namespaces, and the
// default filter of system calls.
//
// It is a plain value: copy it, change the copy, use it for many commands.
type Policy struct {
	// Files are what is in the file tree, in order: a later entry lies over an
	// earlier one. In a file tree without a proc much software does not run.
	Files []mounts.Entry

	// Propagation is what mounts elsewhere do to those of the file tree, and these to
	// others. Warning: with mounts.Slave, what is mounted on the host later comes in as
	// the host has it.
	Propagation mounts.Propagation

	// Dir is the working directory in the sandbox; empty: the root.
	Dir string

	// GitNotShown is what [Policy.WithWritable] tells of a git folder that lies
	// outside of Dir and that it left out. It has no effect.
	GitNotShown *GitError

	// UID and GID are the ids that the command sees itself as; nil: the caller's
	// own. With id maps they have to be mapped; nil is then 0 if that is mapped,
	// else the first id inside.
	UID, GID *uint32

	// UIDMap and GIDMap map ranges of ids, installed by newuidmap(1) and
	// newgidmap(1) within what /etc/subuid and /etc/subgid delegate to the caller.
	// Empty: one id, the caller's, is mapped.
	UIDMap, GIDMap idmap.Map

	// As is who the sandbox is outside, for a caller that is root. Nil: the caller.
	As *Credential

	// Share are the kinds of namespaces that are not the sandbox's own, of
	// network, IPC, UTS and cgroup. Warning: each is a door.
	Share userns.Set

	// Network is what can be reached from the sandbox's own network namespace. Zero: nothing.
	Network network.Policy

	// Hostname and Domainname are set in the sandbox's own UTS namespace. Empty:
	// those of the caller.
	Hostname, Domainname string

	// Clocks offsets the monotonic and boot-time clocks. Not zero: a time
	// namespace is made.
	Clocks userns.Offsets

	// Capabilities are what the command has, in the sandbox's user namespace, in
	// all five sets. Warning: they open much of the kernel to it.
	Capabilities caps.Set

	// UserNamespaces allows the command to make further user namespaces.
	// Warning: it has every capability in one that it made.
	UserNamespaces bool

	// Landlock is a second layer, below the namespaces. Its zero value is all of it that the
	// kernel has.
	Landlock Landlock

	// Seccomp is which system calls the command may make. Zero: the default filter.
	Seccomp Seccomp

	// NoNamespaces, if it is not nil, is a sandbox without any namespace, and without what
	// needs one: most other fields have to be zero. Warning: it is a weaker one.
	NoNamespaces *NoNamespaces

	// CommandIsInit makes the command PID 1: it has to reap what is orphaned in
	// its PID namespace, and signals that it does not handle are not delivered.
	CommandIsInit bool

	// CoreDumps leaves the limit of core dumps as the caller has it, core(5). Else no
	// core dump is made of a command that crashes, unless it asks for one itself.
	CoreDumps bool

	// DenyWriteExec denies memory that becomes executable, PR_SET_MDWE(2const). Much that
	// compiles while it runs does not run. Linux 6.3.
	DenyWriteExec bool

	// Umask is the command's file mode creation mask, umask(2); nil: the caller's.
	Umask *uint32

	// OOMScoreAdj says how soon the sandbox is killed when memory is short, from -1000 to
	// 1000, proc_pid_oom_score_adj(5); nil: as the caller. Only root can lower it below
	// what root has set.
	OOMScoreAdj *int

	// Limits are what all processes of the sandbox together may use of the machine. Zero: no
	// limit, and no cgroup of its own.
	Limits limits.Limits

	// Personality is the command's execution domain, personality(2); nil: the caller's.
	// Warning: some of its flags take defences of the kernel away.
	Personality *attrs.Personality

	Allowance
}

// Credential is a user and a group id outside of the sandbox.
type Credential struct {
	UID, GID uint32
}

// ID is a pointer to an id, for the fields of [Policy].
func ID(id uint32) *uint32 { return &id }

// PolicyError says which part of a policy cannot be had, before anything was done.
type PolicyError struct {
	Field string // of Policy
	Err   error
}

func (e *PolicyError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *PolicyError) Unwrap() error { return e.Err }

// shareable are the kinds of namespaces that a sandbox can do without.
var shareable = userns.SetOf(userns.Network, userns.IPC, userns.UTS, userns.Cgroup)

// maxHostName is __NEW_UTS_LEN, uname(2).
const maxHostName = 64

// check refuses what is wrong in itself.
func (p *Policy) check() error {
	fail := func(field, format string, args ...any) error {
		return &PolicyError{field, fmt.Errorf(format, args...)}
	}
	switch {
	case p.Share.Minus(shareable) != 0:
		return fail("Share", "a sandbox never shares its %v namespace", p.Share.Minus(shareable))
	case p.Share.Has(userns.UTS) && (p.Hostname != "" || p.Domainname != ""):
		return fail("Hostname", "a host or domain name needs a UTS namespace of the sandbox's own")
	case len(p.Hostname) > maxHostName || len(p.Domainname) > maxHostName:
		return fail("Hostname", "a host or domain name has at most %d bytes", maxHostName)
	case p.As != nil && os.Geteuid() != 0:
		return fail("As", "only root can give the sandbox another user outside")
	case p.As != nil && (p.As.UID == noID || p.As.GID == noID):
		return fail("As", "4294967295 is no id")
	case p.Umask != nil && *p.Umask > 0o777:
		return fail("Umask", "%#o is no umask: it is at most 0777", *p.Umask)
	case p.OOMScoreAdj != nil && (*p.OOMScoreAdj < attrs.MinOOMScoreAdj || *p.OOMScoreAdj > attrs.MaxOOMScoreAdj):
		return fail("OOMScoreAdj", "%d is not between %d and %d", *p.OOMScoreAdj, attrs.MinOOMScoreAdj, attrs.MaxOOMScoreAdj)
	case p.Personality != nil && *p.Personality == 1<<32-1:
		return fail("Personality", "0xffffffff is no personality, but a question")
	}
	if err := p.checkLimits(); err != nil {
		return err
	}
	if len(p.UIDMap) > 0 {
		if err := p.UIDMap.Validate(); err != nil {
			return &PolicyError{"UIDMap", err}
		}
	}
	if len(p.GIDMap) > 0 {
		if err := p.GIDMap.Validate(); err != nil {
			return &PolicyError{"GIDMap", err}
		}
	}
	if err := p.checkAllowance(); err != nil {
		return err
	}
	if err := p.checkNetwork(); err != nil {
		return &PolicyError{"Network", err}
	}
	if p.NoNamespaces != nil {
		return p.checkHost()
	}
	return p.checkFiles()
}

// noID is (uid_t)-1.
const noID = 1<<32 - 1

// identity is who the sandbox is, with every default filled in.
type identity struct {
	outer      Credential // outside
	uid, gid   uint32     // inside
	uidMap     idmap.Map
	gidMap     idmap.Map
	mapUIDs    bool // by newuidmap, not by the process itself
	mapGIDs    bool
	dropGroups bool
}

// changes reports whether the process has to change its ids after they are mapped.
func (id identity) changes() bool { return id.mapUIDs || id.mapGIDs }

func (p *Policy) identity() (identity, error) {
	id := identity{outer: Credential{uint32(os.Geteuid()), uint32(os.Getegid())}}
	if p.As != nil {
		id.outer = *p.As
	}
	var err error
	id.uidMap, id.uid, id.mapUIDs, err = mapping(p.UIDMap, p.UID, id.outer.UID)
	if err != nil {
		return id, &PolicyError{"UID", fmt.Errorf("user id %w", err)}
	}
	id.gidMap, id.gid, id.mapGIDs, err = mapping(p.GIDMap, p.GID, id.outer.GID)
	if err != nil {
		return id, &PolicyError{"GID", fmt.Errorf("group id %w", err)}
	}
	// newgidmap leaves setgroups allowed only where a delegated id is mapped.
	id.dropGroups = id.mapGIDs && (len(id.gidMap) > 1 || id.gidMap[0].Count > 1 || id.gidMap[0].Outside != id.outer.GID)
	return id, nil
}

func mapping(ranges idmap.Map, inside *uint32, own uint32) (m idmap.Map, id uint32, ranged bool, err error) {
	if len(ranges) == 0 {
		id = own
		if inside != nil {
			id = *inside
		}
		if id == noID {
			return nil, 0, false, errors.New("4294967295 is no id")
		}
		return idmap.One(id, own), id, false, nil
	}
	switch _, zero := ranges.ToOutside(0); {
	case inside != nil:
		id = *inside
	case !zero:
		id = ranges[0].Inside
	}
	if _, ok := ranges.ToOutside(id); !ok {
		return nil, 0, false, fmt.Errorf("%d is not in the map %v", id, ranges)
	}
	return ranges, id, true, nil
}

// IDs are the user and group id that the command sees itself as.
func (c *Cmd) IDs() (uid, gid uint32) {
	id, err := c.Policy.identity()
	if err != nil {
		return 0, 0 // Start has said why
	}
	return id.uid, id.gid
}

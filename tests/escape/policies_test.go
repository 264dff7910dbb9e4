package escape

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/internal/testhost"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

// Names of the policies that attacks are tried under.
const (
	build   = "build"    // BuildPolicy
	asRoot  = "root-ids" // and the command is root in its own eyes
	ranges  = "ranges"   // and has a range of ids
	allCaps = "caps"     // and every capability
	nested  = "userns"   // and may make further user namespaces
	other   = "as"       // for root: another user outside

	bare       = "nofilter" // build, without the default filter of system calls
	bubblewrap = "bwrap"    // build, by bubblewrap; only in TestPeer

	host = "host" // HostPolicy: no namespaces; only for attacks that name it

	entering     = "enter"          // build, and the attack enters by Cmd.Enter
	enteringRoot = "enter-root-ids" // root-ids, likewise
)

// variant is a policy that attacks are tried under.
type variant struct {
	name   string
	change func(t *testing.T, p *sandbox.Policy) bool // of that for builds; false: it cannot be had by this user
	enters bool                                       // the attack enters a sandbox that is held
	named  bool                                       // only attacks that name it are tried
	flags  string                                     // those of the command line, for the documentation
}

var policies = []variant{
	{name: build, change: func(*testing.T, *sandbox.Policy) bool { return true }},
	{name: asRoot, change: withRootIDs},
	{name: ranges, change: withRanges},
	{name: entering, change: func(*testing.T, *sandbox.Policy) bool { return true }, enters: true},
	{name: enteringRoot, change: withRootIDs, enters: true},
	{name: bubblewrap, named: true, change: func(*testing.T, *sandbox.Policy) bool { return os.Getenv(peerVariable) != "" }},
	{name: allCaps, flags: "--cap-add all", change: func(t *testing.T, p *sandbox.Policy) (ok bool) {
		all, err := caps.All()
		if err != nil {
			t.Fatal(err)
		}
		p.Capabilities = all
		return true
	}},
	{name: nested, change: func(_ *testing.T, p *sandbox.Policy) bool {
		p.UserNamespaces = true
		return true
	}},
	{name: other, change: func(_ *testing.T, p *sandbox.Policy) bool {
		uid, gid := testhost.User()
		p.As = &sandbox.Credential{UID: uid, GID: gid}
		return os.Getuid() == 0
	}},
	{name: host, named: true, flags: "--no-namespaces", change: func(*testing.T, *sandbox.Policy) bool { return true }},
	{name: bare, flags: "--seccomp none", change: func(_ *testing.T, p *sandbox.Policy) bool {
		p.Seccomp.Off = true
		return true
	}},
}

func withRootIDs(_ *testing.T, p *sandbox.Policy) bool {
	p.UID, p.GID = sandbox.ID(0), sandbox.ID(0)
	return true
}

// variantOf is the policy of that name.
func variantOf(name string) *variant {
	i := slices.IndexFunc(policies, func(v variant) bool { return v.name == name })
	if i < 0 {
		panic("BUG: no policy " + name)
	}
	return &policies[i]
}

// closed are the policies of whose filter nothing is opened.
var closed = []string{build, asRoot, ranges, entering, enteringRoot, other}

// withRanges maps the user's subordinate ids; for root, some that need not be
// delegated.
func withRanges(t *testing.T, p *sandbox.Policy) bool {
	if os.Getuid() == 0 {
		some := []idmap.SubRange{{Start: 100000, Count: 65536}}
		p.UIDMap, p.GIDMap = idmap.Auto(0, some), idmap.Auto(0, some)
		return true
	}
	var err error
	if p.UIDMap, err = sandbox.AutoMap(idmap.UID); err == nil {
		p.GIDMap, err = sandbox.AutoMap(idmap.GID)
	}
	var none *sandbox.NoneDelegatedError
	if errors.As(err, &none) {
		t.Skip("skip: no subordinate ids are delegated to this user")
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}

// policy is the one of that name for the folder dir, with the attack program.
func policy(t *testing.T, name, dir string) (p sandbox.Policy, ok bool) {
	if name == host {
		if p, err := sandbox.HostPolicy(dir); err == nil {
			p.NoNamespaces.Files = append(p.NoNamespaces.Files, sandbox.HostPlace{Path: program})
			return p, true
		}
	}
	p, err := sandbox.BuildPolicy(dir)
	if err != nil {
		t.Fatal(err)
	}
	p.Files = append(p.Files, mounts.Bind{Source: program, Target: "/attack"})
	return p, variantOf(name).change(t, &p)
}

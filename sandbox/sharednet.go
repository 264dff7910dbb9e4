package sandbox

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/usandbox/usandbox/landlock"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/userns"
)

// WithHostNetwork is the policy with the caller's network in place of one of its own.
// Names are found as the caller finds them: where /etc/resolv.conf, of resolv.conf(5), is
// a symlink out of the system's folders, the file that it leads to is shown there. Warning:
// everything that listens on the caller's loopback addresses can be reached.
func (p Policy) WithHostNetwork() Policy {
	p.Share |= userns.SetOf(userns.Network)
	if p.NoNamespaces != nil || !slices.ContainsFunc(p.Files, showsEtc) {
		return p
	}
	real, err := filepath.EvalSymlinks(resolvConf)
	if err != nil || slices.ContainsFunc(mounts.SystemFolders, func(dir string) bool { return strings.HasPrefix(real, dir+"/") }) {
		return p
	}
	p.Files = append(slices.Clip(p.Files), mounts.Bind{Source: real, Target: real, Try: true, Origin: "the shared network"})
	return p
}

// showsEtc reports whether an entry shows the host's /etc.
func showsEtc(e mounts.Entry) bool {
	b, ok := e.(mounts.Bind)
	return ok && b.Source == "/etc" && b.Target == "/etc"
}

// ReachesAbstractSockets reports whether the command can connect to abstract unix sockets,
// unix(7), of the caller's programs: their names belong to the network namespace, and it
// shares the caller's, where nothing of Landlock keeps it from them (ABI 6, Linux 6.12).
func (p *Policy) ReachesAbstractSockets() bool {
	if !p.Share.Has(userns.Network) {
		return false
	}
	abi, why := p.abi()
	if why != nil || p.Landlock.Mode == LandlockNone {
		return true
	}
	rules, _ := p.landlock().Downgrade(abi)
	return rules.Scoped&landlock.AbstractUnixSocket == 0
}

package sandbox

import (
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/usandbox/usandbox/landlock"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/userns"
)

// WithHostNetwork returns the policy with the caller's network shared, and the caller's
// resolv.conf(5) in the file tree of now, also where that is a symlink into a folder that is
// not shown. Warning: the command reaches all that the caller does, the services on
// the machine's loopback addresses among it.
func (p Policy) WithHostNetwork() Policy { return p.withHostNetwork(resolvConf) }

// maxResolv bounds a resolv.conf.
const maxResolv = 64 << 10

func (p Policy) withHostNetwork(conf string) Policy {
	p.Share |= userns.SetOf(userns.Network)
	named := slices.ContainsFunc(p.Files, func(f mounts.Entry) bool { return path.Clean(f.Where()) == resolvConf })
	real, err := filepath.EvalSymlinks(conf)
	if named || err != nil || p.NoNamespaces != nil {
		return p
	}
	_, etc, ok := etcOf(p.Files)
	switch {
	case ok && etc.Source == path.Dir(conf) && path.Dir(real) == path.Dir(conf): // it is seen
	case ok && etc.Source == path.Dir(conf):
		p.Files = append(p.Files[:len(p.Files):len(p.Files)], mounts.Bind{Source: real, Target: resolvConf, Try: true})
	default: // another root
		if text, err := readUpTo(real, maxResolv); err == nil {
			files := withPlace(p.Files, resolvConf)
			p.Files = append(files[:len(files):len(files)], mounts.File{Target: resolvConf, Content: text, Try: true})
		}
	}
	return p
}

func readUpTo(name string, size int64) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, size))
	return string(text), err
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

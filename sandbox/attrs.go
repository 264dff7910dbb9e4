package sandbox

import (
	"slices"

	"github.com/usandbox/usandbox/attrs"
	"github.com/usandbox/usandbox/keyring"
	"github.com/usandbox/usandbox/launch"
)

// beginAttributes appends, in outer, what can be set only as long as the process may
// write its own files in /proc, and has the caller's privileges.
func beginAttributes(p *launch.Program, policy *Policy) {
	if policy.Umask != nil {
		p.Umask(*policy.Umask)
	}
	if policy.OOMScoreAdj != nil {
		attrs.OOMScoreAdj(p, *policy.OOMScoreAdj)
	}
	if policy.Nice != nil { // root may lower it here, but not in a user namespace
		attrs.Nice(p, *policy.Nice)
	}
}

// setAttributes appends, in init, what the command inherits, and with it whatever
// enters the sandbox later.
func setAttributes(p *launch.Program, policy *Policy) {
	keyring.Join(p, policy.deniesKeys())
	if !policy.CoreDumps {
		attrs.NoCore(p)
	}
	if policy.Personality != nil {
		policy.Personality.Set(p)
	}
	if policy.Affinity != nil {
		policy.Affinity.Set(p)
	}
	if policy.DenyWriteExec {
		attrs.DenyWriteExec(p)
	}
}

// deniesKeys reports whether the command cannot make the system calls on keys.
func (p *Policy) deniesKeys() bool {
	return !p.Seccomp.Off && !slices.Contains(p.Seccomp.Allow, "keyring")
}

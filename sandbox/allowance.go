package sandbox

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/attrs"
	"github.com/usandbox/usandbox/launch"
)

// Allowance is what a command may use of the machine, as far as the kernel bounds that for
// each process or file system by itself.
type Allowance struct {
	// Rlimits are resource limits of the command, and of each program that enters. The
	// processes of the sandbox's own do not have them. Of core dumps there is none without CoreDumps.
	Rlimits []attrs.Rlimit

	// Nice is the nice value, sched(7), from -20 to 19; nil: the caller's.
	Nice *int

	// Affinity is which processors are used; nil: those of the caller. Warning: the command
	// can widen it again.
	Affinity attrs.Affinity

	// TmpSize is how many bytes can be in the folders of the sandbox's own altogether that have no
	// size of their own, rounded up to whole pages; 0: half of the machine's memory.
	TmpSize uint64
}

// errCore says why there is no limit of core dumps.
var errCore = errors.New("core: there are no core dumps, and their limit is what keeps it so; CoreDumps (--core) leaves it alone")

// checkAllowance refuses what the kernel would refuse the calling process.
func (p *Policy) checkAllowance() error {
	for _, l := range p.Rlimits {
		err := l.Check()
		if err == nil && l.Resource == unix.RLIMIT_CORE && !p.CoreDumps {
			err = errCore
		}
		if err != nil {
			return &PolicyError{"Rlimits", err}
		}
	}
	if p.Nice != nil {
		if err := attrs.CheckNice(*p.Nice); err != nil {
			return &PolicyError{"Nice", err}
		}
	}
	if p.Affinity != nil {
		if err := p.Affinity.Check(); err != nil {
			return &PolicyError{"Affinity", err}
		}
	}
	if p.TmpSize != 0 && p.NoNamespaces != nil {
		return &PolicyError{"TmpSize", errors.New("TmpSize needs namespaces, and there are to be none")}
	}
	return nil
}

// limitLast has the resource limits set right before the execve of the command and of
// whatever enters, and before a filter may forbid that. They would hit the processes of the sandbox's own.
func limitLast(p *launch.Program, policy *Policy) {
	if len(policy.Rlimits) == 0 {
		return
	}
	p.BeforeThat(func(failed *launch.Label) {
		for _, l := range policy.Rlimits {
			if s := l.Set(p); failed != nil {
				s.OnAny(failed)
			}
		}
	})
}

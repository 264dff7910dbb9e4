package landlock

// Newest is the newest ABI that this package knows. Newer kernels are used as far as it goes.
const Newest = 7

// Ruleset is what one kernel can enforce of a [Policy], in the kernel's own terms: what is
// handled is refused where no rule allows it.
type Ruleset struct {
	HandledFiles Rights
	Files        []Path
	Open         []int
	Stepwise     bool

	HandledTCP    TCP
	Bind, Connect []uint16

	Scoped Scope
	Log    Log
}

// TCP is a set of what can be done with TCP ports, LANDLOCK_ACCESS_NET_*.
type TCP uint64

const (
	BindTCP TCP = 1 << iota
	ConnectTCP
)

// Lost is a part of a policy that a kernel cannot enforce.
type Lost struct {
	What string // "files", "truncate", "ioctl", "TCP ports", "abstract unix sockets", "signals", "log"
	ABI  int    // the one that could
}

// Downgrade returns what a kernel with an ABI can enforce of the policy, and what it
// cannot, in the order of the ABIs. ABI 0 is a kernel without Landlock. It is pure: no
// kernel is asked.
func (p Policy) Downgrade(abi int) (r Ruleset, lost []Lost) {
	need := func(wanted bool, what string, least int) bool {
		if wanted && abi < least {
			lost = append(lost, Lost{what, least})
		}
		return wanted && abi >= least
	}
	files := p.Files != nil
	if need(files, "files", 2) {
		r.HandledFiles = handled(abi)
		r.Open, r.Stepwise = p.Open, p.Stepwise
		r.Files = []Path{}
		for _, f := range p.Files {
			if f.Rights &= r.HandledFiles; f.Rights != 0 { // the kernel takes no empty rule
				r.Files = append(r.Files, f)
			}
		}
		need(true, "truncate", 3)
	}
	if need(p.Bind != nil || p.Connect != nil, "TCP ports", 4) {
		if p.Bind != nil {
			r.HandledTCP |= BindTCP
			r.Bind = p.Bind
		}
		if p.Connect != nil {
			r.HandledTCP |= ConnectTCP
			r.Connect = p.Connect
		}
	}
	if r.HandledFiles != 0 {
		need(true, "ioctl", 5)
	}
	for _, s := range [...]struct {
		scope Scope
		what  string
	}{{AbstractUnixSocket, "abstract unix sockets"}, {Signal, "signals"}} {
		if need(p.Scopes&s.scope != 0, s.what, 6) {
			r.Scoped |= s.scope
		}
	}
	if need(p.Log&NewExecOn != 0, "log", 7) {
		r.Log |= NewExecOn
	}
	if abi >= 7 { // what was never logged need not be switched off
		r.Log |= p.Log &^ NewExecOn
	}
	return r, lost
}

// Empty reports whether there is nothing to enforce. The kernel takes no such ruleset.
func (r Ruleset) Empty() bool { return r.HandledFiles == 0 && r.HandledTCP == 0 && r.Scoped == 0 }

// least is the oldest ABI that takes the ruleset as it is.
func (r Ruleset) least() int {
	for abi := Newest; abi > 1; abi-- {
		switch {
		case abi == 7 && r.Log != 0, abi == 6 && r.Scoped != 0, abi == 5 && r.HandledFiles&IoctlDev != 0,
			abi == 4 && r.HandledTCP != 0, abi == 3 && r.HandledFiles&Truncate != 0, abi == 2 && r.HandledFiles&Refer != 0:
			return abi
		}
	}
	return 1
}

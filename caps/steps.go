package caps

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Restrict appends: no capability but those in keep is left in the process's
// bounding, ambient, inheritable, permitted and effective sets, and none but
// those can be had again by any exec. What is kept is in all five sets, so it
// survives exec. The process needs CAP_SETPCAP and keep in its permitted set.
// Linux 4.3, for the ambient set; capabilities(7).
func Restrict(p *launch.Program, keep Set) {
	RestrictBounding(p, keep)
	Keep(p, keep)
}

// Keep appends the part of [Restrict] that is not about the bounding set.
func Keep(p *launch.Program, keep Set) {
	p.Doing("drop the ambient capabilities")
	p.Call(unix.SYS_PRCTL, ambient, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	Use(p, keep, keep)
	for _, c := range keep.List() {
		p.Doing("keep " + c.String())
		p.Call(unix.SYS_PRCTL, ambient, unix.PR_CAP_AMBIENT_RAISE, int(c), 0, 0)
	}
}

var ambient = unix.PR_CAP_AMBIENT

// RestrictBounding appends: no capability but those in keep is left in the
// bounding set. The first number that the kernel does not know, EINVAL, is the end.
func RestrictBounding(p *launch.Program, keep Set) { restrictBounding(p, keep, false) }

// EmptyBounding appends: the bounding set is empty, if the process has CAP_SETPCAP (else
// EPERM). Without that, what is left in it can be had by no exec under no_new_privs, for root
// neither: cap_permitted is then bounded by what it was before.
func EmptyBounding(p *launch.Program) { restrictBounding(p, None, true) }

func restrictBounding(p *launch.Program, keep Set, try bool) {
	p.Doing("drop the bounding capabilities")
	drop := unix.PR_CAPBSET_DROP
	done := p.Label("bounding_done")
	if keep == None {
		number, again := p.Var("cap"), p.Label("bounding")
		p.Here(again)
		s := p.Call(unix.SYS_PRCTL, drop, number, 0, 0, 0).On(unix.EINVAL, done)
		if try {
			s.On(unix.EPERM, done)
		}
		p.Add(number, number, 1)
		p.Jump(again)
	} else {
		for c := Cap(0); c.inRange(); c++ {
			if !keep.Has(c) {
				p.Call(unix.SYS_PRCTL, drop, int(c), 0, 0, 0).On(unix.EINVAL, done)
			}
		}
	}
	p.Here(done)
}

// Use appends: the permitted and effective sets become effective, the
// inheritable set becomes inheritable. capset(2).
func Use(p *launch.Program, effective, inheritable Set) {
	if effective == None && inheritable == None {
		p.Doing("drop every capability")
	} else {
		p.Doing("set the capabilities " + effective.String())
	}
	le := binary.LittleEndian
	header := le.AppendUint64(nil, unix.LINUX_CAPABILITY_VERSION_3)
	var data []byte
	for half := 0; half < 64; half += 32 {
		data = le.AppendUint32(data, uint32(effective>>half))
		data = le.AppendUint32(data, uint32(effective>>half))
		data = le.AppendUint32(data, uint32(inheritable>>half))
	}
	p.Call(unix.SYS_CAPSET, launch.Struct("VERSION_3", header), launch.Struct(effective.String(), data))
}

package seccomp

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// String is the call by its name, or number, with what filters mostly look at among
// its arguments: "socket(AF_ALG)", "clone(CLONE_NEWUSER)", "mount", "i386 mount".
func (c Call) String() string {
	name, ok := Name(c.Arch, c.Number)
	if !ok {
		name = strconv.FormatUint(uint64(c.Number), 10)
	}
	if told := c.telling(name); len(told) > 0 {
		name += "(" + strings.Join(told, ", ") + ")"
	}
	if c.Arch != Native {
		name = c.Arch.String() + " " + name
	}
	return name
}

// telling are the arguments that filters mostly look at, of those that are an int.
func (c Call) telling(name string) (list []string) {
	for i, arg := range c.Args {
		f, v := familyOf(name, i), uint64(uint32(arg))
		switch f {
		case cloneFlags, fileMode:
			v &= f.every()
			if f == cloneFlags {
				v &= newNamespace | unix.CLONE_NEWTIME
			}
			if v == 0 {
				continue
			}
		case addressFamily, terminalRequest, persona, prctlOption, ptraceRequest:
		default:
			continue
		}
		list = append(list, f.format(v))
		if f != addressFamily {
			continue
		}
		switch p := uint64(uint32(c.Args[2])); {
		case v == unix.AF_NETLINK:
			list = append(list, netlink.format(p))
		case (v == unix.AF_INET || v == unix.AF_INET6) && p != 0 && p != unix.IPPROTO_TCP && p != unix.IPPROTO_UDP:
			list = append(list, protocol.format(p))
		}
	}
	return list
}

// every is all of the family's constants together.
func (f family) every() (all uint64) {
	for _, c := range f.constants() {
		all |= c.value
	}
	return all
}

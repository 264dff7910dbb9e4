package seccomp

//go:generate go run ./gen tables
//go:generate go run ./gen program

// none is what numberOf has where an architecture does not have a call.
const none = 0xffff

// privateARM is where the private calls of arm begin, __ARM_NR_BASE; they are packed to
// begin at packedARM.
const (
	privateARM = 0xf0000
	packedARM  = 0x7f00
)

// nameAt is name i of the table.
func nameAt(i int) string {
	start := uint16(0)
	if i > 0 {
		start = nameEnds[i-1]
	}
	return allNames[start:nameEnds[i]]
}

// indexOf is the index of a name in the table.
func indexOf(name string) (int, bool) {
	low, high := 0, len(nameEnds)
	for low < high {
		middle := int(uint(low+high) >> 1)
		if nameAt(middle) < name {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, low < len(nameEnds) && nameAt(low) == name
}

// Known reports whether any architecture has a system call of that name.
func Known(name string) bool {
	_, ok := indexOf(name)
	return ok
}

// Number is the number of a system call; of x32 with its bit, 0x40000000. Not ok: the
// architecture does not have it.
func Number(arch Arch, name string) (nr uint32, ok bool) {
	i, ok := indexOf(name)
	if !ok || arch >= arches {
		return 0, false
	}
	return numberAt(arch, i)
}

// numberAt is the number of name i of the table.
func numberAt(arch Arch, i int) (nr uint32, ok bool) {
	n := uint32(numberOf[arch][i])
	switch {
	case n == none:
		return 0, false
	case n >= packedARM:
		n += privateARM - packedARM
	case arch == X32:
		n |= x32Bit
	}
	return n, true
}

// Name is the name of a system call by its number; of x32 with its bit. Not ok: the
// table has no such number.
func Name(arch Arch, nr uint32) (name string, ok bool) {
	if arch >= arches {
		return "", false
	}
	if arch == X32 {
		if nr&x32Bit == 0 {
			return "", false
		}
		nr &^= x32Bit
	}
	if arch == ARM && nr >= privateARM {
		for i, n := range numberOf[ARM] {
			if n != none && n >= packedARM && uint32(n) == nr-privateARM+packedARM {
				return nameAt(i), true
			}
		}
		return "", false
	}
	if nr >= uint32(len(nameOf[arch])) || nameOf[arch][nr] == 0 {
		return "", false
	}
	return nameAt(int(nameOf[arch][nr]) - 1), true
}

// Names are the system calls of an architecture, in the order of their names.
func Names(arch Arch) []string {
	if arch >= arches {
		return nil
	}
	var names []string
	for i, n := range numberOf[arch] {
		if n != none {
			names = append(names, nameAt(i))
		}
	}
	return names
}

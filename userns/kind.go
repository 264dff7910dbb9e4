package userns

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Kind is a kind of namespace, namespaces(7).
type Kind uint8

// The kinds, in the order in which they are created.
const (
	User Kind = iota
	Time
	PID
	Mount
	UTS
	IPC
	Network
	Cgroup
	kinds int = iota
)

var kindTable = [kinds]struct {
	name string
	flag uint64
}{
	User:    {"user", unix.CLONE_NEWUSER},
	Time:    {"time", unix.CLONE_NEWTIME},
	PID:     {"pid", unix.CLONE_NEWPID},
	Mount:   {"mnt", unix.CLONE_NEWNS},
	UTS:     {"uts", unix.CLONE_NEWUTS},
	IPC:     {"ipc", unix.CLONE_NEWIPC},
	Network: {"net", unix.CLONE_NEWNET},
	Cgroup:  {"cgroup", unix.CLONE_NEWCGROUP},
}

// String is the kind's name in /proc/PID/ns.
func (k Kind) String() string {
	if int(k) >= kinds {
		return fmt.Sprintf("kind %d", uint8(k))
	}
	return kindTable[k].name
}

// Path is the file in /proc that stands for the namespace of a process, "self" or a
// number; for PID and time, the one that the process's next children are in.
func (k Kind) Path(process string) string {
	name := k.String()
	if k == PID || k == Time {
		name += "_for_children"
	}
	return "/proc/" + process + "/ns/" + name
}

// Flag is the kind's CLONE_NEW* flag.
func (k Kind) Flag() uint64 { return kindTable[k].flag }

// Set is a set of kinds. The zero value is empty.
type Set uint16

// SetOf is the set of the given kinds.
func SetOf(list ...Kind) Set {
	var s Set
	for _, k := range list {
		s |= 1 << k
	}
	return s
}

// Has reports whether k is in the set.
func (s Set) Has(k Kind) bool { return s&(1<<k) != 0 }

// Minus is the set without the kinds in t.
func (s Set) Minus(t Set) Set { return s &^ t }

// List is the set's kinds in the order in which they are created.
func (s Set) List() []Kind {
	var list []Kind
	for k := range Kind(kinds) {
		if s.Has(k) {
			list = append(list, k)
		}
	}
	return list
}

// String is the set's names, separated by commas, as ParseSet reads them.
func (s Set) String() string {
	var names []string
	for _, k := range s.List() {
		names = append(names, k.String())
	}
	return strings.Join(names, ",")
}

// Flags are the kinds' CLONE_NEW* flags together.
func (s Set) Flags() uint64 {
	var flags uint64
	for _, k := range s.List() {
		flags |= k.Flag()
	}
	return flags
}

// ParseSet reads names separated by commas: "net,ipc". Only kinds in allowed are
// accepted.
func ParseSet(text string, allowed Set) (Set, error) {
	var s Set
next:
	for _, name := range strings.Split(text, ",") {
		for _, k := range allowed.List() {
			if name == k.String() {
				s |= SetOf(k)
				continue next
			}
		}
		return 0, fmt.Errorf("%q is not one of %v", name, allowed)
	}
	return s, nil
}

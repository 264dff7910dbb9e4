package idmap

import (
	"errors"
	"fmt"
	"strings"
)

const (
	// maxLines is how many ranges a map may have (UID_GID_MAP_MAX_EXTENTS in
	// the kernel).
	maxLines = 340

	// maxText is how long a map may be when written: less than a page, and
	// 4096 bytes is the smallest page there is.
	maxText = 4096 - 1
)

// A Map is the uid or gid map of a user namespace. The order of the ranges has
// no meaning to the kernel but is kept. An empty map maps nothing; the kernel
// does not accept one, and neither does [Map.Validate].
type Map []Range

// One is the map of a single id, which a process may write for itself.
func One(inside, outside uint32) Map {
	return Map{{Inside: inside, Outside: outside, Count: 1}}
}

// Validate says whether the kernel would accept the map, privileges aside: it
// is not empty, has at most 340 ranges (Linux 4.15; 5 before) in less than
// 4096 bytes of text, every range is at least one id long and stays below
// 4294967295, and no two overlap, neither inside nor outside. The error names
// the ranges at fault. See user_namespaces(7).
func (m Map) Validate() error {
	if len(m) == 0 {
		return errors.New("id map: empty")
	}
	if err := m.check(); err != nil {
		return err
	}
	if n := len(m.Text()); n > maxText {
		return fmt.Errorf("id map: %d bytes long as text, the kernel takes %d", n, maxText)
	}
	return nil
}

// check is Validate for a map that is already in force: it may be empty, and
// its text may have become longer than what was written, since the kernel
// translates the outside ids for the reader.
func (m Map) check() error {
	if len(m) > maxLines {
		return fmt.Errorf("id map: %d ranges, the kernel takes %d", len(m), maxLines)
	}
	for i, r := range m {
		if err := r.check(); err != nil {
			return fmt.Errorf("id map: range %v: %w", r, err)
		}
		for _, earlier := range m[:i] {
			if overlap(earlier.Inside, earlier.Count, r.Inside, r.Count) {
				return fmt.Errorf("id map: ranges %v and %v overlap inside", earlier, r)
			}
			if overlap(earlier.Outside, earlier.Count, r.Outside, r.Count) {
				return fmt.Errorf("id map: ranges %v and %v overlap outside", earlier, r)
			}
		}
	}
	return nil
}

// overlap says whether two spans of ids have an id in common.
func overlap(a, aCount, b, bCount uint32) bool {
	return uint64(a) < uint64(b)+uint64(bCount) && uint64(b) < uint64(a)+uint64(aCount)
}

// Text is what to write to /proc/PID/uid_map or gid_map, in a single write:
// one line a range, "INSIDE OUTSIDE COUNT".
func (m Map) Text() string {
	var b strings.Builder
	for _, r := range m {
		fmt.Fprintf(&b, "%d %d %d\n", r.Inside, r.Outside, r.Count)
	}
	return b.String()
}

// String prints the ranges with commas between them, each as [ParseRange]
// reads it: "0:1000:1,1:100000:65536".
func (m Map) String() string {
	parts := make([]string, len(m))
	for i, r := range m {
		parts[i] = r.String()
	}
	return strings.Join(parts, ",")
}

// ToInside translates an id of the parent namespace; false if it has none
// inside.
func (m Map) ToInside(outside uint32) (uint32, bool) {
	for _, r := range m {
		if id, ok := translate(outside, r.Outside, r.Inside, r.Count); ok {
			return id, true
		}
	}
	return 0, false
}

// ToOutside translates an id of the namespace; false if it has none in the
// parent namespace.
func (m Map) ToOutside(inside uint32) (uint32, bool) {
	for _, r := range m {
		if id, ok := translate(inside, r.Inside, r.Outside, r.Count); ok {
			return id, true
		}
	}
	return 0, false
}

// translate moves an id from a span to another of the same length. An invalid
// range may lead past the last id; then there is no answer.
func translate(id, from, to, count uint32) (uint32, bool) {
	if id < from || id-from >= count {
		return 0, false
	}
	moved := uint64(to) + uint64(id-from)
	if moved >= noID {
		return 0, false
	}
	return uint32(moved), true
}

// Identity is the map of every id inside to itself: the map that a user namespace
// below needs to have the same ids.
func (m Map) Identity() Map {
	same := make(Map, len(m))
	for i, r := range m {
		same[i] = Range{Inside: r.Inside, Outside: r.Inside, Count: r.Count}
	}
	return same
}

package idmap

import (
	"fmt"
	"strings"
)

// A NotDelegatedError says that a map uses ids the user has not been given.
type NotDelegatedError struct {
	Kind  Kind
	Range Range      // the range of the map at fault
	Own   uint32     // the user's own id, which needs no delegation
	Have  []SubRange // all that is delegated
}

func (e *NotDelegatedError) Error() string {
	have := "nothing"
	if len(e.Have) > 0 {
		const most = 8 // enough to see the mistake
		parts := make([]string, 0, most+1)
		for i, s := range e.Have {
			if i == most {
				parts = append(parts, "...")
				break
			}
			parts = append(parts, s.String())
		}
		have = strings.Join(parts, ", ")
	}
	return fmt.Sprintf("check %s map: range %v: outside ids %d to %d are not delegated by %s, which has %s; the own id is %d",
		e.Kind, e.Range, e.Range.Outside, uint64(e.Range.Outside)+uint64(e.Range.Count)-1,
		e.Kind.subFile(), have, e.Own)
}

// CheckDelegated says whether newuidmap or newgidmap would write the map for a
// user: each range is either the user's own id alone (the uid, or the primary
// gid), or has only outside ids that are delegated. One range may span several
// delegated ones that touch. An invalid map is refused first; ids without
// delegation are a [*NotDelegatedError].
func (m Map) CheckDelegated(k Kind, own uint32, sub []SubRange) error {
	if err := k.valid(); err != nil {
		return err
	}
	if err := m.Validate(); err != nil {
		return err
	}
	for _, r := range m {
		if r.Count == 1 && r.Outside == own {
			continue
		}
		if !covered(r, sub) {
			return &NotDelegatedError{Kind: k, Range: r, Own: own, Have: sub}
		}
	}
	return nil
}

// covered says whether the outside ids of a range are all delegated. Each
// round moves on to the end of a delegated range, so there are at most as many
// rounds as delegated ranges.
func covered(r Range, sub []SubRange) bool {
	next, end := uint64(r.Outside), uint64(r.Outside)+uint64(r.Count)
	for next < end {
		reach := next
		for _, s := range sub {
			if checkSpan(s.Start, s.Count) == nil && uint64(s.Start) <= next {
				reach = max(reach, uint64(s.Start)+uint64(s.Count))
			}
		}
		if reach == next {
			return false
		}
		next = reach
	}
	return true
}

package idmap

// Auto makes the map that uses all there is: the caller's own id becomes 0,
// and the subordinate ids follow from 1 on without a gap, in the order given.
//
// The result is always valid, but for an own id that is no id, which gives an
// empty map. Ids that are listed twice, or that are the
// caller's own, are used once; ranges that are not valid are left out; and
// when the map has reached the size that the kernel takes, the rest is left
// out. Each range of the result is part of a single one in sub.
func Auto(own uint32, sub []SubRange) Map {
	m := One(0, own)
	if m.Validate() != nil {
		return nil
	}
	next := uint64(1)
	size := len(m.Text())
	for _, s := range sub {
		if checkSpan(s.Start, s.Count) != nil {
			continue
		}
		for _, free := range without(s, m) {
			r := Range{Inside: uint32(next), Outside: free.Start, Count: free.Count}
			size += len(Map{r}.Text())
			if len(m) == maxLines || size > maxText {
				return m
			}
			m = append(m, r)
			// The pieces are disjoint and hold valid ids only, so that all of
			// them together cannot go past the last id.
			next += uint64(free.Count)
		}
	}
	return m
}

// without returns what is left of s, in ascending order, without the ids that
// are outside ids of m.
func without(s SubRange, m Map) []SubRange {
	left := []SubRange{s}
	for _, r := range m {
		var kept []SubRange
		for _, l := range left {
			kept = append(kept, cut(l, r.Outside, r.Count)...)
		}
		left = kept
	}
	return left
}

// cut returns what is left of s below and above count ids from start on.
func cut(s SubRange, start, count uint32) []SubRange {
	first, end := uint64(s.Start), uint64(s.Start)+uint64(s.Count)
	low, high := min(uint64(start), end), max(uint64(start)+uint64(count), first)
	var left []SubRange
	if first < low {
		left = append(left, SubRange{Start: uint32(first), Count: uint32(low - first)})
	}
	if high < end {
		left = append(left, SubRange{Start: uint32(high), Count: uint32(end - high)})
	}
	return left
}

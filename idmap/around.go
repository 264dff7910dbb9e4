package idmap

// Around is the range with room for one id that is mapped apart, from inside to
// outside: neither is in the result, and the ids behind them move up. So the last
// ids of the range may be left out. It is what unshare(1) does with the ranges of
// --map-users beside --map-user.
func (r Range) Around(inside, outside uint32) Map {
	in := cut(SubRange{r.Inside, r.Count}, inside, 1)
	out := cut(SubRange{r.Outside, r.Count}, outside, 1)
	var m Map
	for len(in) > 0 && len(out) > 0 {
		n := min(in[0].Count, out[0].Count)
		m = append(m, Range{Inside: in[0].Start, Outside: out[0].Start, Count: n})
		in, out = behind(in, n), behind(out, n)
	}
	return m
}

// behind is a list of ranges without its first n ids, which are of the first range.
func behind(list []SubRange, n uint32) []SubRange {
	if list[0].Count == n {
		return list[1:]
	}
	return append([]SubRange{{list[0].Start + n, list[0].Count - n}}, list[1:]...)
}

package idmap

import (
	"fmt"
	"strconv"
	"strings"
)

// noID is (uid_t)-1, "no id" to the kernel. A valid id is below it, so the end
// of a valid range (start+count) is at most this.
const noID = 1<<32 - 1

// A Range maps Count consecutive ids, from Inside on in the namespace, to
// those from Outside on in its parent namespace. It is one line of uid_map.
// The zero value maps nothing and is not valid.
type Range struct {
	Inside, Outside, Count uint32
}

// ParseRange reads a range written IN:OUT:COUNT, as [Range.String] prints it.
// The three are plain decimal numbers: no sign, no space, no leading zero
// (which other programs would read as octal). An empty range and one that
// reaches the id 4294967295 or wraps around are refused.
func ParseRange(spec string) (Range, error) {
	fields := strings.SplitN(spec, ":", 4)
	if len(fields) != 3 {
		return Range{}, fmt.Errorf("id range %s: want IN:OUT:COUNT", quote(spec))
	}
	r, err := rangeOf(fields)
	if err != nil {
		return Range{}, fmt.Errorf("id range %s: %w", quote(spec), err)
	}
	return r, nil
}

// String prints the range as IN:OUT:COUNT.
func (r Range) String() string {
	return fmt.Sprintf("%d:%d:%d", r.Inside, r.Outside, r.Count)
}

// check refuses empty ranges and those that leave the valid ids on either side.
func (r Range) check() error {
	if err := checkSpan(r.Inside, r.Count); err != nil {
		return fmt.Errorf("inside: %w", err)
	}
	if err := checkSpan(r.Outside, r.Count); err != nil {
		return fmt.Errorf("outside: %w", err)
	}
	return nil
}

// rangeOf makes a valid range of three numbers, inside, outside and count.
func rangeOf(fields []string) (Range, error) {
	var n [3]uint32
	for i := range n {
		var err error
		if n[i], err = parseID(fields[i]); err != nil {
			return Range{}, err
		}
	}
	r := Range{Inside: n[0], Outside: n[1], Count: n[2]}
	return r, r.check()
}

// checkSpan refuses count ids from start on if there are none or if any of
// them is not a valid id.
func checkSpan(start, count uint32) error {
	if count == 0 {
		return fmt.Errorf("the count is 0")
	}
	if end := uint64(start) + uint64(count); end > noID {
		return fmt.Errorf("%d ids from %d on go past the last id, %d", count, start, uint32(noID-1))
	}
	return nil
}

// parseID reads a canonical decimal number of 32 bits. ParseUint takes digits
// only, no sign, but would also take "007".
func parseID(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s is not a decimal number of 32 bits", quote(s))
	}
	if len(s) > 1 && s[0] == '0' {
		return 0, fmt.Errorf("%s has a leading zero", quote(s))
	}
	return uint32(n), nil
}

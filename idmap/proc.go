package idmap

import (
	"fmt"
	"io"
	"strings"
)

// maxProc bounds the text of a map as the kernel shows it: 340 lines of three
// columns of ten digits.
const maxProc = maxLines * len("4294967295 4294967295 4294967295\n")

// ParseProc reads a map as the kernel shows it in /proc/PID/uid_map and
// gid_map. A namespace whose map has not been written yet shows an empty file;
// that is an empty map and no error.
//
// The kernel shows outside ids as the reader's own namespace knows them, and
// 4294967295 for those it does not know. Such a map is an error here: it is
// not the map that is in force.
//
// See user_namespaces(7). The maps are there since Linux 3.5.
func ParseProc(r io.Reader) (Map, error) {
	text, err := io.ReadAll(io.LimitReader(r, int64(maxProc)+1))
	if err != nil {
		return nil, fmt.Errorf("read id map: %w", err)
	}
	if len(text) > maxProc {
		return nil, fmt.Errorf("read id map: more than %d bytes", maxProc)
	}
	var m Map
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		fields := strings.FieldsFunc(strings.TrimSuffix(line, "\n"), func(c rune) bool { return c == ' ' })
		if len(fields) != 3 {
			return nil, fmt.Errorf("read id map: line %d: want three numbers, got %s", n, quote(line))
		}
		one, err := rangeOf(fields)
		if err != nil {
			return nil, fmt.Errorf("read id map: line %d: %w", n, err)
		}
		m = append(m, one)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("read id map: %w", err)
	}
	return m, nil
}

package caps

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxStatus bounds what is read of a status file, in bytes. Most are under 2 kB,
// but the line Groups can have 65536 numbers of up to ten digits (credentials(7)).
const maxStatus = 1 << 20

// ParseStatus reads the five sets from r, which has the form of /proc/PID/status.
// Each of the lines CapInh, CapPrm, CapEff, CapBnd and CapAmb must be there once,
// with sixteen lower-case hexadecimal digits after a tab, as every kernel prints
// them; a missing set is an error and not an empty set. Other lines are skipped.
// An input over 1 MiB is an error.
//
// A process chooses its own name, but cannot write a line here with it: the kernel
// escapes newlines in the line Name. See proc_pid_status(5).
func ParseStatus(r io.Reader) (Sets, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxStatus+1))
	if err != nil {
		return Sets{}, fmt.Errorf("read status: %w", err)
	}
	if len(b) > maxStatus {
		return Sets{}, fmt.Errorf("parse status: longer than %d bytes", maxStatus)
	}

	var sets Sets
	fields := []struct {
		key  string
		set  *Set
		seen bool
	}{
		{key: "CapInh", set: &sets.Inheritable},
		{key: "CapPrm", set: &sets.Permitted},
		{key: "CapEff", set: &sets.Effective},
		{key: "CapBnd", set: &sets.Bounding},
		{key: "CapAmb", set: &sets.Ambient},
	}
	for line := range strings.Lines(string(b)) {
		key, value, _ := strings.Cut(line, ":")
		for i := range fields {
			f := &fields[i]
			if key != f.key {
				continue
			}
			if f.seen {
				return Sets{}, fmt.Errorf("parse status: second line %s", key)
			}
			f.seen = true
			if *f.set, err = parseMask(value); err != nil {
				return Sets{}, fmt.Errorf("parse status: line %s: %w", key, err)
			}
		}
	}
	for _, f := range fields {
		if !f.seen {
			return Sets{}, fmt.Errorf("parse status: no line %s", f.key)
		}
	}
	return sets, nil
}

// parseMask reads what follows the colon: a tab, sixteen digits, a newline. With
// fewer digits the line was cut short, and its number is not the set.
func parseMask(value string) (Set, error) {
	const digits = 16
	hex, ended := strings.CutSuffix(value, "\n")
	hex, tab := strings.CutPrefix(hex, "\t")
	n, err := strconv.ParseUint(hex, 16, 64)
	if err != nil || !ended || !tab || len(hex) != digits || strings.ToLower(hex) != hex {
		const shown = 40
		return None, fmt.Errorf("%.*q is not a mask of %d digits", shown, value, digits)
	}
	return Set(n), nil
}

package main

import (
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"

	"github.com/usandbox/usandbox/userns"
)

// idRange is a line of uid_map or gid_map as it is shown to the caller. Other than
// in an idmap.Map the ids outside may be unknown, user_namespaces(7).
type idRange struct{ inside, outside, count uint64 }

// unknownID is what the kernel shows for an id that the reader has no number for.
const unknownID = 1<<32 - 1

// parseIDRanges reads the text of /proc/PID/uid_map.
func parseIDRanges(text string) ([]idRange, error) {
	var list []idRange
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			return nil, fmt.Errorf("parse id map: %.100q", line)
		}
		var n [3]uint64
		for i, f := range fields {
			var err error
			if n[i], err = strconv.ParseUint(f, 10, 32); err != nil {
				return nil, fmt.Errorf("parse id map: %.100q", line)
			}
		}
		if n[2] == 0 || n[0]+n[2] > 1<<32 {
			return nil, fmt.Errorf("parse id map: %.100q", line)
		}
		list = append(list, idRange{n[0], n[1], n[2]})
	}
	return list, nil
}

// words says what a range means, for a caller who is self outside, by the name of
// an id.
func (r idRange) words(self uint64, you string, name func(uint64) string) string {
	inside := strconv.FormatUint(r.inside, 10)
	last := r.inside + r.count - 1
	switch {
	case r.outside == unknownID && r.count == 1:
		return fmt.Sprintf("inside %s is one that has no number here", inside)
	case r.outside == unknownID:
		return fmt.Sprintf("inside %s to %d are some that have no number here", inside, last)
	case r.count == 1 && r.outside == self:
		return fmt.Sprintf("inside %s is %s (%d)", inside, you, self)
	case r.count == 1:
		return fmt.Sprintf("inside %s is %s", inside, name(r.outside))
	case r.inside == 0 && r.outside == 0 && r.count == unknownID:
		return "every id is the same inside and outside"
	}
	text := fmt.Sprintf("inside %s to %d are %d to %d", inside, last, r.outside, r.outside+r.count-1)
	if r.inside == r.outside {
		text = fmt.Sprintf("inside %s to %d are the same outside", inside, last)
	}
	if self >= r.outside && self-r.outside < r.count {
		text += fmt.Sprintf(", so %d is %s (%d)", self-r.outside+r.inside, you, self)
	}
	return text
}

// idMaps tells the maps of the process's user namespace. Of the caller's own the
// kernel shows what they are in its parent.
func (e *explanation) idMaps() {
	e.heading("ids")
	shared := e.shared.Has(userns.User)
	if shared {
		e.line("", "the same as yours")
	}
	number := func(id uint64) string { return strconv.FormatUint(id, 10) }
	e.idMap("users", "uid_map", shared, "you", os.Geteuid(), func(id uint64) string { return person(uint32(id)) }, number)
	e.idMap("groups", "gid_map", shared, "your group", os.Getegid(), group, number)
	if text, err := e.read("setgroups"); err == nil && strings.TrimSpace(string(text)) == "deny" {
		e.line("setgroups", "denied: groups cannot be dropped")
	}
}

func (e *explanation) idMap(what, file string, shared bool, you string, self int, name, number func(uint64) string) {
	text, err := e.read(file)
	if err != nil {
		e.line(what, "%s", hidden(err))
		return
	}
	list, err := parseIDRanges(string(text))
	switch {
	case err != nil:
		e.line(what, "%v", err)
	case len(list) == 0:
		e.line(what, "none is mapped: each shows as nobody inside")
	}
	for _, r := range list {
		if shared && r == (idRange{0, 0, unknownID}) {
			continue // that of the first user namespace, above which there is none
		}
		if shared {
			e.line(what, "%s, in the user namespace above", r.words(unknownID, "", number))
		} else {
			e.line(what, "%s", r.words(uint64(self), you, name))
		}
		what = ""
	}
}

// group names a group.
func group(gid uint64) string {
	id := strconv.FormatUint(gid, 10)
	if g, err := user.LookupGroupId(id); err == nil && g.Name != "" {
		return g.Name + " (" + id + ")"
	}
	return id
}

// readAtMost reads a file to its end; one that is longer is an error.
func readAtMost(r io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("longer than %d bytes", most)
	}
	return text, err
}

package procfs

import (
	"bytes"
	"errors"
	"strconv"
)

// Stat is the beginning of /proc/PID/stat.
type Stat struct {
	PID   int
	Comm  string // the name; any bytes but NUL, at most 15 for a process of a user
	State byte   // 'R', 'S', 'Z' and so on
	PPID  int    // 0: none, or one in another PID namespace
}

// ParseStat reads the text of /proc/PID/stat. The name stands in parentheses and
// may hold parentheses, spaces and newlines of its own, so it ends at the last one
// of the file: every later field is a number or a letter.
func ParseStat(text []byte) (Stat, error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 2 || end < open || text[open-1] != ' ' {
		return Stat{}, errors.New("parse stat: no name in parentheses")
	}
	s := Stat{Comm: string(text[open+1 : end])}
	var ok bool
	if s.PID, ok = number(text[:open-1]); !ok || s.PID == 0 {
		return Stat{}, errors.New("parse stat: no process id")
	}
	rest := text[end+1:] // " S 1 ..."
	if len(rest) < 5 || rest[0] != ' ' || rest[2] != ' ' || rest[1] < 'A' || rest[1] > 'z' {
		return Stat{}, errors.New("parse stat: no state")
	}
	s.State = rest[1]
	parent, _, ended := bytes.Cut(rest[3:], []byte(" "))
	if s.PPID, ok = number(parent); !ok || !ended {
		return Stat{}, errors.New("parse stat: no parent's process id")
	}
	return s, nil
}

// number reads a process id: digits alone.
func number(text []byte) (int, bool) {
	n, err := strconv.ParseUint(string(text), 10, 31)
	return int(n), err == nil && text[0] != '+'
}

// Command is a command line for people: the arguments of /proc/PID/cmdline with
// spaces between them, without those that are empty at the end, where a process
// that has changed its title leaves some; without any argument, as in a kernel
// thread, the name.
func Command(cmdline []byte, comm string) string {
	line := bytes.TrimRight(bytes.ReplaceAll(cmdline, []byte{0}, []byte(" ")), " ")
	if len(line) == 0 {
		return comm
	}
	return string(line)
}

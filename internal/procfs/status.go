package procfs

import "strings"

// Status are the lines of /proc/PID/status by their keys, without the tab. The
// kernel escapes newlines in the name, so no line is a process's own.
type Status map[string]string

// ParseStatus reads the text of /proc/PID/status. Of a key that comes twice the
// first line counts.
func ParseStatus(text []byte) Status {
	s := Status{}
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if _, twice := s[key]; ok && !twice {
			s[key] = strings.TrimPrefix(value, "\t")
		}
	}
	return s
}

// Field is the n-th of the numbers of a line, from 0 on; "" if there is none.
func (s Status) Field(key string, n int) string {
	if fields := strings.Fields(s[key]); n < len(fields) {
		return fields[n]
	}
	return ""
}

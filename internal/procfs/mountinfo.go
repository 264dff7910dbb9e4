package procfs

import (
	"fmt"
	"strings"
)

// Mountinfo is a line of /proc/PID/mountinfo.
type Mountinfo struct {
	Root    string // the part of the file system that is mounted; of nsfs "net:[4026531833]"
	Point   string // where, seen from the process's root
	Options string // of this mount: "ro,nosuid"
	Shared  bool   // shared:N, mount_namespaces(7)
	Slave   bool   // master:N
	Unbind  bool   // unbindable
	Type    string // "ext4"
	Source  string
	Super   string // options of the file system
}

// ParseMountinfo reads the text of /proc/PID/mountinfo. It needs Linux 2.6.26.
func ParseMountinfo(text []byte) ([]Mountinfo, error) {
	var list []Mountinfo
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		m, ok := parseMountinfo(strings.TrimSuffix(line, "\n"))
		if !ok {
			return nil, fmt.Errorf("parse mountinfo: line %d: %.100q", n, line)
		}
		list = append(list, m)
	}
	return list, nil
}

// parseMountinfo reads one line:
//
//	36 35 98:0 /root /point rw,noatime shared:1 master:2 - ext3 /dev/x rw,errors=continue
//
// Before the dash are any number of optional fields, those of later kernels too.
func parseMountinfo(line string) (Mountinfo, bool) {
	fields := strings.Split(line, " ")
	dash := 6
	for dash < len(fields) && fields[dash] != "-" {
		dash++
	}
	if dash+3 >= len(fields) {
		return Mountinfo{}, false
	}
	m := Mountinfo{
		Root: Unescape(fields[3]), Point: Unescape(fields[4]), Options: fields[5],
		Type: Unescape(fields[dash+1]), Source: Unescape(fields[dash+2]),
		// A file system may print a space in its options as it is.
		Super: strings.Join(fields[dash+3:], " "),
	}
	for _, f := range fields[6:dash] {
		switch key, _, _ := strings.Cut(f, ":"); key {
		case "shared":
			m.Shared = true
		case "master":
			m.Slave = true
		case "unbindable":
			m.Unbind = true
		}
	}
	return m, m.Point != "" && m.Type != ""
}

// Unescape replaces \NNN, three octal digits, by the byte: the kernel so writes
// space, tab, newline, backslash and # in the names of files that list mounts. Any
// other backslash stays.
func Unescape(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) && text[i+1] <= '3' && octal(text[i+1]) && octal(text[i+2]) && octal(text[i+3]) {
			b.WriteByte((text[i+1]-'0')<<6 | (text[i+2]-'0')<<3 | (text[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func octal(c byte) bool { return '0' <= c && c <= '7' }

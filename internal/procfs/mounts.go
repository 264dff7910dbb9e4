package procfs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Mount is a line of /proc/PID/mounts, which has the form of fstab(5).
type Mount struct {
	Source, Point, Type string
	Options             string // of the mount and of the file system together
}

// ReadOnly reports whether nothing can be written through the mount, be it the
// mount's own setting or the file system's.
func (m Mount) ReadOnly() bool { return slices.Contains(strings.Split(m.Options, ","), "ro") }

// ParseMounts reads the text of /proc/PID/mounts.
func ParseMounts(text []byte) ([]Mount, error) {
	var list []Mount
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		last := len(fields) - 2 // "0 0" at the end; a file system may print a space in its options
		if last < 4 {
			return nil, fmt.Errorf("parse mounts: line %d: %.100q", n, line)
		}
		list = append(list, Mount{Unescape(fields[0]), Unescape(fields[1]), Unescape(fields[2]), strings.Join(fields[3:last], " ")})
	}
	return list, nil
}

// Mountstat is a file system of /proc/PID/mountstats that keeps statistics. NFS
// does.
type Mountstat struct {
	Device, Point, Type string
	Age                 time.Duration // since it was mounted
	Read, Written       uint64        // bytes that came from the server, and went to it
}

// ParseMountstats reads the text of /proc/PID/mountstats: how many mounts there
// are, and those that keep statistics. It needs Linux 2.6.17.
func ParseMountstats(text []byte) (count int, stats []Mountstat, err error) {
	n := 0
	var current *Mountstat // of the lines that follow
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "device ") || strings.HasPrefix(line, "no device ") {
			m, keeps, ok := parseDevice(line)
			if !ok {
				return 0, nil, fmt.Errorf("parse mountstats: line %d: %.100q", n, line)
			}
			count++
			current = nil
			if keeps {
				stats = append(stats, m)
				current = &stats[len(stats)-1]
			}
			continue
		}
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		fields := strings.Fields(value)
		switch {
		case count == 0:
			return 0, nil, fmt.Errorf("parse mountstats: line %d: %.100q", n, line)
		case current == nil:
		case key == "age" && len(fields) == 1:
			seconds, _ := strconv.ParseUint(fields[0], 10, 32)
			current.Age = time.Duration(seconds) * time.Second
		case key == "bytes" && len(fields) >= 6: // the fifth and sixth: over the network
			current.Read, _ = strconv.ParseUint(fields[4], 10, 64)
			current.Written, _ = strconv.ParseUint(fields[5], 10, 64)
		}
	}
	return count, stats, nil
}

// parseDevice reads
//
//	device server:/x mounted on /mnt with fstype nfs4 statvers=1.1
//	no device mounted on /proc with fstype proc
//
// in which the kernel has escaped the spaces of names.
func parseDevice(line string) (m Mountstat, keeps, ok bool) {
	f := strings.Split(line, " ")
	if f[0] == "no" {
		f = slices.Insert(f[1:], 1, "none") // "device none mounted ..."
	}
	if len(f) < 8 || f[0] != "device" || f[2] != "mounted" || f[3] != "on" || f[5] != "with" || f[6] != "fstype" {
		return m, false, false
	}
	m = Mountstat{Device: Unescape(f[1]), Point: Unescape(f[4]), Type: Unescape(f[7])}
	return m, len(f) > 8 && strings.HasPrefix(f[8], "statvers="), true
}

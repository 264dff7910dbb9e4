package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usandbox/usandbox/internal/procfs"
)

// cgroups tells the control groups, cgroups(7).
func (e *explanation) cgroups() {
	e.heading("control groups")
	text, err := e.read("cgroup")
	if err != nil {
		e.line("", "%s", hidden(err))
		return
	}
	for line := range strings.Lines(string(text)) {
		// 0::/path, or of the first version 4:cpu,cpuacct:/path
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) < 3 {
			continue
		}
		what := parts[1]
		if what == "" {
			what = "cgroup"
		}
		e.line(what, "%s", parts[2])
	}
	if len(text) == 0 {
		e.line("", "none")
	}
}

// mounts sums up the mounts that the process sees.
func (e *explanation) mounts() {
	e.heading("mounts")
	s, err := e.readMounts()
	if err != nil {
		e.line("", "%s", hidden(err))
		return
	}
	e.line("mounts", "%s", s.types())
	e.line("read-only", "%d of them", s.readOnly)
	e.line("propagation", "%s", s.propagation())
	if s.binds > 0 {
		e.line("bind mounts", "%d that show a part of their file system", s.binds)
	}
	if s.namespaces > 0 {
		e.line("namespaces", "%s kept by a mount", count(s.namespaces, "namespace"))
	}
	if len(s.stats) == 0 {
		e.line("statistics", "none: only NFS keeps some")
	}
	for _, m := range s.stats {
		e.line("statistics", "%s %s on %s: mounted for %v, %s read, %s written", m.Type, m.Device, m.Point, m.Age, amount(m.Read), amount(m.Written))
	}
}

// mountSummary is what mounts, mountinfo and mountstats say together.
type mountSummary struct {
	byType                map[string]int
	count, readOnly       int
	shared, slave, unbind int
	private               int
	binds, namespaces     int
	stats                 []procfs.Mountstat
}

func (e *explanation) readMounts() (*mountSummary, error) {
	var texts [3][]byte
	for i, name := range []string{"mountinfo", "mounts", "mountstats"} {
		var err error
		if texts[i], err = e.read(name); err != nil {
			return nil, err
		}
	}
	return summary(texts[0], texts[1], texts[2])
}

// summary sums up the three files. Each is of a moment of its own.
func summary(mountinfo, mounts, mountstats []byte) (*mountSummary, error) {
	s := &mountSummary{byType: map[string]int{}}
	list, err := procfs.ParseMountinfo(mountinfo)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		s.count++
		s.byType[m.Type]++
		switch {
		case m.Type == "nsfs":
			s.namespaces++
		case m.Root != "/":
			s.binds++
		}
		if m.Shared {
			s.shared++
		}
		if m.Slave {
			s.slave++
		}
		if m.Unbind {
			s.unbind++
		}
		if !m.Shared && !m.Slave && !m.Unbind {
			s.private++
		}
	}
	options, err := procfs.ParseMounts(mounts)
	if err != nil {
		return nil, err
	}
	for _, m := range options {
		if m.ReadOnly() {
			s.readOnly++
		}
	}
	_, s.stats, err = procfs.ParseMountstats(mountstats)
	return s, err
}

// types are the file systems, the most frequent first.
func (s *mountSummary) types() string {
	names := slices.SortedFunc(maps.Keys(s.byType), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.byType[b], s.byType[a]), cmp.Compare(a, b))
	})
	var list []string
	for _, n := range names {
		list = append(list, fmt.Sprintf("%d %s", s.byType[n], n))
	}
	return fmt.Sprintf("%d: %s", s.count, strings.Join(list, ", "))
}

// propagation is mount_namespaces(7). A mount may be shared and a slave.
func (s *mountSummary) propagation() string {
	var list []string
	for _, p := range []struct {
		n    int
		name string
	}{{s.shared, "shared"}, {s.slave, "slave"}, {s.private, "private"}, {s.unbind, "unbindable"}} {
		if p.n > 0 {
			list = append(list, fmt.Sprintf("%d %s", p.n, p.name))
		}
	}
	return strings.Join(list, ", ")
}

// amount prints a number of bytes with three digits or so.
func amount(n uint64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", value, units[unit])
}

package network

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// String is "443" or "8000-8010".
func (r PortRange) String() string {
	if r.First == r.Last {
		return strconv.Itoa(int(r.First))
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

func (r PortRange) holds(port uint16) bool { return r.First <= port && port <= r.Last }

// webPorts are those of a rule that names none.
func webPorts() []PortRange { return []PortRange{{80, 80}, {443, 443}} }

// parsePorts reads "443", "80,443", "8000-8010" or "*". Nil: all.
func parsePorts(spec, text string) ([]PortRange, error) {
	if text == "*" {
		return nil, nil
	}
	var list []PortRange
	for field := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(field, "-")
		if !isRange {
			last = first
		}
		from, ok := parsePort(first)
		to, ok2 := parsePort(last)
		switch {
		case !ok || !ok2:
			return nil, problem(spec, fmt.Sprintf("%q is no port from 1 to 65535", field), portHint(field))
		case from > to:
			return nil, problem(spec, fmt.Sprintf("the ports %q end before they begin", field), "")
		}
		list = append(list, PortRange{from, to})
	}
	return joinPorts(list), nil
}

func portHint(field string) string {
	if field == "*" {
		return "* stands alone, for every port"
	}
	return "ports are written 443, or 80,443, or 8000-8010, or * for all"
}

// parsePort reads a port other than 0, in plain decimal.
func parsePort(text string) (uint16, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil && n > 0 && text[0] != '+' && text[0] != '0'
}

// joinPorts sorts a list and joins what touches. Nil: all ports.
func joinPorts(list []PortRange) []PortRange {
	slices.SortFunc(list, func(a, b PortRange) int { return int(a.First) - int(b.First) })
	joined := list[:1]
	for _, r := range list[1:] {
		if last := &joined[len(joined)-1]; int(r.First) <= int(last.Last)+1 {
			last.Last = max(last.Last, r.Last)
		} else {
			joined = append(joined, r)
		}
	}
	if joined[0] == (PortRange{1, 65535}) {
		return nil
	}
	return slices.Clip(joined)
}

// holdsPort reports whether a list, nil for all, holds a port.
func holdsPort(list []PortRange, port uint16) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(r PortRange) bool { return r.holds(port) })
}

// portsString is the list as parsePorts reads it.
func portsString(list []PortRange) string {
	if len(list) == 0 {
		return "*"
	}
	var b strings.Builder
	for i, r := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(r.String())
	}
	return b.String()
}

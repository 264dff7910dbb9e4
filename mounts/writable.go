package mounts

import (
	"maps"
	"path"
	"slices"
)

// Writable is a place in a finished tree where something can be written.
type Writable struct {
	Path    string // in the tree, without symlinks
	File    bool   // it is a file, not a folder
	Devices bool   // device nodes in it work
	Fixed   bool   // only what is there can be written to: a proc, and the devices on a read-only mount
}

// writable are the places where something can be written, sorted; none below another one
// where all can be done that it allows, as the two are one for whoever adds rights up.
func (s *shape) writable() []Writable { return s.root.collect(nil, "/", nil) }

// collect appends to list what is at p and below. Above are the places on the way there.
func (b *branch) collect(list []Writable, p string, above []Writable) []Writable {
	if w, ok := b.node.writes(p); ok && b.known && !slices.ContainsFunc(above, w.isWithin) {
		list = append(list, w)
		above = append(above[:len(above):len(above)], w)
	}
	for _, name := range slices.Sorted(maps.Keys(b.below)) {
		list = b.below[name].collect(list, path.Join(p, name), above)
	}
	return list
}

// isWithin reports whether all that w allows is allowed by another place above it.
func (w Writable) isWithin(above Writable) bool {
	return (w.Fixed || !above.Fixed) && (above.Devices || !w.Devices)
}

// writes is what can be written to where a node is mounted. Not ok: nothing.
func (n node) writes(p string) (w Writable, ok bool) {
	w = Writable{Path: p, File: n.file, Devices: n.devices}
	switch {
	case n.kind == ownFolder:
		return w, n.fd != nil
	case n.kind != foreign:
		return w, false
	}
	w.Fixed = !n.writable // a device can be written to on a read-only mount
	return w, n.writable || n.proc || n.devices
}

// hasDevices reports whether device nodes work there or below.
func (b *branch) hasDevices() bool {
	if b == nil || b.devices {
		return b != nil
	}
	for _, next := range b.below {
		if next.hasDevices() {
			return true
		}
	}
	return false
}

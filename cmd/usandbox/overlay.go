package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

// tellOverlays tells what cannot be done in an overlay that is kept in memory: before Linux
// 6.6 a tmpfs has no extended attributes of users, by which a folder is marked as made anew.
func tellOverlays(p *sandbox.Policy) {
	for _, m := range p.Files {
		o, ok := m.(mounts.Overlay)
		if !ok || o.Upper != "" || o.ReadOnly {
			continue
		}
		if release := kernel(); older(release, 6, 6) {
			fmt.Fprintf(os.Stderr, "usandbox: overlay %s: a folder of it cannot be removed or renamed (%q), as what is changed is kept in memory and this is Linux %s; 6.6 can, and --overlay SRC:DST:upper=DIR,work=DIR\n",
				o.Target, unix.EIO.Error(), release)
		}
		return
	}
}

// kernel is the release of the running kernel, uname(2).
func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// older reports whether a release is before a version. One that cannot be read is not.
func older(release string, major, minor int) bool {
	var a, b int
	if n, _ := fmt.Sscanf(release, "%d.%d", &a, &b); n != 2 {
		return false
	}
	return a < major || a == major && b < minor
}

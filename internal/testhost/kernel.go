package testhost

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// Newer reports whether this is that Linux or a newer one, uname(2).
func Newer(major, minor int) bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return false
	}
	return newer(unix.ByteSliceToString(u.Release[:]), major, minor)
}

func newer(release string, major, minor int) bool {
	var a, b int
	fmt.Sscanf(release, "%d.%d", &a, &b)
	return a > major || a == major && b >= minor
}

// Need skips the test if the kernel has not got something, which is there since the
// Linux of that version. Where the kernel is as new as that the test fails instead:
// whatever finds out that it has not got it is wrong. The reason stands in
// tests/skips.txt.
func Need(t testing.TB, has bool, what string, major, minor int) {
	t.Helper()
	switch {
	case has:
	case Newer(major, minor):
		t.Fatalf("%s: not found, though this is Linux %d.%d or newer", what, major, minor)
	default:
		t.Skipf("skip: no %s before Linux %d.%d", what, major, minor)
	}
}

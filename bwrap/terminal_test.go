package bwrap

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestTerminalFilter runs the filter over calls of every architecture that it knows: one that
// it lets pass would be the way to the terminal's input, 32-bit calls on a 64-bit kernel included.
func TestTerminalFilter(t *testing.T) {
	const refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	const other = 0x5413 // TIOCGWINSZ
	for _, x := range []struct {
		arch, ioctl, another uint32
	}{
		{auditX8664, ioctlX8664, 54},
		{auditX8664, ioctlX32, 514},
		{auditI386, ioctlI386, 16},
		{auditARM, ioctlARM, 29},
		{auditARM64, ioctlARM64, 54},
	} {
		for _, request := range []uint32{requestSTI, requestLinx} {
			if got := filter(t, x.arch, x.ioctl, request); got != refuse {
				t.Errorf("architecture %#x, call %d, request %#x: %#x; want EPERM", x.arch, x.ioctl, request, got)
			}
			if got := filter(t, x.arch, x.another, request); got != unix.SECCOMP_RET_ALLOW {
				t.Errorf("architecture %#x, call %d: %#x; want it allowed", x.arch, x.another, got)
			}
		}
		if got := filter(t, x.arch, x.ioctl, other); got != unix.SECCOMP_RET_ALLOW {
			t.Errorf("architecture %#x, request %#x: %#x; want it allowed", x.arch, other, got)
		}
	}
	if got := filter(t, 0xc00000f3, ioctlX8664, requestSTI); got != unix.SECCOMP_RET_ALLOW {
		t.Errorf("another architecture: %#x; want it allowed", got)
	}
}

// filter is what the filter says about a call.
func filter(t *testing.T, arch, nr, request uint32) uint32 {
	t.Helper()
	data := map[uint32]uint32{0: nr, 4: arch, 24: request}
	var a uint32
	for at := 0; at < len(terminalFilter); at++ {
		switch f := terminalFilter[at]; f.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			a = data[f.K]
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			if a == f.K {
				at += int(f.Jt)
			} else {
				at += int(f.Jf)
			}
		case unix.BPF_RET | unix.BPF_K:
			return f.K
		default:
			t.Fatalf("instruction %d: code %#x", at, f.Code)
		}
	}
	t.Fatal("the filter has no end")
	return 0
}

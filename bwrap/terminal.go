package bwrap

import "golang.org/x/sys/unix"

// Numbers of ioctl(2), by the architecture as a filter sees it.
const (
	auditX8664, auditI386   = 0xc000003e, 0x40000003
	auditARM64, auditARM    = 0xc00000b7, 0x40000028
	ioctlX8664, ioctlX32    = 16, 0x40000000 + 514
	ioctlI386, ioctlARM     = 54, 54
	ioctlARM64              = 29
	requestSTI, requestLinx = 0x5412, 0x541c // TIOCSTI, TIOCLINUX
)

// terminalFilter refuses, with EPERM, to put text into the input of a terminal, and lets
// everything else pass. It says nothing about architectures that it does not know.
var terminalFilter = []unix.SockFilter{
	word(4), // the architecture
	equal(auditX8664, 4, 0),
	equal(auditI386, 7, 0),
	equal(auditARM, 6, 0),
	equal(auditARM64, 8, 0),
	allow,
	word(0),
	equal(ioctlX8664, 7, 0),
	equal(ioctlX32, 6, 0),
	allow,
	word(0), // 10: i386, arm
	equal(ioctlI386, 3, 0),
	allow,
	word(0), // 13: arm64
	equal(ioctlARM64, 0, 3),
	word(24), // 15: the request, its low half
	equal(requestSTI, 2, 0),
	equal(requestLinx, 1, 0),
	allow,
	{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
}

var allow = unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}

func word(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func equal(value uint32, yes, no uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: value, Jt: yes, Jf: no}
}

package inside

import (
	"encoding/binary"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Listener is a listening TCP socket, which does not block.
type Listener struct {
	File *os.File // the Namespace's

	// Port is the one that it listens on; 0: connections to many ports arrive here.
	Port uint16

	// Original is where an accepted connection was to go. Addresses of IPv4 are not in the
	// form of IPv6.
	Original func(fd int) (netip.AddrPort, error)
}

// bound is the address that the socket itself has, which is the one that was connected to. It is
// getsockname(2), of which the function of package unix asks for the protocol beside.
func bound(fd int) (netip.AddrPort, error) {
	var sa unix.RawSockaddrInet6 // the larger one
	size := uint32(unsafe.Sizeof(sa))
	if _, _, errno := unix.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size))); errno != 0 {
		return netip.AddrPort{}, failed("ask where a connection was to go", errno)
	}
	return rawAddrPort(&sa), nil
}

// rawAddrPort is what the kernel wrote.
func rawAddrPort(sa *unix.RawSockaddrInet6) netip.AddrPort {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:])
	if sa.Family == unix.AF_INET {
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), port)
}

// originalDestination is SO_ORIGINAL_DST of linux/netfilter_ipv4.h, and IP6T_SO_ORIGINAL_DST.
const originalDestination = 80

// beforeRedirect is what conntrack remembers of a connection whose destination was changed.
func beforeRedirect(fd int) (netip.AddrPort, error) {
	var sa unix.RawSockaddrInet6 // the larger one
	size, level := uint32(unsafe.Sizeof(sa)), unix.SOL_IP
	if family, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && family == unix.AF_INET6 {
		level = unix.SOL_IPV6
	}
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), originalDestination,
		uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return netip.AddrPort{}, failed("ask where a connection was to go", errno)
	}
	return rawAddrPort(&sa), nil
}

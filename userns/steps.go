package userns

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Unshare appends the creation of new namespaces for the process (of PID and
// time, for its next children). Linux 5.6 for time, 4.6 for cgroup.
func Unshare(p *launch.Program, s Set) {
	if s == 0 {
		return
	}
	p.Doing("create the namespaces " + s.String())
	if s == SetOf(User) {
		p.Doing("create the user namespace")
	}
	p.Call(unix.SYS_UNSHARE, s.Flags())
}

// Hostname appends sethostname(2), in a UTS namespace of the process's own.
func Hostname(p *launch.Program, name string) {
	p.Doing(fmt.Sprintf("set the host name %q", name))
	p.Call(unix.SYS_SETHOSTNAME, name, len(name))
}

// Domainname appends setdomainname(2), in a UTS namespace of the process's own.
func Domainname(p *launch.Program, name string) {
	p.Doing(fmt.Sprintf("set the domain name %q", name))
	p.Call(unix.SYS_SETDOMAINNAME, name, len(name))
}

// LoopbackUp appends: the loopback interface of the process's network namespace
// is switched on, netdevice(7). That gives it 127.0.0.1 and ::1.
func LoopbackUp(p *launch.Program) {
	p.Doing("switch the loopback interface on")
	sock := p.Var("socket")
	p.Call(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0).To(sock)
	request := make([]byte, 40) // struct ifreq
	copy(request, "lo")
	binary.LittleEndian.PutUint16(request[16:], unix.IFF_UP|unix.IFF_RUNNING)
	p.Call(unix.SYS_IOCTL, sock, unix.SIOCSIFFLAGS, launch.Struct("lo, IFF_UP", request))
	p.Close(sock)
}

// Offsets are what a time namespace adds to the clocks, time_namespaces(7).
type Offsets struct {
	Monotonic, Boottime time.Duration // whole seconds
}

// TimeOffsets appends: the clocks of the time namespace that the process's next
// children will be in are offset.
func TimeOffsets(p *launch.Program, o Offsets) {
	var text strings.Builder
	for _, c := range []struct {
		name   string
		offset time.Duration
	}{{"monotonic", o.Monotonic}, {"boottime", o.Boottime}} {
		if c.offset != 0 {
			fmt.Fprintf(&text, "%s %d 0\n", c.name, int64(c.offset/time.Second))
		}
	}
	p.Doing("set the clocks' offsets")
	writeFile(p, "/proc/self/timens_offsets", text.String())
}

// TimeOffset appends: one clock, "monotonic" or "boottime", of the time namespace
// that the process's next children will be in is offset by whole seconds. The
// kernel answers ERANGE where the clock would be below zero, or above 146 years.
func TimeOffset(p *launch.Program, clock string, seconds int64) {
	p.Doing(fmt.Sprintf("offset the %s clock by %d seconds", clock, seconds))
	writeFile(p, "/proc/self/timens_offsets", fmt.Sprintf("%s %d 0\n", clock, seconds))
}

func writeFile(p *launch.Program, name, text string) {
	fd := p.Var("file")
	p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, name, unix.O_WRONLY|unix.O_CLOEXEC).To(fd)
	p.Call(unix.SYS_WRITE, fd, text, len(text))
	p.Close(fd)
}

package escape

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

const vsock = "AF_VSOCK belongs to no network namespace, and reaches the hypervisor of a virtual machine"

const ownNetwork = "a network namespace of its own, with nothing but a loopback interface"

var network = []attack{
	{
		name:    "services on the caller's loopback",
		tries:   "connect to a TCP and send to a UDP socket of the caller by every address of the machine",
		defence: ownNetwork,
		inside: func(p *prisoner) {
			refused := []error{unix.ECONNREFUSED, unix.ENETUNREACH, unix.EADDRNOTAVAIL, unix.EACCES, unix.EINVAL}
			for _, address := range p.args {
				host, port, _ := net.SplitHostPort(address)
				p.refused("connect to "+host, dialTCP(host, port), refused...)
			}
		},
		outside: func(s *scene) {
			l, err := net.Listen("tcp", ":0")
			s.must(err)
			defer l.Close()
			_, port, _ := net.SplitHostPort(l.Addr().String())
			addresses, err := net.InterfaceAddrs()
			s.must(err)
			s.say = []string{net.JoinHostPort("::ffff:127.0.0.1", port), net.JoinHostPort("127.8.9.1", port), net.JoinHostPort("0.0.0.0", port)}
			for _, a := range addresses {
				if ip, ok := a.(*net.IPNet); ok {
					s.say = append(s.say, net.JoinHostPort(ip.IP.String(), port))
				}
			}
			reached := make(chan string, 1)
			go func() {
				if c, err := l.Accept(); err == nil {
					reached <- c.RemoteAddr().String()
					c.Close()
				}
			}()
			s.launch()
			select {
			case who := <-reached:
				s.Errorf("somebody connected: %s", who)
			default:
			}
		},
	}, {
		name:    "abstract socket of the caller",
		tries:   "connect to an abstract unix socket, and send to one",
		defence: ownNetwork + ", which abstract sockets belong to",
		inside:  connectAbstract,
		outside: listenAbstract,
	}, {
		name:    "socket in a read-only folder",
		tries:   "connect to a unix socket of the caller in a folder that is shown read-only",
		defence: "none: read-only is not inert; the default profile shows no folder for sockets",
		under:   []string{build},
		gives:   map[string]string{build: "a folder is shown by name, with the sockets in it"},
		inside: func(p *prisoner) {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			p.worked("socket", err)
			p.succeedsOr("connect", unix.Connect(fd, &unix.SockaddrUnix{Name: "/shown/socket"}))
		},
		outside: func(s *scene) {
			shown := filepath.Join(s.base, "shown")
			s.mkdir(shown)
			dir, err := os.Open(shown)
			s.must(err)
			defer dir.Close()
			l, err := net.Listen("unix", fmt.Sprintf("/proc/self/fd/%d/socket", dir.Fd()))
			s.must(err)
			defer l.Close()
			s.must(os.Chmod(filepath.Join(shown, "socket"), 0o777))
			s.show(shown, "/shown", false)
			s.launch()
		},
	}, {
		name:    "families of sockets",
		tries:   "talk to the hypervisor (AF_VSOCK), the kernel's ciphers (AF_ALG), raw packets, netlink, bluetooth, CAN, TIPC and every other family",
		defence: "the families are denied; what remains sees the network namespace alone, and has no capability in it",
		gives:   map[string]string{bare: vsock, allCaps: "CAP_NET_RAW and CAP_NET_ADMIN open every family; " + vsock},
		inside:  tryFamilies,
	}, {
		name:    "io_uring",
		tries:   "make sockets and open files by io_uring, around what looks at system calls",
		defence: "io_uring is denied; its operations are confined by the namespaces like any other",
		inside:  tryRing,
		outside: func(s *scene) {
			s.say = []string{filepath.Join(s.secret, "token")}
			s.launch()
		},
	},
}

func dialTCP(host, port string) error {
	ip := net.ParseIP(host)
	var number int
	fmt.Sscan(port, &number)
	if v4 := ip.To4(); v4 != nil {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Connect(fd, &unix.SockaddrInet4{Port: number, Addr: [4]byte(v4)})
	}
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrInet6{Port: number, Addr: [16]byte(ip.To16())})
}

func listenAbstract(s *scene) {
	name := "@usandbox-" + filepath.Base(s.base)
	l, err := net.Listen("unix", name)
	s.must(err)
	defer l.Close()
	d, err := net.ListenPacket("unixgram", name+"-dgram")
	s.must(err)
	defer d.Close()
	s.say = []string{name}
	s.launch()
}

func connectAbstract(p *prisoner) {
	refused := []error{unix.ECONNREFUSED, unix.EPERM, unix.EACCES}
	for kind, name := range map[int]string{unix.SOCK_STREAM: p.args[0], unix.SOCK_DGRAM: p.args[0] + "-dgram"} {
		fd, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
		p.worked("socket", err)
		address := &unix.SockaddrUnix{Name: name}
		p.succeedsOr("connect to an abstract socket of the caller", unix.Connect(fd, address), refused...)
		if kind == unix.SOCK_DGRAM {
			p.succeedsOr("send to an abstract socket of the caller", unix.Sendto(fd, []byte("x"), 0, address), refused...)
		}
		unix.Close(fd)
	}
}

func tryFamilies(p *prisoner) {
	missing := []error{unix.EPERM, unix.EACCES, unix.EAFNOSUPPORT, unix.EPROTONOSUPPORT, unix.ESOCKTNOSUPPORT, unix.EINVAL, unix.ENOPROTOOPT, unix.ENODEV}
	for family := range 64 {
		switch family {
		case unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK:
			continue
		}
		for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET} {
			fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				p.refused(fmt.Sprint("socket of family ", family), err, missing...)
				continue
			}
			p.family(family, fd)
			unix.Close(fd)
		}
	}
	for protocol := range 32 {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
		if err != nil {
			p.refused(fmt.Sprint("netlink protocol ", protocol), err, missing...)
			continue
		}
		if !p.filtered() || protocol == unix.NETLINK_ROUTE {
			unix.Close(fd) // of this network namespace
			continue
		}
		p.bad("netlink protocol %d can be had", protocol)
	}
}

// family says what it means that a socket of a family can be made.
func (p *prisoner) family(family, fd int) {
	p.tried++
	switch {
	case p.filtered():
		p.bad("a socket of family %d can be made", family)
	case family == unix.AF_VSOCK && p.attack.gives[p.policy] == "": // of no network namespace
		switch err := unix.Connect(fd, &unix.SockaddrVM{CID: unix.VMADDR_CID_HOST, Port: 1}); err {
		case nil, unix.ECONNREFUSED, unix.ECONNRESET:
			p.bad("the hypervisor answers: %v", err)
		}
	case family == unix.AF_PACKET && !p.has():
		p.bad("packets can be seen")
	}
}

// ring is a ring of io_uring(7) with one entry at a time.
type ring struct {
	fd                          int
	submission, completion, sqe []byte
	params                      ringParams
}

// ringParams is a struct io_uring_params.
type ringParams struct {
	entries, completions, flags, cpu, idle, features, wq uint32
	spare                                                [3]uint32
	sq                                                   struct {
		head, tail, mask, entries, flags, dropped, array, spare uint32
		address                                                 uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags, spare uint32
		address                                                 uint64
	}
}

func newRing() (*ring, error) {
	r := &ring{}
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&r.params)), 0)
	if errno != 0 {
		return nil, errno
	}
	r.fd = int(fd)
	for _, m := range []struct {
		to     *[]byte
		offset int64
	}{{&r.submission, 0}, {&r.completion, 0x8000000}, {&r.sqe, 0x10000000}} {
		var err error
		if *m.to, err = unix.Mmap(r.fd, m.offset, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func word(b []byte, at uint32) *uint32 { return (*uint32)(unsafe.Pointer(&b[at])) }

// do has one operation done and returns its result.
func (r *ring) do(op byte, fd int32, offset, address uint64, flags uint32) int32 {
	clear(r.sqe[:64])
	r.sqe[0] = op
	*word(r.sqe, 4) = uint32(fd)
	*(*uint64)(unsafe.Pointer(&r.sqe[8])) = offset
	*(*uint64)(unsafe.Pointer(&r.sqe[16])) = address
	*word(r.sqe, 28) = flags
	tail := word(r.submission, r.params.sq.tail)
	*word(r.submission, r.params.sq.array+4*(*tail&*word(r.submission, r.params.sq.mask))) = 0
	*tail++
	const getEvents = 1
	if _, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), 1, 1, getEvents, 0, 0); errno != 0 {
		return -int32(errno)
	}
	head := word(r.completion, r.params.cq.head)
	result := *word(r.completion, r.params.cq.cqes+16*(*head&*word(r.completion, r.params.cq.mask))+8)
	*head++
	return int32(result)
}

var devNull = []byte("/dev/null\x00")

func tryRing(p *prisoner) {
	r, err := newRing()
	if p.filtered() || err != nil {
		p.refused("io_uring_setup", err, unix.EPERM, unix.ENOSYS)
		return
	}
	const openAt, socket = 18, 45
	if got := r.do(openAt, unix.AT_FDCWD, 0, uint64(uintptr(unsafe.Pointer(&devNull[0]))), unix.O_RDONLY); got < 0 {
		p.bad("BUG: io_uring does not work: %v", unix.Errno(-got))
	}
	name := append([]byte(p.args[0]), 0)
	if got := r.do(openAt, unix.AT_FDCWD, 0, uint64(uintptr(unsafe.Pointer(&name[0]))), unix.O_RDONLY); got >= 0 {
		text := make([]byte, 64)
		unix.Read(int(got), text)
		os.Stdout.Write(text)
		p.bad("the secret is opened")
	}
	if got := r.do(socket, unix.AF_PACKET, unix.SOCK_RAW, 0, 0); got >= 0 && !p.has() {
		p.bad("a packet socket is made")
	}
	p.tried++
}

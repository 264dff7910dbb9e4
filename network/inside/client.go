package inside

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// Bounds of one search for a client: the command decides how many processes and files there are.
const (
	maxProcesses = 2048 // of the whole machine that are looked at
	maxFiles     = 16384
	maxAnswers   = 64 << 10 // bytes of sock_diag's
)

// Client tells who in the sandbox has the connection, or the UDP socket, with the address:
// process id outside, and name. For reports only: it is not always found, it costs some
// milliseconds, and a program can call itself anything.
func (n *Namespace) Client(proto network.Protocol, client netip.AddrPort) (pid int, program string, ok bool) {
	inode, err := n.inode(proto, client)
	if err != nil {
		return 0, "", false
	}
	pid, ok = n.holder(inode)
	if !ok {
		return 0, "", false
	}
	name, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return pid, strings.TrimSuffix(string(name), "\n"), err == nil
}

var errNotFound = errors.New("not found")

// inode is the number of a socket's file, by sock_diag(7): it is asked for all sockets with that
// port.
func (n *Namespace) inode(proto network.Protocol, client netip.AddrPort) (uint32, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	sockets := n.of(useDiag)
	if n.closed || len(sockets) == 0 {
		return 0, errNotFound
	}
	families := []uint8{unix.AF_INET6}
	if client.Addr().Unmap().Is4() { // whose socket may be one of IPv6
		families = []uint8{unix.AF_INET, unix.AF_INET6}
	}
	for _, f := range families {
		if inode, err := askDiag(sockets[0].fd, diagRequest(f, proto, client.Port()), client); err == nil {
			return inode, nil
		}
	}
	return 0, errNotFound
}

// linux/inet_diag.h, linux/sock_diag.h
const (
	sockDiagByFamily = 20
	diagBytecode     = 1  // INET_DIAG_REQ_BYTECODE
	opSourceAtLeast  = 2  // INET_DIAG_BC_S_GE
	opSourceAtMost   = 3  // INET_DIAG_BC_S_LE
	sizeofDiag       = 72 // struct inet_diag_msg
	listening        = 1 << 10
)

// diagRequest asks for the sockets that are not listening and have a port.
func diagRequest(family uint8, proto network.Protocol, port uint16) *request {
	r := &request{}
	r.begin("ask for a socket", sockDiagByFamily, unix.NLM_F_DUMP)
	protocol := byte(unix.IPPROTO_TCP)
	if proto == network.UDP {
		protocol = unix.IPPROTO_UDP
	}
	r.buf = append(r.buf, family, protocol, 0, 0) // struct inet_diag_req_v2
	r.buf = binary.NativeEndian.AppendUint32(r.buf, 0xffffffff&^listening)
	r.buf = append(r.buf, make([]byte, 48)...) // struct inet_diag_sockid
	// Two steps of struct inet_diag_bc_op, each with a port in a second one: to the next if it
	// holds, else beyond the end, which says no.
	var code []byte
	for i, op := range []byte{opSourceAtLeast, opSourceAtMost} {
		code = append(code, op, 8)
		code = binary.NativeEndian.AppendUint16(code, uint16(16-8*i+4))
		code = append(code, 0, 0)
		code = binary.NativeEndian.AppendUint16(code, port)
	}
	r.attribute(diagBytecode, code...)
	r.finish()
	return r
}

// askDiag sends a question, and finds the client in the answers.
func askDiag(fd int, r *request, client netip.AddrPort) (inode uint32, err error) {
	if err := unix.Sendto(fd, r.buf, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, err
	}
	buf := make([]byte, 32<<10)
	inode, err = 0, errNotFound
	for read := 0; ; { // to the end: what is left would answer the next question
		n, from, failed := unix.Recvfrom(fd, buf, unix.MSG_DONTWAIT)
		switch {
		case failed == unix.EINTR:
			continue
		case failed != nil:
			return inode, err
		}
		if sender, ok := from.(*unix.SockaddrNetlink); !ok || sender.Pid != 0 {
			continue
		}
		if read += n; read > maxAnswers && errors.Is(err, errNotFound) {
			err = unix.E2BIG
		}
		found, done := findSocket(buf[:n], client)
		if found != 0 {
			inode, err = found, nil
		}
		if done {
			return inode, err
		}
	}
}

// findSocket looks for a client's socket in what sock_diag has sent.
func findSocket(b []byte, client netip.AddrPort) (inode uint32, done bool) {
	want := client.Addr().Unmap()
	for len(b) >= headerSize {
		size, kind := int(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint16(b[4:])
		if size < headerSize || size > len(b) {
			return inode, true
		}
		body := b[headerSize:size]
		switch {
		case kind == unix.NLMSG_DONE || kind == unix.NLMSG_ERROR:
			return inode, true
		case kind == sockDiagByFamily && len(body) >= sizeofDiag && binary.BigEndian.Uint16(body[4:]) == client.Port():
			a := netip.AddrFrom16([16]byte(body[8:24])).Unmap()
			if body[0] == unix.AF_INET {
				a = netip.AddrFrom4([4]byte(body[8:12]))
			}
			if number := binary.NativeEndian.Uint32(body[68:]); number != 0 && (a == want || a.IsUnspecified()) {
				inode = number
			}
		}
		b = b[min(len(b), (size+alignment-1)&^(alignment-1)):]
	}
	return inode, false
}

// holder is a process of the sandbox that has a socket open.
func (n *Namespace) holder(inode uint32) (pid int, ok bool) {
	own, err := n.id()
	if err != nil {
		return 0, false
	}
	proc, err := os.Open("/proc")
	if err != nil {
		return 0, false
	}
	defer proc.Close()
	want, files := "socket:["+strconv.FormatUint(uint64(inode), 10)+"]", maxFiles
	self := os.Getpid()
	for left := maxProcesses; left > 0 && files > 0; {
		names, err := proc.Readdirnames(256)
		for _, name := range names {
			pid, err := strconv.Atoi(name)
			if err != nil || pid == self || left == 0 || files <= 0 {
				continue
			}
			left--
			if net, err := os.Readlink("/proc/" + name + "/ns/net"); err != nil || net != own {
				continue
			}
			if has(name, want, &files) {
				return pid, true
			}
		}
		if err != nil {
			return 0, false
		}
	}
	return 0, false
}

// has reports whether a process has a file open, and counts what it looks at.
func has(pid, want string, left *int) bool {
	dir, err := os.Open("/proc/" + pid + "/fd")
	if err != nil {
		return false
	}
	defer dir.Close()
	for *left > 0 {
		names, err := dir.Readdirnames(256)
		for _, name := range names {
			if *left--; *left < 0 {
				return false
			}
			if link, err := os.Readlink("/proc/" + pid + "/fd/" + name); err == nil && link == want {
				return true
			}
		}
		if err != nil {
			return false
		}
	}
	return false
}

// id is the network namespace as links in /proc name it, namespaces(7).
func (n *Namespace) id() (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || len(n.sockets) == 0 {
		return "", errNotFound
	}
	if n.name == "" {
		fd, err := unix.IoctlRetInt(n.sockets[0].fd, unix.SIOCGSKNS)
		if err != nil {
			return "", err
		}
		defer unix.Close(fd)
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return "", err
		}
		n.name = "net:[" + strconv.FormatUint(st.Ino, 10) + "]"
	}
	return n.name, nil
}

package inside

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// The tests have a process in namespaces of its own make the sockets, as a sandbox's init does, and
// then do what they say, as the command does.

func TestMain(m *testing.M) {
	if os.Getenv("INSIDE_CHILD") != "" {
		if err := beChild(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// order is what the child is told to do.
type order struct {
	Do      string // "tcp", "udp", "listen", "say"
	Network string
	Address string
	Text    string
}

// outcome is what came of it.
type outcome struct {
	Local, Remote string
	Text          string
	Error         string
	Errno         int
}

func beChild() error {
	sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(sock, unix.SIOCSIFFLAGS, ifr); err != nil {
		return err
	}
	in := json.NewDecoder(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	var setting struct {
		Sockets []Socket
		NoIPv6  bool
	}
	if err := in.Decode(&setting); err != nil {
		return err
	}
	if setting.NoIPv6 {
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0); err != nil {
			return err
		}
	}
	var fds []int
	for _, s := range setting.Sockets {
		fd, err := unix.Socket(s.Family, s.Type|unix.SOCK_CLOEXEC, s.Protocol)
		if err != nil {
			return fmt.Errorf("make %v: %w", s, err)
		}
		fds = append(fds, fd)
	}
	if err := unix.Sendmsg(3, []byte("sockets"), unix.UnixRights(fds...), nil, 0); err != nil {
		return err
	}
	for _, fd := range fds {
		unix.Close(fd)
	}
	for {
		var o order
		if err := in.Decode(&o); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		done, err := o.run()
		if err != nil {
			done.Error = err.Error()
			var errno syscall.Errno
			if errors.As(err, &errno) {
				done.Errno = int(errno)
			}
		}
		if err := out.Encode(done); err != nil {
			return err
		}
	}
}

const moment = 3 * time.Second

var kept []io.Closer

func (o order) run() (done outcome, err error) {
	switch o.Do {
	case "listen":
		l, err := net.Listen(o.Network, o.Address)
		if err != nil {
			return done, err
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				fmt.Fprintf(c, "%s from %s\n", o.Text, c.RemoteAddr())
				c.Close()
			}
		}()
		done.Local = l.Addr().String()
	case "tcp", "hold":
		c, err := net.DialTimeout(o.Network, o.Address, moment)
		if err != nil {
			return done, err
		}
		done.Local, done.Remote = c.LocalAddr().String(), c.RemoteAddr().String()
		if o.Do == "hold" {
			kept = append(kept, c)
			return done, nil
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(moment))
		done.Text, err = bufio.NewReader(c).ReadString('\n')
		return done, err
	case "udp":
		c, err := net.Dial(o.Network, o.Address)
		if err != nil {
			return done, err
		}
		defer c.Close()
		done.Local, done.Remote = c.LocalAddr().String(), c.RemoteAddr().String()
		c.SetDeadline(time.Now().Add(moment))
		if _, err := io.WriteString(c, o.Text); err != nil {
			return done, err
		}
		b := make([]byte, 1<<16)
		n, err := c.Read(b)
		done.Text = string(b[:n])
		return done, err
	}
	return done, nil
}

// child is the process in the namespaces.
type child struct {
	t   *testing.T
	cmd *exec.Cmd
	in  *json.Encoder
	out *json.Decoder
}

// setting is what a test wants of the namespace.
type setting struct {
	policy network.Policy
	noIPv6 bool
	noNFT  bool // no nf_tables
}

// newNamespace is a namespace that is set up for a policy.
func newNamespace(t *testing.T, s setting) (*Namespace, *child, error) {
	t.Helper()
	list := Sockets(&s.policy)
	if s.noNFT {
		f := tried()
		f.nft = false
		list = nil
		for _, r := range roles(&s.policy, f) {
			list = append(list, r.Socket)
		}
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	theirs := os.NewFile(uintptr(pair[1]), "theirs")
	defer theirs.Close()
	c := &child{t: t, cmd: exec.Command("/proc/self/exe")}
	c.cmd.Env = append(os.Environ(), "INSIDE_CHILD=1")
	c.cmd.Stderr = os.Stderr
	c.cmd.ExtraFiles = []*os.File{theirs}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), ContainerID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), ContainerID: 0, Size: 1}},
	}
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		c.cmd.Wait()
	})
	c.in, c.out = json.NewEncoder(stdin), json.NewDecoder(stdout)
	if err := c.in.Encode(map[string]any{"Sockets": list, "NoIPv6": s.noIPv6}); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	oob := make([]byte, unix.CmsgSpace(4*253))
	_, oobn, _, _, err := unix.Recvmsg(pair[0], make([]byte, 64), oob, unix.MSG_CMSG_CLOEXEC)
	if err != nil || oobn == 0 {
		t.Fatal("no sockets have come: ", err)
	}
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil {
		t.Fatal(err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		t.Fatal(err)
	}
	var files []*os.File
	for _, fd := range fds {
		files = append(files, os.NewFile(uintptr(fd), "socket"))
	}
	n := Take(list, files)
	t.Cleanup(func() { n.Close() })
	return n, c, n.SetUp(&s.policy)
}

// do has the child do something.
func (c *child) do(o order) outcome {
	c.t.Helper()
	var done outcome
	if err := c.in.Encode(o); err != nil {
		c.t.Fatal(err)
	}
	if err := c.out.Decode(&done); err != nil {
		c.t.Fatal(err)
	}
	return done
}

// serve answers on every listener with where the connection was to go, and on every socket for
// packets likewise.
func serve(n *Namespace, t *testing.T) {
	for _, l := range n.Listeners() {
		serveOne(t, l)
	}
	for _, p := range n.Packets() {
		servePacket(p)
	}
}

func serveOne(t *testing.T, l Listener) {
	ln, err := net.FileListener(l.File)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			raw, _ := c.(*net.TCPConn).SyscallConn()
			raw.Control(func(fd uintptr) {
				to, err := l.Original(int(fd))
				fmt.Fprintf(c, "%v %v for %v\n", to, err, c.RemoteAddr())
			})
			go func() { io.Copy(io.Discard, c); c.Close() }()
		}
	}()
}

func servePacket(p *Packet) {
	go func() {
		b := make([]byte, 1<<16)
		for {
			size, client, to, err := p.ReadFrom(b)
			if err != nil {
				return
			}
			p.WriteTo(fmt.Appendf(nil, "%s of %d to %v for %v", b[:min(size, 20)], size, to, client), to, client)
		}
	}()
}

func allow(t *testing.T, specs ...string) (list []network.Rule) {
	t.Helper()
	for _, s := range specs {
		rules, err := network.ParseAllow(s, "test")
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rules...)
	}
	return list
}

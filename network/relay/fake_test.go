package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// fake is a namespace that is not one: its listener is on this machine's loopback, and a client
// says beforehand where its connection is to go.
type fake struct {
	t        testing.TB
	listener Listener
	packet   *fakePacket
	udp      net.PacketConn
	tcp      net.Listener

	mu       sync.Mutex
	original map[netip.AddrPort]netip.AddrPort // by the client's address
	ports    map[uint16]netip.AddrPort         // of published ports
	all      netip.AddrPort                    // if valid: of all clients
	opened   []network.Rule
	searched int
}

func newFake(t testing.TB) *fake {
	f := &fake{t: t, original: map[netip.AddrPort]netip.AddrPort{}, ports: map[uint16]netip.AddrPort{}}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 4096))
	}
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "listener")
	t.Cleanup(func() { file.Close() })
	f.listener = Listener{File: file, Original: f.originalOf}
	if f.udp, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if f.tcp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	f.packet = &fakePacket{in: make(chan fakeDatagram, 64), out: make(chan fakeDatagram, 4096)}
	t.Cleanup(func() { close(f.packet.in) })
	return f
}

func (f *fake) originalOf(fd int) (netip.AddrPort, error) {
	s, err := unix.Getpeername(fd)
	if err != nil {
		return netip.AddrPort{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all.IsValid() {
		return f.all, nil
	}
	a, ok := f.original[addrPort(s)]
	if !ok {
		return netip.AddrPort{}, errors.New("not told")
	}
	return a, nil
}

func (f *fake) Listeners() []Listener { return []Listener{f.listener} }
func (f *fake) Packets() []Packet     { return []Packet{f.packet} }
func (f *fake) Resolver() ([]net.PacketConn, []net.Listener) {
	return []net.PacketConn{f.udp}, []net.Listener{f.tcp}
}

func (f *fake) Dial(ctx context.Context, proto network.Protocol, port uint16) (int, error) {
	f.mu.Lock()
	a, ok := f.ports[port]
	f.mu.Unlock()
	if !ok {
		return -1, unix.ECONNREFUSED
	}
	c, err := net.Dial(proto.String(), a.String())
	if err != nil {
		return -1, err
	}
	defer c.Close()
	fd := -1
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return -1, err
	}
	raw.Control(func(s uintptr) { fd, err = unix.FcntlInt(s, unix.F_DUPFD_CLOEXEC, 3) })
	return fd, err
}

// publishes says what listens at a port of the sandbox.
func (f *fake) publishes(port uint16, a netip.AddrPort) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ports[port] = a
}

func (f *fake) Open(rules ...network.Rule) ([]Listener, []Packet, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened = append(f.opened, rules...)
	return nil, nil, nil
}

func (f *fake) Client(proto network.Protocol, a netip.AddrPort) (int, string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.searched++
	return 4711, "evil\x1b[31m", true
}

// dial makes a connection that goes, for the relay, to an address.
func (f *fake) dial(to netip.AddrPort) *net.TCPConn {
	f.t.Helper()
	c, err := f.try(to)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	return c
}

func (f *fake) try(to netip.AddrPort) (*net.TCPConn, error) {
	listener, err := unix.Getsockname(int(f.listener.File.Fd()))
	if err != nil {
		return nil, err
	}
	// Fd made the file blocking.
	unix.SetNonblock(int(f.listener.File.Fd()), true)
	d := net.Dialer{Timeout: 10 * time.Second, Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		c.Control(func(fd uintptr) {
			if err = unix.Bind(int(fd), &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
				return
			}
			var s unix.Sockaddr
			if s, err = unix.Getsockname(int(fd)); err == nil {
				f.mu.Lock()
				f.original[addrPort(s)] = to
				f.mu.Unlock()
			}
		})
		return err
	}}
	c, err := d.Dial("tcp4", addrPort(listener).String())
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn), nil
}

// refused makes a connection that must be reset, maybe before connect(2) returns.
func (f *fake) refused(to netip.AddrPort) {
	f.t.Helper()
	c, err := f.try(to)
	if errors.Is(err, unix.ECONNRESET) {
		return
	}
	if err != nil {
		f.t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "secret"); errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE) {
		return
	}
	wantReset(f.t, c)
}

type fakeDatagram struct {
	data         []byte
	client, host netip.AddrPort
}

type fakePacket struct{ in, out chan fakeDatagram }

func (p *fakePacket) ReadFrom(b []byte) (int, netip.AddrPort, netip.AddrPort, error) {
	d, ok := <-p.in
	if !ok {
		return 0, netip.AddrPort{}, netip.AddrPort{}, net.ErrClosed
	}
	return copy(b, d.data), d.client, d.host, nil
}

func (p *fakePacket) WriteTo(b []byte, from, client netip.AddrPort) error {
	p.out <- fakeDatagram{append([]byte(nil), b...), client, from}
	return nil
}

// bed is a relay under test.
type bed struct {
	*fake
	relay *Relay
	log   *lockedBuffer
	once  sync.Once
	sum   Summary
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func start(t testing.TB, p network.Policy, change ...func(*Options)) *bed {
	t.Helper()
	b := &bed{fake: newFake(t), log: &lockedBuffer{}}
	o := Options{Log: b.log, Resolver: resolver{}, Warn: func(s string) { t.Log("warning:", s) }}
	for _, f := range change {
		f(&o)
	}
	r, err := Start(b.fake, network.NewRules(p), o)
	if err != nil {
		t.Fatal(err)
	}
	b.relay = r
	t.Cleanup(func() { b.close() })
	return b
}

func (b *bed) close() Summary {
	b.once.Do(func() { b.sum = b.relay.Close() })
	return b.sum
}

// addr is where a name is, in the sandbox.
func (b *bed) addr(name string, port uint16) netip.AddrPort {
	v4, _, ok := b.relay.pool.Addresses(name)
	if !ok {
		b.t.Fatal("no address for ", name)
	}
	return netip.AddrPortFrom(v4, port)
}

// records are the lines of the log, once the relay is closed.
func (b *bed) records() []Record {
	b.t.Helper()
	b.close()
	var all []Record
	for _, line := range bytes.Split(bytes.TrimSpace([]byte(b.log.String())), []byte("\n")) {
		var r Record
		if len(line) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &r); err != nil {
			b.t.Fatalf("%q: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}

// resolver has the addresses of names. Of others there are none.
type resolver map[string][]string

func (r resolver) LookupNetIP(_ context.Context, network, host string) (list []netip.Addr, err error) {
	for _, s := range r[host[:len(host)-1]] {
		a := netip.MustParseAddr(s)
		if a.Is4() == (network == "ip4") {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return list, nil
}

func allow(t testing.TB, specs ...string) (rules []network.Rule) {
	t.Helper()
	for _, s := range specs {
		r, err := network.ParseAllow(s, "--allow")
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, r...)
	}
	return rules
}

func deny(t testing.TB, specs ...string) (rules []network.Rule) {
	t.Helper()
	for _, s := range specs {
		r, err := network.ParseDeny(s, "--deny")
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, r...)
	}
	return rules
}

func local(names ...string) (list []network.HostAddress) {
	for _, n := range names {
		list = append(list, network.HostAddress{Name: n, Addr: netip.MustParseAddr("127.0.0.1")})
	}
	return list
}

// wantReset reads until an error, which must be a reset, with no byte before it.
func wantReset(t testing.TB, c net.Conn) {
	t.Helper()
	b, err := io.ReadAll(c)
	if len(b) > 0 {
		t.Errorf("got %q", b)
	}
	if !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("the connection ended with %v, want a reset", err)
	}
}

func exchange(t testing.TB, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, len(text))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != text {
		t.Fatalf("got %q, %v, want %q", b, err, text)
	}
}

func find(t testing.TB, list []Record, want func(Record) bool) Record {
	t.Helper()
	i := slices.IndexFunc(list, want)
	if i < 0 {
		t.Fatalf("no such record in %+v", list)
	}
	return list[i]
}

func named(name string, port uint16) string { return fmt.Sprintf("%s:%d", name, port) }

// eventually waits for something that happens soon.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not seen: ", what)
		}
	}
}

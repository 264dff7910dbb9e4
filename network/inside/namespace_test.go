package inside

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// reaches has the child connect, and expects a listener of ours to have got it.
func reaches(t *testing.T, c *child, address string) {
	t.Helper()
	done := c.do(order{Do: "tcp", Network: "tcp", Address: address})
	if want := address + " <nil> for " + done.Local; strings.TrimSpace(done.Text) != want {
		t.Errorf("connect to %s: %+v, want %q", address, done, want)
	}
}

// refuses has the child connect, and expects an errno.
func refuses(t *testing.T, c *child, kind, address string, errno unix.Errno) {
	t.Helper()
	o := order{Do: "tcp", Network: "tcp", Address: address}
	if kind == "udp" {
		o = order{Do: "udp", Network: "udp", Address: address, Text: "x"}
	}
	if done := c.do(o); done.Errno != int(errno) {
		t.Errorf("%s to %s: %+v, want %v", kind, address, done, errno)
	}
}

func answers(t *testing.T, c *child, address string) {
	t.Helper()
	done := c.do(order{Do: "udp", Network: "udp", Address: address, Text: "question"})
	if want := "question of 8 to " + address + " for " + done.Local; done.Text != want {
		t.Errorf("send to %s: %+v, want %q", address, done, want)
	}
}

func TestNamedPorts(t *testing.T) {
	p := network.Policy{Mode: network.Named, Allow: allow(t, "example.org", "example.org:8080,9000-9010", "udp/example.org:443", "udp/example.org:5000")}
	n, c, err := newNamespace(t, setting{policy: p})
	if err != nil {
		t.Fatal(err)
	}
	serve(n, t)
	for _, a := range []string{"198.18.1.0:443", "[fd53:6e64:6278:1::1]:443", "93.184.216.34:80", "[2606:2800::1]:80", "198.18.1.0:8080", "[fd53:6e64:6278:1::1]:8080", "198.18.1.9:9005"} {
		reaches(t, c, a)
	}
	for _, a := range []string{"198.18.1.0:443", "[fd53:6e64:6278:1::1]:443", "198.18.1.0:5000", "[fd53:6e64:6278:1::1]:5000"} {
		answers(t, c, a)
	}
	for _, a := range []string{"198.18.1.0:22", "[fd53:6e64:6278:1::1]:22", "198.18.1.0:8081", "8.8.8.8:53", "127.0.0.1:8080", "198.18.0.1:8080", "[::1]:8080"} {
		refuses(t, c, "tcp", a, unix.ECONNREFUSED)
	}
	for _, a := range []string{"8.8.8.8:53", "198.18.1.0:80", "[fd53:6e64:6278:1::1]:80", "127.0.0.1:5000"} {
		refuses(t, c, "udp", a, unix.ECONNREFUSED)
	}
	for _, a := range []string{"10.0.0.1:443", "192.168.1.1:80", "169.254.169.254:80", "100.64.0.1:80", "[fd00::1]:443", "[fe80::1%lo]:443"} {
		refuses(t, c, "tcp", a, unix.EHOSTUNREACH)
	}
	for _, a := range []string{"10.0.0.1:443", "224.0.0.1:5000", "[ff02::1%lo]:5000", "[fc00::9]:443"} {
		if done := c.do(order{Do: "udp", Network: "udp", Address: a, Text: "x"}); done.Errno != int(unix.EHOSTUNREACH) && done.Errno != int(unix.ENETUNREACH) {
			t.Errorf("send to %s: %+v", a, done)
		}
	}
	// What the command listens on is its own.
	if done := c.do(order{Do: "listen", Network: "tcp", Address: ":8080", Text: "mine"}); done.Error != "" {
		t.Errorf("listen: %+v", done)
	}
	if done := c.do(order{Do: "tcp", Network: "tcp", Address: "127.0.0.1:8080"}); !strings.HasPrefix(done.Text, "mine from 127.0.0.1:") {
		t.Errorf("connect to what listens inside: %+v", done)
	}
	reaches(t, c, "198.18.1.0:8080")
}

func TestOpen(t *testing.T) {
	n, c, err := newNamespace(t, setting{policy: network.Policy{Mode: network.Open, Allow: allow(t, "10.1.0.0/16:443")}})
	if err != nil {
		t.Fatal(err)
	}
	serve(n, t)
	for _, a := range []string{"8.8.8.8:443", "8.8.8.8:1", "9.9.9.9:65535", "[2606:2800::1]:8443", "198.18.1.0:22", "10.1.2.3:443"} {
		reaches(t, c, a)
	}
	for _, a := range []string{"8.8.8.8:443", "8.8.8.8:1", "[2606:2800::1]:65535"} {
		answers(t, c, a)
	}
	refuses(t, c, "tcp", "8.8.8.8:53", unix.ECONNREFUSED)
	refuses(t, c, "udp", "8.8.8.8:53", unix.ECONNREFUSED)
	refuses(t, c, "tcp", "10.2.2.3:443", unix.EHOSTUNREACH)
	refuses(t, c, "tcp", "127.0.0.1:443", unix.ECONNREFUSED)
	refuses(t, c, "tcp", "198.18.0.2:443", unix.ECONNREFUSED)
	// The largest packets there are.
	for address, size := range map[string]int{"8.8.8.8:5000": 65507, "[2606:2800::1]:5000": 65000} {
		done := c.do(order{Do: "udp", Network: "udp", Address: address, Text: strings.Repeat("x", size)})
		if !strings.Contains(done.Text, address) {
			t.Errorf("a packet of %d bytes to %s: %+v", size, address, done)
		}
	}
}

func TestLive(t *testing.T) {
	n, c, err := newNamespace(t, setting{policy: network.Policy{Mode: network.Named}})
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, c, "tcp", "198.18.1.0:443", unix.ECONNREFUSED)
	refuses(t, c, "tcp", "10.1.2.3:443", unix.EHOSTUNREACH)
	for _, specs := range [][]string{{"a.example:443,8080"}, {"10.1.0.0/16:443", "10.0.0.0/8:90"}, {"udp/a.example:7000,444"}, {"[fd00:1::/32]:9000"}} {
		listeners, packets, err := n.Open(allow(t, specs...)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range listeners {
			serveOne(t, l)
		}
		for _, p := range packets {
			servePacket(p)
		}
	}
	for _, a := range []string{"198.18.1.0:443", "198.18.1.0:8080", "10.1.2.3:443", "10.9.2.3:90", "[fd53:6e64:6278:1::1]:8080", "[fd00:1::7]:9000"} {
		reaches(t, c, a)
	}
	for _, a := range []string{"198.18.1.0:444", "198.18.1.0:7000", "[fd53:6e64:6278:1::1]:7000"} {
		answers(t, c, a)
	}
	refuses(t, c, "tcp", "192.168.2.3:443", unix.EHOSTUNREACH)
	refuses(t, c, "tcp", "198.18.1.0:7000", unix.ECONNREFUSED)
}

func TestWithoutIPv6(t *testing.T) {
	p := network.Policy{Mode: network.Named, Allow: allow(t, "example.org:443,8080", "udp/example.org:443,8080")}
	n, c, err := newNamespace(t, setting{policy: p, noIPv6: true})
	if err != nil {
		t.Fatal(err)
	}
	serve(n, t)
	if notes := n.Notes(); len(notes) > 0 {
		t.Errorf("it says %q", notes)
	}
	for _, a := range []string{"198.18.1.0:443", "198.18.1.0:8080"} {
		reaches(t, c, a)
		answers(t, c, a)
	}
	if done := c.do(order{Do: "tcp", Network: "tcp", Address: "[fd53:6e64:6278:1::1]:443"}); done.Error == "" {
		t.Errorf("IPv6 is switched off, and %+v", done)
	}
	if udp, tcp := n.Resolver(); len(udp) != 1 || len(tcp) != 1 {
		t.Errorf("%d and %d sockets of the resolver", len(udp), len(tcp))
	}
}

func TestWithoutNFT(t *testing.T) {
	p := network.Policy{Mode: network.Named, Allow: allow(t, "example.org:443,8080", "udp/example.org:8080")}
	n, c, err := newNamespace(t, setting{policy: p, noNFT: true})
	if err != nil {
		t.Fatal(err)
	}
	serve(n, t)
	reaches(t, c, "198.18.1.0:443")
	reaches(t, c, "198.18.1.0:8080")
	answers(t, c, "198.18.1.0:8080")
	if notes := strings.Join(n.Notes(), "\n"); !strings.Contains(notes, "port 8080") {
		t.Errorf("it says %q", notes)
	}
	_, _, err = newNamespace(t, setting{policy: network.Policy{Mode: network.Open}, noNFT: true})
	if err == nil || !strings.Contains(err.Error(), "nf_tables") || strings.Count(err.Error(), "1-52") != 1 {
		t.Errorf("every port without nf_tables: %v", err)
	}
}

// TestRedirect is for kernels that have no tproxy.
func TestRedirect(t *testing.T) {
	n, c, err := newNamespace(t, setting{policy: network.Policy{Mode: network.Named}})
	if err != nil {
		t.Fatal(err)
	}
	n.mu.Lock()
	n.caught.how = byRedirect
	n.mu.Unlock()
	if _, _, err := n.Open(allow(t, "example.org:8080")...); err != nil {
		t.Fatal(err)
	}
	serve(n, t)
	reaches(t, c, "198.18.1.0:8080")
	reaches(t, c, "[fd53:6e64:6278:1::1]:8080")
	refuses(t, c, "tcp", "198.18.1.0:8081", unix.ECONNREFUSED)
	refuses(t, c, "tcp", "127.0.0.1:8080", unix.ECONNREFUSED)
}

func TestClient(t *testing.T) {
	n, c, err := newNamespace(t, setting{policy: network.Policy{Mode: network.Open}})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"8.8.8.8:443", "[2606:2800::1]:443"} {
		held := c.do(order{Do: "hold", Network: "tcp", Address: a})
		if held.Error != "" {
			t.Fatalf("connect: %+v", held)
		}
		pid, program, ok := n.Client(network.TCP, netip.MustParseAddrPort(held.Local))
		if !ok || pid != c.cmd.Process.Pid || program == "" {
			t.Errorf("%s: %d %q %v, want %d", held.Local, pid, program, ok, c.cmd.Process.Pid)
		}
	}
	held := c.do(order{Do: "hold", Network: "udp", Address: "8.8.8.8:443"})
	if pid, _, ok := n.Client(network.UDP, netip.MustParseAddrPort(held.Local)); !ok || pid != c.cmd.Process.Pid {
		t.Errorf("udp %s: %d %v", held.Local, pid, ok)
	}
	if pid, program, ok := n.Client(network.TCP, netip.MustParseAddrPort("198.18.0.1:1")); ok {
		t.Errorf("nobody is %d %q", pid, program)
	}
}

func TestDial(t *testing.T) {
	n, c, err := newNamespace(t, setting{policy: network.Policy{Mode: network.Named}})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"127.0.0.1:4000", "[::1]:4001", ":4002"} {
		if done := c.do(order{Do: "listen", Network: "tcp", Address: at, Text: "hello " + at}); done.Error != "" {
			t.Fatal(done.Error)
		}
		_, port, _ := net.SplitHostPort(at)
		number, _ := strconv.Atoi(port)
		fd, err := n.Dial(context.Background(), network.TCP, uint16(number))
		if err != nil {
			t.Errorf("%s: %v", at, err)
			continue
		}
		f := os.NewFile(uintptr(fd), "dialled")
		b := make([]byte, 100)
		size, err := f.Read(b)
		if text := string(b[:size]); err != nil || !strings.HasPrefix(text, "hello "+at) {
			t.Errorf("%s: %q, %v", at, text, err)
		}
		f.Close()
	}
	if _, err := n.Dial(context.Background(), network.TCP, 4009); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("where nobody listens: %v", err)
	}
	// The agent is in the sandbox's namespaces, and has little.
	pid := n.agent.pid
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Name:\tusandbox\n", "CapPrm:\t0000000000003000", "CapEff:\t0000000000003000", "CapInh:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("the agent has no %q:\n%s", want, status)
		}
	}
	unix.Kill(pid, unix.SIGKILL) // as the kernel may
	fd, err := n.Dial(context.Background(), network.TCP, 4000)
	if err != nil || unix.Kill(pid, 0) != unix.ESRCH {
		t.Fatal("another agent: ", err)
	}
	unix.Close(fd)
	pid = n.agent.pid
	if n.Close(); unix.Kill(pid, 0) != unix.ESRCH {
		t.Error("the agent is left")
	}
	if _, err := n.Dial(context.Background(), network.TCP, 4000); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

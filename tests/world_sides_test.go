package tests

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// world is what a script is in. Its addresses are public ones, for usandbox refuses
// others; none of them leads anywhere but to the far side.
type world struct {
	far chan func() // run in the far network namespace

	mu      sync.Mutex
	crossed []string            // "udp 8.8.8.8:53"
	names   map[string][]string // what the resolver answers: addresses, each time those that follow
	asked   []string            // "A good.example"
}

// theWorld is that of the script that this process runs; nil: there is none.
var theWorld *world

const (
	nearFour, farFour = "11.0.0.1", "11.0.0.2"
	nearSix, farSix   = "2a0a::1", "2a0a::2"
)

// makeWorld sets up the namespaces that the process is in.
func makeWorld() (*world, error) {
	w := &world{far: make(chan func()), names: map[string][]string{}}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return nil, fmt.Errorf("make the mounts private: %w", err)
	}
	ready := make(chan error)
	var thread int
	go func() {
		runtime.LockOSThread()
		thread = unix.Gettid()
		ready <- unix.Unshare(unix.CLONE_NEWNET)
		for f := range w.far {
			f()
		}
	}()
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("unshare: %w", err)
	}
	handle := fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), thread)
	near := "link set lo up\nlink add near type veth peer name far netns " + handle + "\n" +
		"addr add " + nearFour + "/24 dev near\naddr add " + nearSix + "/64 dev near nodad\nlink set near up\n" +
		"route add default via " + farFour + "\nroute add default via " + farSix + "\n"
	far := "link set lo up\naddr add " + farFour + "/24 dev far\naddr add " + farSix + "/64 dev far nodad\nlink set far up\n" +
		"route add local 0.0.0.0/0 dev lo table main\nroute add local ::/0 dev lo table main\n"
	if err := ip(near); err != nil {
		return nil, err
	}
	var err error
	w.do(func() {
		if err = ip(far); err == nil {
			err = w.watch()
		}
	})
	if err != nil {
		return nil, err
	}
	return w, w.resolver()
}

// ip runs commands of ip(8) in the network namespace of the thread.
func ip(lines string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(lines)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, out)
	}
	return nil
}

// do runs f in the far network namespace.
func (w *world) do(f func()) {
	done := make(chan struct{})
	w.far <- func() { defer close(done); f() }
	<-done
}

// near reports whether an address is this machine's.
func (w *world) near(a netip.Addr) bool {
	return a.IsLoopback() || a.IsUnspecified() || a.String() == nearFour || a.String() == nearSix
}

// anywhere binds a socket to an address that no interface bears, ipv6(7).
var anywhere = net.ListenConfig{Control: func(network, _ string, c syscall.RawConn) (err error) {
	if !strings.HasSuffix(network, "6") {
		return nil
	}
	if e := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_FREEBIND, 1) }); e != nil {
		return e
	}
	return err
}}

func (w *world) Listen(network, address string) (l net.Listener, err error) {
	w.do(func() { l, err = anywhere.Listen(context.Background(), network, address) })
	return l, err
}

func (w *world) ListenPacket(network, address string) (p net.PacketConn, err error) {
	w.do(func() { p, err = anywhere.ListenPacket(context.Background(), network, address) })
	return p, err
}

package relay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// The other end of a flood is a process of its own, so that memory is that of the relay: it
// listens, and connects so many times to an address.
func TestMain(m *testing.M) {
	if os.Getenv("RELAY_TEST_FLOOD") != "" {
		floodClient()
		return
	}
	os.Exit(m.Run())
}

// floodClient listens and prints its port. Then it reads an address and a number, makes
// so many connections, and holds them: it prints how many got a greeting, and how many an
// error. It ends with its standard input.
func floodClient() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				continue
			}
			c.Write([]byte("!"))
		}
	}()
	in := bufio.NewScanner(os.Stdin)
	var held []net.Conn
	for in.Scan() {
		address, count, _ := strings.Cut(in.Text(), " ")
		n, _ := strconv.Atoi(count)
		results, tokens := make(chan net.Conn, n), make(chan bool, 64)
		for range n {
			tokens <- true
			go func() {
				defer func() { <-tokens }()
				c, err := net.Dial("tcp", address)
				if err == nil {
					c.SetReadDeadline(time.Now().Add(30 * time.Second))
					var b [1]byte
					if _, err = c.Read(b[:]); err != nil {
						c.Close()
					}
				}
				switch {
				case err == nil:
					results <- c
				case errors.Is(err, unix.ECONNRESET):
					results <- nil
				default:
					fmt.Fprintln(os.Stderr, err)
					results <- nil
				}
			}()
		}
		good, bad := 0, 0
		for range n {
			if c := <-results; c != nil {
				held = append(held, c)
				good++
			} else {
				bad++
			}
		}
		fmt.Println(good, bad)
	}
	runtime.KeepAlive(held)
}

type flood struct {
	t      *testing.T
	in     io.WriteCloser
	out    *bufio.Scanner
	errors *bytes.Buffer
	port   uint16
}

func newFlood(t *testing.T) *flood {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "RELAY_TEST_FLOOD=1")
	f := &flood{t: t, errors: &bytes.Buffer{}}
	cmd.Stderr = f.errors
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	f.in, f.out = in, bufio.NewScanner(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
		if s := f.errors.String(); s != "" {
			t.Errorf("errors that are no resets: %.500s", s)
		}
	})
	f.out.Scan()
	port, err := strconv.Atoi(f.out.Text())
	if err != nil {
		t.Fatal(err)
	}
	f.port = uint16(port)
	return f
}

func (f *flood) connect(b *bed, n int) (good, bad int) {
	f.t.Helper()
	s, err := unix.Getsockname(int(b.listener.File.Fd()))
	unix.SetNonblock(int(b.listener.File.Fd()), true)
	if err != nil {
		f.t.Fatal(err)
	}
	fmt.Fprintf(f.in, "%s %d\n", addrPort(s), n)
	f.out.Scan()
	if _, err := fmt.Sscan(f.out.Text(), &good, &bad); err != nil {
		f.t.Fatal(err, f.out.Text())
	}
	return good, bad
}

// to has all connections go to one address.
func (b *bed) to(a netip.AddrPort) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = a
}

// rss is the memory of this process, in bytes.
func rss(t *testing.T) int64 {
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, resident int64
	fmt.Sscan(string(b), &size, &resident)
	return resident * int64(os.Getpagesize())
}

// peak is the most memory that this process ever had, in bytes.
func peak(t *testing.T) int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}

func TestFlood(t *testing.T) {
	f := newFlood(t)
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Log("the peak cannot be reset: ", err)
	}
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", f.port)), Hosts: local("a.test")})
	before := rss(t)
	n := min(5000, b.relay.limits.Connections)
	b.to(b.addr("a.test", f.port))
	if good, bad := f.connect(b, n); good != n || bad != 0 {
		t.Errorf("%d connections, and %d errors", good, bad)
	}
	idle := rss(t)
	t.Logf("memory: %d KiB before, %d KiB with %d connections", before>>10, idle>>10, n)
	if used := idle - before; !raced && used > int64(n)*3<<10 {
		t.Errorf("%d connections need %d KiB", n, used>>10)
	}
	b.to(b.addr("evil.test", f.port))
	if good, bad := f.connect(b, 5000); good != 0 || bad != 5000 {
		t.Errorf("%d connections, and %d errors", good, bad)
	}
	t.Logf("memory: at most %d KiB", peak(t)>>10)
	if most := peak(t); !raced && most > 64<<20 {
		t.Errorf("the process needed %d KiB", most>>10)
	}
	sum := b.close()
	if int(sum.Allowed) != n || sum.Denied != 5000 {
		t.Errorf("%+v", sum)
	}
}

// Those beyond the cap get an error, and those below are not disturbed.
func TestCap(t *testing.T) {
	f := newFlood(t)
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", f.port)), Hosts: local("a.test")},
		func(o *Options) { o.Limits.Connections = 50 })
	b.to(b.addr("a.test", f.port))
	began := time.Now()
	if good, bad := f.connect(b, 1000); good != 50 || bad != 950 {
		t.Errorf("%d connections, and %d errors", good, bad)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("took %s", d)
	}
	if sum := b.close(); sum.Failed != 950 {
		t.Errorf("%+v", sum)
	}
}

// Without descriptors connections get an error too, and work again when there are some.
func TestFilesExhausted(t *testing.T) {
	f := newFlood(t)
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", f.port)), Hosts: local("a.test")})
	b.to(b.addr("a.test", f.port))
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	low := unix.Rlimit{Cur: uint64(openFiles() + 20), Max: old.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	good, bad := f.connect(b, 100)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if good == 0 || bad == 0 || good+bad != 100 {
		t.Errorf("%d connections, and %d errors", good, bad)
	}
	if good, bad := f.connect(b, 50); good != 50 {
		t.Errorf("afterwards %d connections, and %d errors", good, bad)
	}
}

// A client that says the beginning of a TLS ClientHello and no more is reset after a time, and
// others are not held up.
func TestSlowHello(t *testing.T) {
	s := echo(t, "127.0.0.1:0")
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", s.port())), Hosts: local("a.test")},
		func(o *Options) { o.Limits.Hold = 300 * time.Millisecond })
	head := hello("a.test")
	var slow []net.Conn
	for range 50 {
		c := b.dial(b.addr("a.test", s.port()))
		io.WriteString(c, head[:20])
		slow = append(slow, c)
	}
	exchange(t, b.dial(b.addr("a.test", s.port())), head)
	for _, c := range slow {
		wantReset(t, c)
	}
	if n := s.bytes.Load(); int(n) != len(head) {
		t.Errorf("the server got %d bytes", n)
	}
}

func TestLimits(t *testing.T) {
	for _, files := range []int{256, 512, 1024, 4096, 20000, 1 << 20} {
		l := Limits{}.withDefaults()
		if err := l.fitInto(files, 20); err != nil {
			t.Fatal(files, err)
		}
		if need := 2*l.Connections + l.Flows + 5*l.Dials; need > files-20-reserve || l.Connections < 8 || l.Flows < 8 || l.Dials < 4 {
			t.Errorf("%d files: %+v need %d", files, l, need)
		}
	}
	l := Limits{}.withDefaults()
	var start *StartError
	if err := l.fitInto(128, 20); !errors.As(err, &start) || start.Hint == "" {
		t.Error(err)
	}
}

package tests

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"
)

// worldVariable makes the test program, which is in namespaces of its own then, run its
// script in a world.
const worldVariable = "USANDBOX_TESTS_WORLD"

// TestWorld runs each script in a world of its own: two network namespaces that nothing
// leads out of. The near one is the machine that usandbox runs on, by whoever runs the
// script; the far one is everything else, and has every address that there is. What
// crosses from one to the other is recorded.
func TestWorld(t *testing.T) {
	readSources()
	scripts, err := filepath.Glob("testdata/world/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	p := person{uid: uint32(os.Getuid()), gid: uint32(os.Getgid())}
	if p.dir, err = os.MkdirTemp(folder, "world-"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(p.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := p.copy(scripts); err != nil {
		t.Fatal(err)
	}
	people := map[string]person{"user": p}
	if os.Getuid() == 0 {
		other, err := prepareUser(scripts)
		if err != nil {
			t.Fatal(err)
		}
		people = map[string]person{"root": p, "user": other}
	}
	for name, p := range people {
		t.Run(name, func(t *testing.T) {
			for _, script := range scripts {
				t.Run(strings.TrimSuffix(filepath.Base(script), ".txt"), func(t *testing.T) {
					t.Parallel()
					p.runIn(t, filepath.Base(script), true)
				})
			}
		})
	}
}

// enclose has a command run in a user, a network and a mount namespace of its own, with
// the capabilities to set them up. Root keeps the user namespace that it has.
func enclose(cmd *exec.Cmd, uid, gid uint32) {
	cmd.Env = append(cmd.Env, worldVariable+"=yes")
	cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWNET | unix.CLONE_NEWNS
	if uid == 0 {
		return
	}
	cmd.SysProcAttr.GidMappingsEnableSetgroups = os.Getuid() == 0
	cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: int(uid), HostID: int(uid), Size: 1}}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: int(gid), HostID: int(gid), Size: 1}}
	cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_NET_BIND_SERVICE, unix.CAP_SYS_ADMIN, unix.CAP_DAC_OVERRIDE}
}

// world is what a script is in. Its addresses are public ones, for usandbox refuses
// others; none of them leads anywhere but to the far side.
type world struct {
	far chan func() // run in the far network namespace

	mu      sync.Mutex
	crossed []string            // "udp 8.8.8.8:53"
	names   map[string][]string // what the resolver answers: addresses, in turn "|" between answers
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

// resolver makes /etc/resolv.conf name a resolver on the far side, which answers what
// the script says.
func (w *world) resolver() error {
	file := filepath.Join(os.TempDir(), fmt.Sprintf("resolv.conf-%d", os.Getpid()))
	if err := os.WriteFile(file, []byte("nameserver "+farFour+"\n"), 0o644); err != nil {
		return err
	}
	to, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil {
		return err
	}
	if err := unix.Mount(file, to, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind %s: %w", to, err)
	}
	p, err := w.ListenPacket("udp", farFour+":53")
	if err != nil {
		return err
	}
	go func() {
		var buf [4096]byte
		for {
			n, from, err := p.ReadFrom(buf[:])
			if err != nil {
				return
			}
			if reply := w.answer(buf[:n]); reply != nil {
				p.WriteTo(reply, from)
			}
		}
	}()
	return nil
}

// answer answers a question: with the addresses of the name, with those that stand
// behind the next "|" when it is asked again.
func (w *world) answer(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	name := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, strings.TrimPrefix(q.Type.String(), "Type")+" "+name)
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	turns, ok := w.names[name]
	if !ok {
		m.RCode = dnsmessage.RCodeNameError
	} else if q.Type == dnsmessage.TypeA || q.Type == dnsmessage.TypeAAAA {
		for _, text := range strings.Split(turns[0], ",") {
			a, err := netip.ParseAddr(text)
			h := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, Type: q.Type}
			switch {
			case err == nil && a.Is4() && q.Type == dnsmessage.TypeA:
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}})
			case err == nil && a.Is6() && q.Type == dnsmessage.TypeAAAA:
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
			}
		}
		if len(turns) > 1 && len(m.Answers) > 0 {
			w.names[name] = turns[1:]
		}
	}
	reply, err := m.Pack()
	if err != nil {
		return nil
	}
	return reply
}

// name NAME ADDRESS[,ADDRESS...] [| ADDRESS...] says what the resolver answers.
func worldName(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) >= 2 && theWorld != nil, "name NAME ADDRESS[,ADDRESS...]...")
	theWorld.mu.Lock()
	defer theWorld.mu.Unlock()
	theWorld.names[args[0]] = args[1:]
}

// asked [-only] REGEXP fails unless the resolver was asked something that matches, or
// nothing else.
func asked(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, false, len(args) > 0 && theWorld != nil, "[!] asked [-only] REGEXP")
	theWorld.recorded(ts, neg, args, &theWorld.asked, "questions")
}

// crossed [-only] REGEXP fails unless something went out to an address that matches, or
// nothing to others.
func crossed(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, false, len(args) > 0 && theWorld != nil, "[!] crossed [-only] REGEXP")
	theWorld.recorded(ts, neg, args, &theWorld.crossed, "packets")
}

func (w *world) recorded(ts *testscript.TestScript, neg bool, args []string, list *[]string, what string) {
	only := len(args) == 2 && args[0] == "-only"
	usage(ts, neg && only, len(args) == 1 || only, "[-only] REGEXP")
	re, err := regexp.Compile(args[len(args)-1])
	ts.Check(err)
	found := func() string {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, line := range *list {
			if re.MatchString(line) != only {
				return line
			}
		}
		return ""
	}
	if !neg && !only {
		eventually(ts, func() bool { return found() != "" }, "no %s match", what)
	} else if line := found(); line != "" {
		ts.Fatalf("%s that should not be: %s", what, line)
	}
}

// runWorld runs one script in a world.
func runWorld(script string) int {
	var err error
	if theWorld, err = makeWorld(); err != nil {
		return failed(fmt.Errorf("make a world: %w", err))
	}
	return runAlone(script)
}

// linkResolvConf makes /etc/resolv.conf a symlink into /run, as resolvconf(8) and
// systemd-resolved do.
func linkResolvConf(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 0 && theWorld != nil, "link-resolv.conf")
	dir := filepath.Join(ts.Getenv("WORK"), ".etc")
	ts.Check(os.Mkdir(dir, 0o755))
	ts.Check(unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"))
	for _, name := range []string{"upper", "work", "run"} {
		ts.Check(os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	text, err := os.ReadFile("/etc/resolv.conf")
	ts.Check(err)
	ts.Check(os.Mkdir(filepath.Join(dir, "run", "resolver"), 0o755))
	ts.Check(os.WriteFile(filepath.Join(dir, "run", "resolver", "resolv.conf"), text, 0o644))
	ts.Check(os.Symlink("/run/resolver/resolv.conf", filepath.Join(dir, "upper", "resolv.conf")))
	ts.Check(unix.Mount("overlay", "/etc", "overlay", 0, "userxattr,lowerdir=/etc,upperdir="+dir+"/upper,workdir="+dir+"/work"))
	ts.Check(unix.Mount(filepath.Join(dir, "run"), "/run", "", unix.MS_BIND, ""))
}

// unprivileged is a folder with a usandbox that begins without the capabilities that
// the test program has in its world; it is to be first in PATH.
func unprivileged(dir string) (string, error) {
	dir = filepath.Join(dir, ".unprivileged")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	program := filepath.Join(folder, "bin", "usandbox")
	return dir, os.WriteFile(filepath.Join(dir, "usandbox"),
		[]byte("#!/bin/sh\nexec setpriv --inh-caps -all --ambient-caps -all "+program+" \"$@\"\n"), 0o755)
}

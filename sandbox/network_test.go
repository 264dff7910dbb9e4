package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/userns"
)

// greeter is a TCP server on the machine's loopback that says who it is.
func greeter(t *testing.T, at, says string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				fmt.Fprintln(c, says)
				io.Copy(io.Discard, c)
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func namedPolicy(t *testing.T, allow ...string) network.Policy {
	t.Helper()
	p := network.Policy{Mode: network.Named, Hosts: []network.HostAddress{{Name: "server.test", Addr: netip.MustParseAddr("127.0.0.1")}}}
	for _, a := range allow {
		rules, err := network.ParseAllow(a, "test")
		if err != nil {
			t.Fatal(err)
		}
		p.Allow = append(p.Allow, rules...)
	}
	return p
}

// hello is a command that connects to server.test, and a policy that lets it.
func hello(t *testing.T) *Cmd {
	t.Helper()
	return helloTo(t, greeter(t, "127.0.0.1:0", "hello from outside"))
}

func helloTo(t *testing.T, addr netip.AddrPort) *Cmd {
	t.Helper()
	c := Command("bash", "-c", fmt.Sprintf("ls /proc/self/fd | wc -l; exec 3<>/dev/tcp/server.test/%d && head -1 <&3", addr.Port()))
	c.Policy.Network = namedPolicy(t, fmt.Sprintf("server.test:%d", addr.Port()))
	return c
}

// In every kind of sandbox a name is found and connected to, and nothing of the sockets is left to the command.
func TestNamed(t *testing.T) {
	admin := caps.None.With(unix.CAP_SYS_ADMIN)
	ranges := func(c *Cmd) {
		if os.Geteuid() == 0 {
			c.Policy.UIDMap = idmap.Map{{Inside: 0, Outside: 0, Count: 1}, {Inside: 1, Outside: 100000, Count: 1000}}
			c.Policy.GIDMap = c.Policy.UIDMap
			return
		}
		for k, m := range map[idmap.Kind]*idmap.Map{idmap.UID: &c.Policy.UIDMap, idmap.GID: &c.Policy.GIDMap} {
			var err error
			if *m, err = AutoMap(k); err != nil {
				t.Skipf("skip: user %d has no subordinate ids: %v", os.Geteuid(), err)
			}
		}
	}
	for name, change := range map[string]func(*Cmd){
		"default":           func(*Cmd) {},
		"pid 1":             func(c *Cmd) { c.Policy.CommandIsInit = true },
		"sys_admin":         func(c *Cmd) { c.Policy.Capabilities = admin },
		"sys_admin pid 1":   func(c *Cmd) { c.Policy.Capabilities, c.Policy.CommandIsInit = admin, true },
		"enterable":         func(c *Cmd) { c.Enterable = true },
		"forked":            func(c *Cmd) { c.Forked = func() {} },
		"sys_admin, forked": func(c *Cmd) { c.Policy.Capabilities, c.Forked = admin, func() {} },
		"reported":          func(c *Cmd) { c.ReportRefused = true },
		"user namespaces":   func(c *Cmd) { c.Policy.UserNamespaces = true },
		"no landlock":       func(c *Cmd) { c.Policy.Landlock.Mode = LandlockNone },
		"ranges":            ranges,
		"sys_admin, ranges": func(c *Cmd) { ranges(c); c.Policy.Capabilities = admin },
		"as": func(c *Cmd) {
			if os.Geteuid() == 0 {
				c.Policy.As = &Credential{12345, 54321}
			}
		},
		"every port": func(c *Cmd) { c.Policy.Network.Mode = network.Open },
	} {
		t.Run(name, func(t *testing.T) {
			c := hello(t)
			change(c)
			out, err := c.CombinedOutput()
			if want := "4\nhello from outside\n"; err != nil || string(out) != want {
				t.Errorf("%v: %q, want %q", err, out, want)
			}
			if s := c.NetworkSummary(); s.Allowed != 1 || s.Denied != 0 {
				t.Errorf("the summary says %+v", s)
			}
		})
	}
	for name, change := range map[string]func(*Cmd){
		"default":   func(*Cmd) {},
		"pid 1":     func(c *Cmd) { c.Policy.CommandIsInit = true },
		"sys_admin": func(c *Cmd) { c.Policy.Capabilities = admin },
		"enterable": func(c *Cmd) { c.Enterable = true },
	} {
		t.Run("terminal, "+name, func(t *testing.T) {
			c := hello(t)
			change(c)
			master := withTerminal(t, c)
			if got := lines(t, master, 2); !strings.HasSuffix(got, "\r\nhello from outside\r\n") {
				t.Errorf("got %q", got)
			}
			if err := c.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNamedHold(t *testing.T) {
	c := hello(t)
	args := c.Args
	c.Hold = true
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer c.Kill()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	e, err := c.Enter(&Entry{Args: args, Stdout: w, Stderr: w})
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := io.ReadAll(r); e.Wait() != nil || !strings.HasSuffix(string(out), "hello from outside\n") {
		t.Errorf("%q", out)
	}
}

// agentOf is the process of ours, beside outer, that makes sockets in a sandbox that runs; 0: there is none.
func agentOf(c *Cmd) int {
	tasks, _ := filepath.Glob("/proc/self/task/*/children")
	for _, name := range tasks {
		children, _ := os.ReadFile(name)
		for _, f := range strings.Fields(string(children)) {
			if pid, _ := strconv.Atoi(f); c.process == nil || pid != c.Pid() {
				return pid
			}
		}
	}
	return 0
}

// What is published is reached by a process that the command has no way to.
func TestPublished(t *testing.T) {
	c := Command("sh", "-c", "/probe greet :4000 'hello from inside' & read a; echo /proc/[0-9]*; kill -9 -1; ")
	c.Policy.Files = append(c.Policy.Files, showProbe(t))
	c.Policy.Network.Publish = []network.Published{{Protocol: network.TCP, Host: netip.MustParseAddrPort("127.0.0.1:0"), Port: 4000}}
	in, tell, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdin, c.Stdout, c.Stderr = in, theirs, theirs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	defer c.Wait()
	defer c.Kill()
	text := bufio.NewReader(out)
	if line, err := text.ReadString('\n'); line != "ready\n" {
		t.Fatalf("it says %q, %v", line, err)
	}
	published := c.Network().Published()
	if len(published) != 1 || published[0].Host.Port() == 0 {
		t.Fatalf("published: %v", published)
	}
	conn, err := net.Dial("tcp", published[0].Host.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if line, err := io.ReadAll(conn); string(line) != "hello from inside\n" {
		t.Errorf("it says %q, %v", line, err)
	}
	agent := agentOf(c)
	if agent == 0 {
		t.Fatal("there is no agent")
	}
	tell.WriteString("\n")
	line, _ := text.ReadString('\n')
	if n := len(strings.Fields(line)); n != 3 { // init, the shell, the probe
		t.Errorf("it sees %q", line)
	}
	c.Wait()
	if unix.Kill(agent, 0) == nil {
		t.Error("the agent is left")
	}
}

func TestNetworkRefused(t *testing.T) {
	rule := network.Rule{Protocol: network.TCP, Name: "a.example"}
	for name, change := range map[string]func(*Policy){
		"shared":        func(p *Policy) { p.Share |= userns.SetOf(userns.Network) },
		"pasta":         func(p *Policy) { p.Network.Mode = network.Pasta },
		"none":          func(p *Policy) { p.Network.Mode = network.None },
		"no namespaces": func(p *Policy) { *p = Policy{NoNamespaces: &NoNamespaces{}, Network: p.Network} },
	} {
		c := Command("true")
		c.Policy.Network = network.Policy{Mode: network.Named, Allow: []network.Rule{rule}}
		change(&c.Policy)
		if err := c.Run(); !isField("Network")(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := Command("true")
	c.Policy.Network.Mode = network.Named
	if _, err := c.Standalone(); !isField("Network")(err) {
		t.Errorf("compiled: %v", err)
	}
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := c.Exec(Takeover{}); err != errInPlace {
		t.Errorf("in place: %v", err)
	}
	// An error of the relay ends the sandbox.
	taken := greeter(t, "127.0.0.1:0", "")
	c = Command("true")
	c.Policy.Network.Publish = []network.Published{{Protocol: network.TCP, Host: taken, Port: 80}}
	var failed *NetworkError
	if err := c.Run(); !errors.As(err, &failed) || !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("a port that is taken: %v", err)
	}
}

// Where the program, or its device, cannot be had, that is said.
func TestPasta(t *testing.T) {
	c := sh("cat /proc/net/route; cat /etc/resolv.conf; cat /proc/sys/user/max_user_namespaces")
	c.Policy.Network.Mode = network.Pasta
	out, err := c.CombinedOutput()
	var none *NoPastaError
	_, missing := exec.LookPath("pasta")
	tun, noTun := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	switch {
	case missing != nil || noTun != nil:
		if !errors.As(err, &none) || none.Missing != (missing != nil) || Hint(err) == "" {
			t.Errorf("without it: %v", err)
		}
	default:
		tun.Close()
		if lines := strings.Split(string(out), "\n"); err != nil || len(lines) < 4 || !strings.Contains(lines[1], "\t00000000\t") ||
			!strings.HasSuffix(string(out), "nameserver 198.18.0.2\n0\n") {
			t.Errorf("%v, %s", err, out)
		}
	}
	if pid := agentOf(c); pid != 0 {
		t.Errorf("a process is left: %d", pid)
	}
	t.Setenv("PATH", t.TempDir())
	if err := c.again().Run(); !errors.As(err, &none) || !none.Missing || !strings.Contains(Hint(err), "passt") {
		t.Errorf("not installed: %v, %s", err, Hint(err))
	}
}

// again is a command like c that has not been started.
func (c *Cmd) again() *Cmd { return &Cmd{Args: c.Args, Policy: c.Policy} }

// Something that is not the socket that it was is not shown in its place.
func TestSocketReplaced(t *testing.T) {
	dir := t.TempDir()
	socket, secret := filepath.Join(dir, "socket"), filepath.Join(dir, "secret")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(source string) error {
		c := sh("test -S /s")
		c.Policy.Files = append(c.Policy.Files, mounts.Bind{Source: source, Target: "/s", Socket: true})
		return c.Run()
	}
	if err := run(socket); err != nil {
		t.Error(err)
	}
	if err := run(secret); !errors.Is(err, unix.ENOTSOCK) || !strings.Contains(err.Error(), "check that "+secret+" is a socket") {
		t.Error(err)
	}
}

// Nothing in the namespace tells the supervisor's process id.
func TestNetlinkNumbers(t *testing.T) {
	c := sh("cat /proc/net/netlink")
	c.Policy.Network = network.Policy{Mode: network.Open}
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	own := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) > 2 && f[2] == strconv.Itoa(os.Getpid()) {
			t.Errorf("%s", line)
		}
		if len(f) > 2 && strings.HasPrefix(f[2], "21474836") {
			own++
		}
	}
	if own == 0 {
		t.Errorf("no socket of the supervisor in\n%s", out)
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

// duration is how long a stream lasts.
const duration = "2"

// tooLong is how long no stream takes.
const tooLong = 15 * time.Second

// iperf is the client's command line; iperf3(1).
func iperf(host string, port int, more ...string) []string {
	return append([]string{"iperf3", "-J", "-t", duration, "-c", host, "-p", strconv.Itoa(port)}, more...)
}

// rate runs a command line that ends in a client of iperf3, and returns the bits a
// second that arrived.
func (b *bench) rate(argv ...string) (float64, error) {
	end, cancel := context.WithTimeout(context.Background(), tooLong)
	defer cancel()
	c := exec.CommandContext(end, argv[0], argv[1:]...)
	c.Dir, c.Env, c.WaitDelay = b.project, environment(), time.Second
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // pasta ends its process group when it fails
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	var failed bytes.Buffer
	c.Stderr = &failed
	text, err := c.Output()
	var r struct {
		Error string
		End   struct {
			Received struct {
				Rate float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		}
	}
	if bad := json.Unmarshal(text[max(bytes.IndexByte(text, '{'), 0):], &r); bad != nil && err == nil {
		err = bad
	}
	switch {
	case r.Error != "":
		return 0, errors.New(r.Error)
	case err != nil:
		return 0, fmt.Errorf("%w: %s", err, lastLine(failed.Bytes()))
	}
	return r.End.Received.Rate, nil
}

// freePort is a port that nobody uses.
func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// iperfServer runs a server until stop is called.
func iperfServer(port int) (stop func(), err error) {
	c := exec.Command("iperf3", "-s", "-p", strconv.Itoa(port))
	if err := c.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		c.Process.Kill()
		c.Wait()
	}
	for range 100 {
		if x, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			x.Close()
			return stop, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	return nil, errors.New("iperf3 does not listen")
}

// outwardTable measures one stream out of a sandbox, to the host's loopback address.
func outwardTable(b *bench) (table, error) {
	port := freePort()
	stop, err := iperfServer(port)
	if err != nil {
		return table{}, err
	}
	defer stop()
	t := table{title: fmt.Sprintf("One stream out, %d rounds of %s s", b.streams(), duration), head: []string{"what", "Gbit/s", "to plain loopback"}}
	for _, six := range []bool{false, true} {
		name, here, gateway, family := "IPv4", "127.0.0.1", "10.0.2.2", "-4"
		if six {
			name, here, gateway, family = "IPv6", "::1", "fd00::2", "-6"
		}
		list := []runner{
			{name: name + ": plain loopback", measure: func() (float64, error) { return b.rate(iperf(here, port)...) }},
			{name: name + ": usandbox", measure: func() (float64, error) {
				return b.rate(append([]string{b.usandbox, "run", "--hosts", "server.test=" + here, "--allow", "server.test:" + strconv.Itoa(port), "--"}, iperf("server.test", port, family)...)...)
			}},
			{name: name + ": slirp4netns", measure: func() (float64, error) { return b.slirp(iperf(gateway, port)...) }},
			{name: name + ": pasta, spliced", measure: func() (float64, error) {
				return b.rate(append([]string{"pasta", "-q", "--config-net", "-t", "none", "-u", "none", "-U", "none", "-T", strconv.Itoa(port), "--"}, iperf(here, port)...)...)
			}},
		}
		if os.Geteuid() == 0 {
			list[3].absent = errors.New("root's becomes another user, who may not look at the namespace")
		}
		results, err := match(b.streams(), list)
		if err != nil {
			return t, err
		}
		t.compare(list, results, 1e9, 1, aim{0, 0.6}, aim{2, 2.5}, aim{3, 0.75})
	}
	return t, nil
}

// streams is the number of rounds with streams.
func (b *bench) streams() int { return max(b.n/40, 3) }

// slirp runs a client of iperf3 in a network namespace that slirp4netns(1) serves.
func (b *bench) slirp(argv ...string) (float64, error) {
	holder := exec.Command("unshare", "-Urn", "sh", "-c", "echo ready; exec sleep 60")
	ready, err := holder.StdoutPipe()
	if err == nil {
		err = holder.Start()
	}
	if err != nil {
		return 0, err
	}
	defer func() {
		holder.Process.Kill()
		holder.Wait()
	}()
	if _, err := io.ReadFull(ready, make([]byte, 6)); err != nil {
		return 0, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	pid := strconv.Itoa(holder.Process.Pid)
	helper := exec.Command("slirp4netns", "--configure", "--mtu=65520", "--enable-ipv6", "--ready-fd=3", pid, "tap0")
	helper.ExtraFiles = []*os.File{w}
	err = helper.Start()
	w.Close()
	if err != nil {
		return 0, err
	}
	defer func() {
		helper.Process.Kill()
		helper.Wait()
	}()
	if _, err := r.Read(make([]byte, 1)); err != nil {
		return 0, fmt.Errorf("slirp4netns: %w", err)
	}
	for range 50 { // an IPv6 address comes by an announcement, and is tentative at first
		if regexp.MustCompile(`(?m)^fd\S+ \S+ \S+ \S+ [08]0 +tap0$`).MatchString(readFile("/proc/" + pid + "/net/if_inet6")) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return b.rate(append([]string{"nsenter", "--preserve-credentials", "-U", "-n", "-t", pid}, argv...)...)
}

// inwardTable measures one stream into a sandbox, through a published port.
func inwardTable(b *bench) (table, error) {
	t := table{title: fmt.Sprintf("One stream in, through a published port, %d rounds of %s s", b.streams(), duration), head: []string{"what", "Gbit/s", "to plain loopback"}}
	inside := freePort()
	server := []string{"iperf3", "-s", "-1", "-p", strconv.Itoa(inside)}
	list := []runner{
		{name: "plain loopback", measure: func() (float64, error) {
			return b.inward(regexp.MustCompile(`listening on (\d+)`), inside, append(server, "--forceflush")...)
		}},
		{name: "usandbox run --publish", measure: func() (float64, error) {
			return b.inward(regexp.MustCompile(`127\.0\.0\.1:(\d+)`), 0, append([]string{b.usandbox, "run", "--publish", "0:" + strconv.Itoa(inside), "--"}, server...)...)
		}},
		{name: "rootlesskit, builtin driver", measure: func() (float64, error) {
			port := freePort()
			return b.inward(nil, port, append([]string{"rootlesskit", "--net=slirp4netns", "--mtu=65520", "--copy-up=/etc", "--port-driver=builtin",
				"-p", fmt.Sprintf("127.0.0.1:%d:%d/tcp", port, inside)}, server...)...)
		}},
	}
	results, err := match(b.streams(), list)
	if err != nil {
		return t, err
	}
	t.compare(list, results, 1e9, 1, aim{0, 0.6}, aim{2, 0.75})
	return t, nil
}

// inward starts a server, waits until it says its port as the expression has it (or for a
// moment, if there is none), and sends to that.
func (b *bench) inward(said *regexp.Regexp, port int, argv ...string) (float64, error) {
	c := exec.Command(argv[0], argv[1:]...)
	c.Dir, c.Env = b.project, environment()
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	c.Stdout, c.Stderr = w, w
	err = c.Start()
	w.Close()
	if err != nil {
		return 0, err
	}
	defer func() {
		c.Process.Kill()
		c.Wait()
	}()
	var text []byte
	r.SetReadDeadline(time.Now().Add(2 * time.Second))
	for buf := make([]byte, 4096); ; {
		n, err := r.Read(buf)
		text = append(text, buf[:n]...)
		if said != nil {
			if m := said.FindSubmatch(text); m != nil && port == 0 {
				port, _ = strconv.Atoi(string(m[1]))
			} else if m == nil && err == nil {
				continue
			}
		}
		if said == nil && err == nil {
			continue
		}
		break
	}
	go io.Copy(io.Discard, r)
	r.SetReadDeadline(time.Time{})
	if port == 0 {
		return 0, fmt.Errorf("it said no port: %s", lastLine(text))
	}
	time.Sleep(300 * time.Millisecond) // the server inside begins to listen
	return b.rate(iperf("127.0.0.1", port)...)
}

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// relayTable measures connections, questions for names, and what idle connections keep.
func relayTable(b *bench) (table, error) {
	t := table{title: "Relay", head: []string{"what", "figure", "to plain loopback"}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return t, err
	}
	defer l.Close()
	go reply(l)
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	self, err := os.Executable()
	if err != nil {
		return t, err
	}
	inside := []string{b.usandbox, "run", "--ro", filepath.Dir(self), "--hosts", "server.test=127.0.0.1", "--allow", "server.test:" + port, "--"}
	list := []runner{
		{name: "connections a second: plain loopback", measure: func() (float64, error) {
			return b.said(self, "-network-child", "requests", "127.0.0.1:"+port)
		}},
		{name: "connections a second: usandbox", measure: func() (float64, error) {
			return b.said(append(inside, self, "-network-child", "requests", "server.test:"+port)...)
		}},
	}
	results, err := match(b.streams(), list)
	if err != nil {
		return t, err
	}
	t.compare(list, results, 1, 1, aim{0, 0.4})

	answers := []runner{{name: "answer for a known name, us", measure: func() (float64, error) {
		return b.said(append(inside, self, "-network-child", "lookups", "server.test")...)
	}}}
	if results, err = match(b.streams(), answers); err != nil {
		return t, err
	}
	if answers[0].absent != nil {
		t.note("%s: not measured: %v", answers[0].name, answers[0].absent)
	} else {
		t.add(answers[0].name, number(results[0].median()), "")
		t.note("An answer, in us: target %s.", target(results[0].median(), 1000))
	}

	kept, err := b.idle(inside, self, "server.test:"+port)
	if err != nil {
		t.note("1,000 idle connections: not measured: %v", err)
		return t, nil
	}
	t.add("1,000 idle connections, KiB", number(float64(kept)), "")
	t.note("1,000 idle connections, in KiB: target %s.", target(float64(kept), 20<<10))

	without := b.command("launch without", 0, b.usandbox, "run", "--", trueProgram)
	with := b.command("launch with --allow", 0, b.usandbox, "run", "--allow", "server.test", "--", trueProgram)
	launches, err := contest(b.n, []contestant{without, with})
	if err != nil {
		return t, err
	}
	if with.absent != nil {
		t.absent(with, with.absent)
		return t, nil
	}
	added := launches[1].median() - launches[0].median()
	t.add("launch", milliseconds(launches[0].median()), "")
	t.add("launch, --allow", milliseconds(launches[1].median()), "")
	t.note("--allow adds %s to a launch (target in ms %s).", milliseconds(added), target(float64(added)/1e6, 1))
	return t, nil
}

// reply answers a byte by a byte.
func reply(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			io.Copy(c, c)
		}()
	}
}

// said is the number that a command prints.
func (b *bench) said(argv ...string) (float64, error) {
	c := exec.Command(argv[0], argv[1:]...)
	c.Dir, c.Env = b.project, environment()
	text, err := c.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, lastLine(exit.Stderr))
		}
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
}

// idle is what 1,000 idle connections add to the supervisor, in KiB.
func (b *bench) idle(inside []string, self, address string) (int, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	more, stop, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer stop.Close()
	c := exec.Command(inside[0], append(inside[1:], self, "-network-child", "idle", address)...)
	c.Dir, c.Env, c.Stdin, c.Stdout, c.Stderr = b.project, environment(), more, w, os.Stderr
	err = c.Start()
	w.Close()
	more.Close()
	if err != nil {
		return 0, err
	}
	defer func() {
		stop.Close()
		c.Wait()
	}()
	var before int
	for round := range 2 {
		if _, err := io.ReadFull(r, make([]byte, 1)); err != nil {
			return 0, errors.New("it opened no connections")
		}
		time.Sleep(500 * time.Millisecond)
		kib, err := strconv.Atoi(firstMatch(`VmRSS:\s+(\d+) kB`, readFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))))
		if err != nil {
			return 0, err
		}
		if round == 1 {
			return kib - before, nil
		}
		before = kib
		if _, err := stop.Write([]byte{1}); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// networkChild is what runs inside: it prints one number, or a byte a step.
func networkChild(args []string) error {
	if len(args) != 2 {
		return errors.New("want what, and an address")
	}
	switch args[0] {
	case "requests":
		const n = 3000
		host, port, err := net.SplitHostPort(args[1])
		if err != nil {
			return err
		}
		list, err := net.LookupHost(host)
		if err != nil {
			return err
		}
		address := net.JoinHostPort(list[0], port)
		start := time.Now()
		buf := make([]byte, 1)
		for range n {
			c, err := net.Dial("tcp", address)
			if err != nil {
				return err
			}
			if _, err := c.Write(buf); err != nil {
				return err
			}
			if _, err := io.ReadFull(c, buf); err != nil {
				return err
			}
			c.Close()
		}
		fmt.Println(n / time.Since(start).Seconds())
	case "lookups":
		return lookups(args[1])
	case "idle":
		return idleChild(args[1])
	}
	return nil
}

// lookups prints the median of what an answer takes, in microseconds.
func lookups(name string) error {
	server := regexp.MustCompile(`(?m)^nameserver (\S+)`).FindStringSubmatch(readFile("/etc/resolv.conf"))
	if server == nil {
		return errors.New("no name server")
	}
	q, err := dnsmessage.NewName(name + ".")
	if err != nil {
		return err
	}
	query, err := (&dnsmessage.Message{
		Header:    dnsmessage.Header{RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: q, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
	}).Pack()
	if err != nil {
		return err
	}
	c, err := net.Dial("udp", net.JoinHostPort(server[1], "53"))
	if err != nil {
		return err
	}
	defer c.Close()
	var took times
	buf := make([]byte, 4096)
	for range 200 { // a second's worth is answered even where questions are limited
		start := time.Now()
		c.SetDeadline(start.Add(2 * time.Second))
		if _, err := c.Write(query); err != nil {
			return err
		}
		if _, err := c.Read(buf); err != nil {
			return err
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	fmt.Println(float64(took.median()) / 1e3)
	return nil
}

// idleChild opens a connection, waits to be told, opens 1,000 more and waits again.
func idleChild(address string) error {
	var kept []net.Conn
	for _, n := range []int{1, 1000} {
		for range n {
			c, err := net.Dial("tcp", address)
			if err == nil {
				_, err = c.Write([]byte{0})
			}
			if err == nil {
				_, err = io.ReadFull(c, make([]byte, 1))
			}
			if err != nil {
				return err
			}
			kept = append(kept, c)
		}
		os.Stdout.Write([]byte{1})
		os.Stdin.Read(make([]byte, 1))
	}
	for _, c := range kept {
		c.Close()
	}
	return nil
}

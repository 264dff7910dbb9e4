package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reach [-n] NETWORK ADDRESS [TEXT] connects, sends a line and prints what comes back, with
// -n what comes before it has sent anything. An error is printed by its name; one that
// takes more than two seconds to come is called late.
func reach(args []string) error {
	flags := flag.NewFlagSet("reach", flag.ExitOnError)
	first := flags.Bool("n", false, "read first")
	flags.Parse(args)
	begun := time.Now()
	err := reached(flags.Args(), *first)
	if err == nil {
		return nil
	}
	var errno syscall.Errno
	name := err.Error()
	if errors.As(err, &errno) {
		name = unix.ErrnoName(errno)
	}
	if time.Since(begun) > 2*time.Second {
		name = "late: " + name
	}
	return errors.New(name)
}

func reached(args []string, first bool) error {
	c, err := net.DialTimeout(args[0], args[1], 5*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Println("connected")
	c.SetDeadline(time.Now().Add(5 * time.Second))
	var buf [4096]byte
	read := func() error {
		n, err := c.Read(buf[:])
		os.Stdout.Write(buf[:n])
		return err
	}
	if first {
		if err := read(); err != nil {
			return err
		}
	}
	if len(args) < 3 {
		return nil
	}
	if _, err := io.WriteString(c, args[2]+"\n"); err != nil {
		return err
	}
	return read()
}

// get [-to ADDRESS] [-sni NAME] [-host NAME] URL fetches a page as a program in Go does;
// -to connects elsewhere, -sni and -host say other names than the one in the URL.
// Certificates are not looked at.
func get(args []string) error {
	flags := flag.NewFlagSet("get", flag.ExitOnError)
	to := flags.String("to", "", "")
	sni := flags.String("sni", "", "")
	host := flags.String("host", "", "")
	flags.Parse(args)
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: *sni}}
	if *to != "" {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, *to)
		}
	}
	request, err := http.NewRequest("GET", flags.Arg(0), nil)
	if err != nil {
		return err
	}
	request.Host = *host
	answer, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	n, err := io.Copy(os.Stdout, io.LimitReader(answer.Body, 1<<20))
	if err == nil && n == 1<<20 {
		n, err = io.Copy(io.Discard, answer.Body)
		fmt.Println("and", n, "bytes more")
	}
	return err
}

// answer NETWORK ADDRESS FILE answers what arrives, once it has made the file, with where
// it came from, where it was sent and itself.
func answer(args []string) error {
	say := func(from, to net.Addr, text []byte) string {
		return fmt.Sprintf("from %v to %v: %s", from, to, text)
	}
	if strings.HasPrefix(args[0], "udp") {
		p, err := net.ListenPacket(args[0], args[1])
		if err == nil {
			err = os.WriteFile(args[2], []byte("ready\n"), 0o644)
		}
		var buf [65536]byte
		for err == nil {
			var n int
			var from net.Addr
			if n, from, err = p.ReadFrom(buf[:]); err == nil {
				_, err = p.WriteTo([]byte(say(from, p.LocalAddr(), buf[:n])), from)
			}
		}
		return err
	}
	l, err := net.Listen(args[0], args[1])
	if err == nil {
		err = os.WriteFile(args[2], []byte("ready\n"), 0o644)
	}
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			var buf [4096]byte
			n, _ := c.Read(buf[:])
			io.WriteString(c, say(c.RemoteAddr(), c.LocalAddr(), buf[:n]))
		}()
	}
}

package main

import (
	"fmt"
	"net"
	"os"
	"strings"
)

// loopback prints the network interfaces, and whether a connection to each
// loopback address comes through.
func loopback([]string) error {
	list, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, i := range list {
		up := "down"
		if i.Flags&net.FlagUp != 0 {
			up = "up"
		}
		fmt.Println(i.Name, up)
	}
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		l, err := net.Listen("tcp", host+":0")
		if err != nil {
			return err
		}
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return err
		}
		c.Close()
		l.Close()
		fmt.Println(host, "answers")
	}
	return nil
}

// listen waits for connections on a loopback port, and writes its address to a
// file.
func listen(args []string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := os.WriteFile(args[0], []byte(l.Addr().String()), 0o644); err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		c.Close()
	}
}

// dial connects to an address, or to the one in a file.
func dial(args []string) error {
	address := args[0]
	if !strings.Contains(address, ":") {
		text, err := os.ReadFile(address)
		if err != nil {
			return err
		}
		address = string(text)
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("connected to", c.RemoteAddr())
	return c.Close()
}

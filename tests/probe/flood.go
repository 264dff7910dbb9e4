package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"time"
)

// floodTime is how long a flood may take.
const floodTime = 5 * time.Second

// flood KIND ADDRESS N does N times, or for as long as it may take, what a relay has to
// bear, and prints how often that succeeded:
//
//	connections  opens connections and keeps them
//	short        opens connections and closes them at once
//	garbage      says a TLS record that is none
//	slow         says a byte of a TLS record a second, for five seconds
//	deaf         asks for /bytes/1000000 and reads nothing of it, for three seconds
//	dns          asks for names that there are not, and reads no answer
//	datagrams    sends datagrams from as many ports
func flood(args []string) error {
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	var kept []net.Conn
	defer func() {
		for _, c := range kept {
			c.Close()
		}
	}()
	done, failed := 0, 0
	count := func(err error) {
		if err != nil {
			failed++
		} else {
			done++
		}
	}
	end := time.Now().Add(floodTime)
	over := func() bool { return time.Now().After(end) }
	open := func(network string) net.Conn {
		c, err := net.DialTimeout(network, args[1], 2*time.Second)
		if err != nil {
			return nil
		}
		kept = append(kept, c)
		return c
	}
	say := func(text string) {
		for i := 0; i < n && !over(); i++ {
			c := open("tcp")
			if c == nil {
				count(io.EOF)
				continue
			}
			_, err := io.WriteString(c, text)
			count(err)
		}
	}
	switch args[0] {
	case "connections":
		say("")
	case "short":
		for i := 0; i < n && !over(); i++ {
			c, err := net.DialTimeout("tcp", args[1], 2*time.Second)
			if count(err); err == nil {
				c.Close()
			}
		}
	case "garbage":
		garbage := make([]byte, 4096)
		for i := range garbage {
			garbage[i] = byte(rand.Uint32())
		}
		say("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03" + string(garbage))
	case "slow":
		say("\x16")
		for _, b := range "\x03\x01\x02\x00\x01" {
			time.Sleep(time.Second)
			for _, c := range kept {
				c.Write([]byte{byte(b)})
			}
		}
	case "deaf":
		say("GET /bytes/1000000 HTTP/1.1\r\nHost: " + hostOf(args[1]) + "\r\n\r\n")
		time.Sleep(3 * time.Second)
	case "dns":
		c := open("udp")
		for i := 0; i < n && !over(); i++ {
			query := []byte{byte(i >> 8), byte(i), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 8}
			query = fmt.Appendf(query, "%08x", i)
			query = append(query, "\x07example\x00\x00\x01\x00\x01"...)
			_, err := c.Write(query)
			count(err)
		}
	case "datagrams":
		for i := 0; i < n && !over(); i++ {
			c := open("udp")
			if c == nil {
				count(io.EOF)
				continue
			}
			_, err := io.WriteString(c, "hello\n")
			count(err)
		}
	default:
		return fmt.Errorf("unknown flood %q", args[0])
	}
	fmt.Println(args[0], "done", done, "failed", failed)
	return nil
}

func hostOf(address string) string {
	host, _, _ := net.SplitHostPort(address)
	return host
}

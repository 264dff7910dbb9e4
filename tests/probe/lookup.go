package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// lookup TYPE NAME [NETWORK SERVER] asks the sandbox's resolver, or a server, and prints the code of
// the answer and its records; resolv.conf(5).
func lookup(args []string) error {
	network, server := "udp", ""
	if len(args) == 4 {
		network, server = args[2], args[3]
	} else {
		text, err := os.ReadFile("/etc/resolv.conf")
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) == 2 && f[0] == "nameserver" && server == "" {
				server = net.JoinHostPort(f[1], "53")
			}
		}
		if len(args) == 3 {
			network = args[2]
		}
	}
	types := map[string]dnsmessage.Type{
		"A": dnsmessage.TypeA, "AAAA": dnsmessage.TypeAAAA, "TXT": dnsmessage.TypeTXT, "MX": dnsmessage.TypeMX, "PTR": dnsmessage.TypePTR,
		"NS": dnsmessage.TypeNS, "SRV": dnsmessage.TypeSRV, "SOA": dnsmessage.TypeSOA, "CNAME": dnsmessage.TypeCNAME, "HTTPS": 65, "ANY": dnsmessage.TypeALL, "NULL": 10,
	}
	kind, ok := types[args[0]]
	if !ok {
		return fmt.Errorf("unknown type %s", args[0])
	}
	name, err := dnsmessage.NewName(strings.TrimSuffix(args[1], ".") + ".")
	if err != nil {
		return err
	}
	query, err := (&dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 4711, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: name, Type: kind, Class: dnsmessage.ClassINET}},
	}).Pack()
	if err != nil {
		return err
	}
	begun := time.Now()
	reply, err := exchangeDNS(network, server, query)
	if err != nil {
		return fmt.Errorf("%w (after %v)", err, time.Since(begun).Round(time.Second))
	}
	var m dnsmessage.Message
	if err := m.Unpack(reply); err != nil {
		return err
	}
	fmt.Println(strings.TrimPrefix(m.RCode.String(), "RCode"))
	for _, r := range m.Answers {
		switch body := r.Body.(type) {
		case *dnsmessage.AResource:
			fmt.Println("A", net.IP(body.A[:]))
		case *dnsmessage.AAAAResource:
			fmt.Println("AAAA", net.IP(body.AAAA[:]))
		case *dnsmessage.PTRResource:
			fmt.Println("PTR", body.PTR)
		default:
			fmt.Println(r.Header.Type, r.Body.GoString())
		}
	}
	return nil
}

func exchangeDNS(network, server string, query []byte) ([]byte, error) {
	c, err := net.DialTimeout(network, server, 3*time.Second)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(3 * time.Second))
	if network == "udp" {
		if _, err := c.Write(query); err != nil {
			return nil, err
		}
		buf := make([]byte, 65536)
		n, err := c.Read(buf)
		return buf[:n], err
	}
	if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return nil, err
	}
	reply := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err = io.ReadFull(c, reply)
	return reply, err
}

package dns

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// How long one name server is waited for, and how often all are tried.
const (
	serverTimeout = 2 * time.Second
	serverRounds  = 2
)

// Upstream asks the name servers of the caller's system. Its zero value reads them from
// /etc/resolv.conf, anew for every question, for they change with the network.
type Upstream struct {
	Servers []netip.AddrPort // nil: those of the file
	File    string           // empty: /etc/resolv.conf
}

// Forward sends a whole message with one question, and returns the whole reply with the
// message's id. Each attempt is over UDP, from a port and with an id that are random,
// and over TCP if the reply did not fit. A reply counts only with that id and the same
// question. Servers that fail (SERVFAIL, REFUSED) count if no other is better. It has
// the form of Server.Forward.
func (u *Upstream) Forward(ctx context.Context, query []byte) ([]byte, error) {
	if len(query) < headerSize || len(query) > maxQuery {
		return nil, errors.New("usandbox: forwarding a question: it is no DNS message")
	}
	servers, err := u.servers()
	if err != nil {
		return nil, fmt.Errorf("usandbox: forwarding a question: %w", err)
	}
	id := binary.BigEndian.Uint16(query)
	query = append([]byte(nil), query...)
	var second []byte
	for range serverRounds {
		for _, server := range servers {
			msg, e := exchange(ctx, server, query)
			if e != nil {
				err = e
				if ctx.Err() != nil {
					return nil, fmt.Errorf("usandbox: forwarding a question: %w", e)
				}
				continue
			}
			binary.BigEndian.PutUint16(msg, id)
			switch dnsmessage.RCode(msg[3] & 0xf) {
			case dnsmessage.RCodeSuccess, dnsmessage.RCodeNameError:
				return msg, nil
			}
			second = msg
		}
		if second != nil {
			return second, nil
		}
	}
	return nil, fmt.Errorf("usandbox: forwarding a question: %w", err)
}

func (u *Upstream) servers() ([]netip.AddrPort, error) {
	if u.Servers != nil {
		return u.Servers, nil
	}
	name := u.File
	if name == "" {
		name = "/etc/resolv.conf"
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	addrs, err := nameservers(f)
	if err != nil {
		return nil, &os.PathError{Op: "read", Path: name, Err: err}
	}
	var servers []netip.AddrPort
	for _, a := range addrs {
		servers = append(servers, netip.AddrPortFrom(a, 53))
	}
	return servers, nil
}

// exchange asks one server once.
func exchange(ctx context.Context, server netip.AddrPort, query []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, serverTimeout)
	defer cancel()
	msg, err := exchangeOver(ctx, "udp", server, query)
	if err == nil && msg[2]&0x02 != 0 {
		return exchangeOver(ctx, "tcp", server, query)
	}
	return msg, err
}

func exchangeOver(ctx context.Context, network string, server netip.AddrPort, query []byte) ([]byte, error) {
	rand.Read(query[:2])
	var d net.Dialer
	c, err := d.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })()
	if network == "tcp" {
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)); err != nil {
			return nil, err
		}
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return nil, err
		}
		msg := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, msg); err != nil {
			return nil, err
		}
		if !answers(query, msg) {
			return nil, errors.New("the name server's reply is for another question")
		}
		return msg, nil
	}
	if _, err := c.Write(query); err != nil {
		return nil, err
	}
	buf := make([]byte, maxQuery)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return nil, err
		}
		if answers(query, buf[:n]) {
			return buf[:n], nil
		}
	}
}

// answers reports whether a message is the reply to a query.
func answers(query, msg []byte) bool {
	if len(msg) < headerSize || msg[0] != query[0] || msg[1] != query[1] || msg[2]&0xf8 != 0x80 {
		return false
	}
	asked, ok := onlyQuestion(query)
	if !ok {
		return false
	}
	said, ok := onlyQuestion(msg)
	return ok && said.Type == asked.Type && said.Class == asked.Class &&
		strings.EqualFold(said.Name.String(), asked.Name.String())
}

func onlyQuestion(msg []byte) (q dnsmessage.Question, ok bool) {
	var p dnsmessage.Parser
	if _, err := p.Start(msg); err != nil {
		return q, false
	}
	all, err := p.AllQuestions()
	if err != nil || len(all) != 1 {
		return q, false
	}
	return all[0], true
}

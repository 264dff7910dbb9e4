package tests

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"
)

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

// answer answers a question with the addresses of the name, and with those that follow
// when it is asked again.
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

package dns

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func TestUpstream(t *testing.T) {
	query := question(t, "example.org.", dnsmessage.TypeTXT)
	reply := func(query []byte, bits ...byte) []byte {
		msg := slices.Clone(query)
		msg[2], msg[3] = 0x81, 0x80
		copy(msg[2:], bits)
		return msg
	}
	var ids sync.Map
	good := fakeServer(t, func(_ string, query []byte) [][]byte {
		ids.Store([2]byte(query), true)
		forged := reply(query, 0x81, 0x83)
		forged[0]++
		other := reply(query, 0x81, 0x83)
		other[13] = 'f'
		asked := slices.Clone(query)
		return [][]byte{{1}, forged, other, asked, reply(query)}
	})
	big := fakeServer(t, func(network string, query []byte) [][]byte {
		if network == "udp" {
			return [][]byte{reply(query, 0x83)}
		}
		return [][]byte{reply(query)}
	})
	failing := fakeServer(t, func(_ string, query []byte) [][]byte { return [][]byte{reply(query, 0x81, 0x82)} })
	silent := fakeServer(t, func(string, []byte) [][]byte { return nil })
	forger := fakeServer(t, func(network string, query []byte) [][]byte {
		if network == "udp" {
			return [][]byte{reply(query, 0x83)}
		}
		forged := reply(query)
		forged[1]++
		return [][]byte{forged}
	})
	for _, test := range []struct {
		name    string
		servers []net.Addr
		want    string // the header's bits, or empty: an error
	}{
		{"forged replies come first", []net.Addr{good}, "\x81\x80"},
		{"over TCP", []net.Addr{big}, "\x81\x80"},
		{"the first fails", []net.Addr{failing, good}, "\x81\x80"},
		{"all fail", []net.Addr{failing}, "\x81\x82"},
		{"the first is silent", []net.Addr{silent, good}, "\x81\x80"},
		{"forged over TCP", []net.Addr{forger}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			u := Upstream{Servers: []netip.AddrPort{}}
			for _, a := range test.servers {
				u.Servers = append(u.Servers, a.(*net.UDPAddr).AddrPort())
			}
			msg, err := u.Forward(t.Context(), query)
			if test.want == "" {
				if err == nil {
					t.Errorf("%x", msg)
				}
				return
			}
			if err != nil || string(msg[2:4]) != test.want || string(msg[:2]) != string(query[:2]) || string(msg[4:]) != string(query[4:]) {
				t.Errorf("%x, %v", msg, err)
			}
		})
	}
	t.Run("the context ends", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		begun := time.Now()
		u := Upstream{Servers: []netip.AddrPort{silent.(*net.UDPAddr).AddrPort()}}
		if _, err := u.Forward(ctx, query); err == nil || time.Since(begun) > time.Second {
			t.Error(err, time.Since(begun))
		}
	})
	t.Run("ids", func(t *testing.T) {
		ids.Clear()
		u := Upstream{Servers: []netip.AddrPort{good.(*net.UDPAddr).AddrPort()}}
		for range 20 {
			u.Forward(t.Context(), query)
		}
		n := 0
		ids.Range(func(any, any) bool { n++; return true })
		if n < 15 {
			t.Errorf("%d ids in 20 queries", n)
		}
	})
}

func TestNameservers(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{"", "[127.0.0.1]"},
		{"# nameserver 192.0.2.1\nsearch example.org\n; x\nnameserver\nnameserver x\n", "[127.0.0.1]"},
		{"nameserver 192.0.2.1\n\tnameserver  fe80::1%eth0 # x\noptions ndots:1\n", "[192.0.2.1 fe80::1%eth0]"},
		{strings.Repeat("nameserver 192.0.2.1\n", 5), "[192.0.2.1 192.0.2.1 192.0.2.1]"},
	} {
		file := filepath.Join(t.TempDir(), "resolv.conf")
		os.WriteFile(file, []byte(test.file), 0o600)
		servers, err := (&Upstream{File: file}).servers()
		got := make([]string, 0)
		for _, s := range servers {
			if s.Port() != 53 {
				t.Error(s)
			}
			got = append(got, s.Addr().String())
		}
		if "["+strings.Join(got, " ")+"]" != test.want || err != nil {
			t.Errorf("%q: %v, %v", test.file, got, err)
		}
	}
	if _, err := (&Upstream{File: "/nonexistent"}).Forward(t.Context(), make([]byte, 20)); err == nil ||
		!strings.HasPrefix(err.Error(), "usandbox: forwarding a question: open /nonexistent") {
		t.Error(err)
	}
}

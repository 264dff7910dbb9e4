package network

import (
	"net/netip"
	"testing"
)

func TestRefused(t *testing.T) {
	refused := []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255",
		"127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.192", "192.168.1.1", "198.18.0.1", "198.19.255.255", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
		"fe80::1", "febf::1", "fe80::a9fe:a9fe", "fec0::1", "feff::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "ff02::1", "ff0e::1",
		"64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8",
		"::ffff:0:127.0.0.1", "::ffff:0:10.0.0.1",
		"2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::",
		"2001:0:a00:1::1", "2001:0:808:808:0:0:80ff:fffe", // Teredo: server 10.0.0.1; client 127.0.0.1
		"2001:db8::5efe:10.0.0.1", "2001:db8::200:5efe:10.0.0.1",
		"fe80::1%lo", "::ffff:127.0.0.1%lo",
	}
	for _, text := range refused {
		if why, is := Refused(netip.MustParseAddr(text)); !is || why == "" {
			t.Errorf("%s is not refused", text)
		}
	}
	if _, is := Refused(netip.Addr{}); !is {
		t.Error("no address is not refused")
	}
	for _, text := range []string{
		"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "168.63.129.15", "168.63.129.17",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0",
		"198.17.255.255", "198.20.0.0", "223.255.255.255", "192.0.2.1",
		"::ffff:8.8.8.8", "2001:db8::1", "2600::", "64:ff9b::8.8.8.8", "::ffff:0:8.8.8.8", "2002:808:808::1", "2001:0:808:808:0:0:f7f7:f7f7",
		"2001:db8::5efe:8.8.8.8", "fbff::1", "2001:4860:4860::8888",
	} {
		if why, is := Refused(netip.MustParseAddr(text)); is {
			t.Errorf("%s is refused: %s", text, why)
		}
	}
}

func TestRefusedRangesAreRefused(t *testing.T) {
	list := RefusedRanges()
	if len(list) < 18 {
		t.Errorf("%d ranges", len(list))
	}
	for _, p := range list {
		if p != p.Masked() {
			t.Errorf("%v has bits behind its length", p)
		}
		if _, is := Refused(p.Addr()); !is {
			t.Errorf("%v is not refused", p)
		}
	}
}

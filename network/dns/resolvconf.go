package dns

import (
	"bufio"
	"io"
	"net/netip"
	"strings"
)

// maxServers is MAXNS of resolv.conf(5).
const maxServers = 3

// nameservers reads the name servers of a resolv.conf(5), at most three and of at most
// 64 KiB. A file without any means the machine itself, by IPv4.
func nameservers(r io.Reader) ([]netip.Addr, error) {
	var servers []netip.Addr
	lines := bufio.NewScanner(io.LimitReader(r, 64<<10))
	for lines.Scan() && len(servers) < maxServers {
		words := strings.Fields(lines.Text())
		if len(words) < 2 || words[0] != "nameserver" {
			continue
		}
		if a, err := netip.ParseAddr(words[1]); err == nil {
			servers = append(servers, a)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(servers) == 0 {
		servers = append(servers, localhost4)
	}
	return servers, nil
}

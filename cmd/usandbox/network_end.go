package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/network/relay"
)

// tellNetwork says what the command was refused, a line for each name.
func (r *running) tellNetwork() {
	if s := r.c.NetworkSummary(); s != nil {
		os.Stderr.WriteString(refusedNames(s))
	}
}

// refusedNames is
//
//	usandbox: refused: example.org:443 3 times (by curl): no rule names it: --allow example.org:443
func refusedNames(s *relay.Summary) string {
	var b strings.Builder
	for _, x := range s.Refused {
		b.WriteString("usandbox: refused: " + printable(refusedTarget(x)) + " " + times(x.Count))
		if len(x.Programs) > 0 {
			b.WriteString(" (by " + printable(strings.Join(x.Programs, ", ")) + ")")
		}
		if x.Reason != "" {
			b.WriteString(": " + printable(x.Reason))
		}
		if x.Allow != "" {
			b.WriteString(": " + printable(x.Allow))
		}
		b.WriteByte('\n')
	}
	if s.More > 0 {
		fmt.Fprintf(&b, "usandbox: refused: other names and addresses %s\n", times(s.More))
	}
	if s.LogDropped > 0 {
		fmt.Fprintf(&b, "usandbox: the logs of the network lack %d lines, which were too much for them\n", s.LogDropped)
	}
	return b.String()
}

// refusedTarget is a name with what was asked for of it.
func refusedTarget(x relay.Refused) string {
	text := x.Name
	if x.Protocol == network.UDP {
		text = "udp/" + text
	}
	if len(x.Ports) == 0 {
		return text
	}
	if strings.Contains(x.Name, ":") {
		text = strings.Replace(text, x.Name, "["+x.Name+"]", 1)
	}
	var ports []string
	for _, p := range x.Ports {
		ports = append(ports, fmt.Sprint(p))
	}
	return text + ":" + strings.Join(ports, ",")
}

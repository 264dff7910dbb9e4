package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/sandbox"
)

// netRequest is what a client asks of the network of a sandbox that has a name.
type netRequest struct {
	Verb  string   `json:"verb"`  // allow, deny or show
	Rules []string `json:"rules"` // as network.Rule prints them, no lists
}

const (
	maxLines  = 8 << 10 // bytes of lines in one message, but for the last line; JSON may need six for one
	maxOrigin = 200     // bytes of an origin
)

// serve answers, in the supervisor.
func (r *netRequest) serve(fd int, c *sandbox.Cmd) error {
	mode := c.Policy.Network.Mode
	n := c.Network()
	if n == nil || mode != network.Named && mode != network.Open {
		return errNoRelay
	}
	parse, add := network.ParseAllow, n.Allow
	switch r.Verb {
	case "allow":
	case "deny":
		parse, add = network.ParseDeny, n.Deny
	case "show":
		policy := n.Rules().Policy()
		policy.Publish = n.Published()
		return sendLines(fd, netLines(&policy))
	default:
		return fmt.Errorf("unknown request %q", r.Verb)
	}
	var rules []network.Rule
	for _, text := range r.Rules {
		if strings.HasPrefix(text, "@") { // the client has read the lists
			return fmt.Errorf("%s: no rule", text)
		}
		list, err := parse(text, "usandbox net "+r.Verb)
		if err != nil {
			return err
		}
		rules = append(rules, list...)
	}
	if err := add(rules...); err != nil {
		return err
	}
	return send(fd, answer{Done: true})
}

// sendLines sends lines in as many messages as they need.
func sendLines(fd int, lines []string) error {
	size, from := 0, 0
	for i, line := range lines {
		if size += len(line); size < maxLines {
			continue
		}
		if err := send(fd, answer{Lines: lines[from : i+1]}); err != nil {
			return err
		}
		size, from = 0, i+1
	}
	return send(fd, answer{Lines: lines[from:], Done: true})
}

var errNoRelay = errors.New("the sandbox has no network whose rules could change; it was started without --allow, --ask, --net allow and --net open")

// netLines are what a sandbox may reach, as text: fields with tabs between.
func netLines(p *network.Policy) []string {
	lines := []string{"mode\t" + p.Mode.String() + "\t"}
	add := func(what, text, origin string) {
		if len(origin) > maxOrigin {
			origin = origin[:maxOrigin] + "..."
		}
		lines = append(lines, what+"\t"+text+"\t"+origin)
	}
	for _, r := range p.Allow {
		add("allow", r.String(), r.Origin)
	}
	for _, r := range p.Deny {
		add("deny", r.DenyString(), r.Origin)
	}
	for _, h := range p.Hosts {
		add("hosts", h.String(), h.Origin)
	}
	for _, port := range p.Publish {
		add("publish", port.String(), port.Origin)
	}
	return lines
}

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/userns"
)

// networkFlags are the flags about what the command reaches.
type networkFlags struct {
	net                         string
	allow, deny, publish, hosts []string
	unixSockets                 []string
	sshAgent                    bool
	netLog, dnsLog              string
	noNameCheck, ask            bool
}

func (f *runFlags) networkFlags() {
	s, n := f.set, &f.network
	s.StringVar(&n.net, "net", "none", "what the command reaches: `MODE` none, allow (what --allow names), open (all but what is private), host (your own network), pasta (by that program)")
	s.StringArrayVar(&n.allow, "allow", nil, "let the command reach `NAME[:PORT,...]`: example.org is example.org:80,443; also *.example.org, an address, a range, udp/NAME:PORT, @FILE; repeatable")
	s.StringArrayVar(&n.deny, "deny", nil, "deny `NAME[:PORT,...]`, whatever --allow and --net open say; without a port, all; repeatable")
	s.StringArrayVar(&n.hosts, "hosts", nil, "a name's address, in place of the resolver's, which may be a private one: `NAME=ADDR`; repeatable")
	s.StringArrayVar(&n.publish, "publish", nil, "let the host connect to a port of the sandbox: `[ADDR:]HOSTPORT:PORT[/udp]`; ADDR is 127.0.0.1, HOSTPORT 0 any that is free; repeatable")
	s.StringArrayVar(&n.unixSockets, "forward-unix", nil, "let the command connect to the unix socket at `PATH`; repeatable")
	s.BoolVar(&n.sshAgent, "ssh-agent", false, "let the command use your ssh-agent(1)")
	s.BoolVar(&n.ask, "ask", false, "ask on the terminal about a name that no flag names")
	s.StringVar(&n.netLog, "net-log", "", "append a line of JSON for each connection to `FILE`")
	s.StringVar(&n.dnsLog, "dns-log", "", "append a line of JSON for each question for a name to `FILE`")
	s.BoolVar(&n.noNameCheck, "no-sni-check", false, "let through connections in which the client gives another name (TLS, HTTP) than it connects to")
}

// networkWords are what --net takes.
const networkWords = "none, allow, open, host or pasta"

// mode is what the sandbox's own network is. Not ok: there is none, for the command has
// the caller's.
func (f *runFlags) mode() (mode network.Mode, ok bool, err error) {
	n := &f.network
	switch n.net {
	case "none":
		if len(n.allow) > 0 || n.ask {
			return network.Named, true, nil
		}
		return network.None, true, nil
	case "allow":
		return network.Named, true, nil
	case "open":
		return network.Open, true, nil
	case "pasta":
		return network.Pasta, true, nil
	case "host":
		return network.None, false, nil
	}
	err = flagError("net", fmt.Errorf("%q: want %s", n.net, networkWords))
	if rules, e := network.ParseAllow(strings.TrimLeft(n.net, "@"), ""); e == nil && strings.Contains(rules[0].String(), ".") {
		return 0, false, hinted{err, "--allow " + n.net + " lets the command reach that"}
	}
	return 0, false, hinted{err, nearest(n.net, []string{"open", "none", "allow", "host", "pasta"}, "--net ")}
}

// setNetwork sets what the command reaches, after Policy.Share.
func (f *runFlags) setNetwork(p *sandbox.Policy) error {
	mode, own, err := f.mode()
	if err != nil {
		return err
	}
	if err := f.checkNetwork(p, mode, own); err != nil {
		return err
	}
	if !own {
		p.Share |= userns.SetOf(userns.Network)
		return nil
	}
	p.Network.Mode, p.Network.NoNameCheck, p.Network.Ask = mode, f.network.noNameCheck, f.network.ask
	return f.network.rules(&p.Network)
}

// rules fills in the rules.
func (n *networkFlags) rules(p *network.Policy) error {
	for _, x := range []struct {
		name  string
		specs []string
		list  *[]network.Rule
		parse func(spec, origin string) ([]network.Rule, error)
	}{{"allow", n.allow, &p.Allow, network.ParseAllow}, {"deny", n.deny, &p.Deny, network.ParseDeny}} {
		for _, spec := range x.specs {
			rules, err := x.parse(spec, "--"+x.name)
			if err != nil {
				return ruleError(x.name, err)
			}
			if i := slices.IndexFunc(rules, func(r network.Rule) bool { return r.Name != "" }); i >= 0 && p.Mode == network.Open && x.name == "allow" {
				return hinted{fmt.Errorf("--net open and --allow %s exclude each other: every name is allowed", spec),
					"--allow alone allows nothing else; with --net open it names addresses that are private"}
			}
			*x.list = append(*x.list, rules...)
		}
		if len(*x.list) > network.MaxListRules {
			return flagError(x.name, fmt.Errorf("more than %d rules", network.MaxListRules))
		}
	}
	for _, spec := range n.hosts {
		h, err := network.ParseHost(spec, "--hosts")
		if err != nil {
			return ruleError("hosts", err)
		}
		p.Hosts = append(p.Hosts, h)
	}
	for _, spec := range n.publish {
		port, err := network.ParsePublished(spec, "--publish")
		if err != nil {
			return ruleError("publish", err)
		}
		p.Publish = append(p.Publish, port)
	}
	return nil
}

// ruleError is an error about a rule, with its hint.
func ruleError(flag string, err error) error {
	var syntax *network.SyntaxError
	if errors.As(err, &syntax) && syntax.Hint != "" {
		return hinted{flagError(flag, err), syntax.Hint}
	}
	return flagError(flag, err)
}

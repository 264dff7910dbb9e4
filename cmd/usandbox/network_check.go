package main

import (
	"errors"
	"fmt"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/userns"
)

// checkNetwork refuses flags that do not go together. Not own: the command has the
// caller's network.
func (f *runFlags) checkNetwork(p *sandbox.Policy, mode network.Mode, own bool) error {
	n := &f.network
	word := "--net " + n.net
	if p.Share.Has(userns.Network) && own {
		if f.set.Changed("net") {
			return fmt.Errorf("--net %s and --share net exclude each other", n.net)
		}
		word, own = "--share net", false
	}
	names := len(n.allow) > 0 || n.ask
	for _, x := range []struct {
		name  string
		given bool
	}{{"allow", len(n.allow) > 0}, {"ask", n.ask}} {
		if x.given && (!own || mode == network.Pasta || n.net == "none" && f.set.Changed("net")) {
			return hinted{fmt.Errorf("%s and --%s exclude each other", word, x.name), "--" + x.name + " alone lets the command reach what is named, and nothing else"}
		}
	}
	switch {
	case n.ask && mode == network.Open:
		return hinted{errors.New("--net open and --ask exclude each other: nothing is left to ask about"), "--ask alone asks about every name"}
	case n.ask && f.detach:
		return errors.New("--ask and --detach exclude each other: there is no terminal to ask on")
	}
	relayed := own && (mode == network.Named || mode == network.Open || names)
	for _, x := range []struct {
		name  string
		given bool
		ok    bool // what it needs is there
		why   string
	}{
		{"deny", len(n.deny) > 0, relayed, "nothing is allowed that it could deny: --net open, or --allow NAME"},
		{"hosts", len(n.hosts) > 0, relayed, "no name is allowed: --allow NAME, or --net open"},
		{"dns-log", n.dnsLog != "", relayed, "no name can be asked for: --allow NAME, or --net open"},
		{"no-sni-check", n.noNameCheck, relayed, "no name is allowed that is checked: --allow NAME, or --net open"},
		{"net-log", n.netLog != "", relayed || own && mode == network.None && len(n.publish) > 0, "nothing is connected: --allow NAME, --net open, or --publish"},
		{"publish", len(n.publish) > 0, own && mode != network.Pasta, ""},
	} {
		switch {
		case !x.given || x.ok:
		case !own || mode == network.Pasta:
			return fmt.Errorf("%s and --%s exclude each other: usandbox relays nothing there", word, x.name)
		default:
			return fmt.Errorf("--%s: %s", x.name, x.why)
		}
	}
	return nil
}

package sandbox

import (
	"context"
	"errors"
	"os"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/network/inside"
	"github.com/usandbox/usandbox/network/relay"
	"github.com/usandbox/usandbox/userns"
)

// checkNetwork refuses a network that contradicts itself, or the rest of the policy.
func (p *Policy) checkNetwork() error {
	n := &p.Network
	switch {
	case n.Mode == network.None && !n.Relayed() && len(n.Allow)+len(n.Deny)+len(n.Hosts) == 0:
		return nil
	case p.Share.Has(userns.Network):
		return errors.New("a sandbox that shares the network has none of its own, and nothing is relayed or refused there")
	case p.NoNamespaces != nil:
		return errors.New("without namespaces there is no network of the sandbox's own: it has none, or the caller's")
	case n.Mode == network.None && len(n.Allow)+len(n.Deny)+len(n.Hosts) > 0:
		return errors.New("rules and hosts are for a network, and there is to be none")
	case n.Mode == network.Pasta && len(n.Allow)+len(n.Deny)+len(n.Hosts)+len(n.Publish) > 0:
		return errors.New("pasta knows nothing of rules, hosts and published ports")
	}
	return nil
}

// checkNetwork refuses a network that needs a supervisor where there is none.
func (run *execution) checkNetwork(policy *Policy) error {
	if policy.Network.Mode != network.None && (run.takeover != nil || run.forUser != nil) {
		return &PolicyError{"Network", errors.New("BUG: a network of names without a supervisor")}
	}
	return nil
}

// relayed is what relays for a sandbox.
type relayed struct {
	inside  *inside.Namespace
	relay   *relay.Relay // nil: it has not started
	pasta   *pasta       // in place of both; nil: there is none
	summary relay.Summary
	ended   bool

	hurry context.Context // done: nobody waits for what is on its way
	now   context.CancelFunc
}

// startRelay is what Start does with the sockets of the sandbox's network namespace.
func (c *Cmd) startRelay(files []*os.File) error {
	p := &c.Policy.Network
	if p.Mode == network.Pasta {
		var err error
		c.relayed = &relayed{}
		c.relayed.pasta, err = startPasta(files[0])
		for _, f := range files {
			f.Close()
		}
		return err
	}
	r := &relayed{inside: inside.Take(inside.Sockets(p), files)}
	r.hurry, r.now = context.WithCancel(context.Background())
	c.relayed = r
	if err := r.inside.SetUp(p); err != nil {
		return &NetworkError{err}
	}
	if warn := c.Relay.Warn; warn != nil {
		for _, note := range r.inside.Notes() {
			warn(note)
		}
	}
	var err error
	if r.relay, err = relay.Start(relay.Of(r.inside), network.NewRules(*p), c.Relay); err != nil {
		return &NetworkError{err}
	}
	return nil
}

// drain waits until what the command sent has been passed on, if that does not take long.
func (r *relayed) drain() {
	if r != nil && r.relay != nil {
		r.relay.Drain(r.hurry)
	}
}

// hasten ends drain.
func (r *relayed) hasten() {
	if r != nil && r.now != nil {
		r.now()
	}
}

// end ends the relay, once.
func (r *relayed) end() {
	if r == nil || r.ended {
		return
	}
	r.ended = true
	r.hasten()
	if r.relay != nil {
		r.summary = r.relay.Close()
	}
	if r.inside != nil {
		r.inside.Close()
	}
	r.pasta.end()
}

// NetworkError says that a sandbox's network could not be set up.
type NetworkError struct{ Err error }

func (e *NetworkError) Error() string { return "set the network up: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *NetworkError) Unwrap() error { return e.Err }

// Network is the relay of a sandbox that has one, from Start to Wait; nil: there is none.
// With it the policy can be changed while the command runs.
func (c *Cmd) Network() *relay.Relay {
	if c.relayed == nil {
		return nil
	}
	return c.relayed.relay
}

// NetworkSummary is what the relay did, after Wait; nil: there was none.
func (c *Cmd) NetworkSummary() *relay.Summary {
	if c.relayed == nil || !c.relayed.ended {
		return nil
	}
	return &c.relayed.summary
}

package relay

import (
	"errors"

	"github.com/usandbox/usandbox/network"
)

// Relay connects a sandbox to what its rules let it reach. It is safe for concurrent use.
type Relay struct {
	rules *network.Rules
}

// Start relays for a sandbox until Close. Published ports of the policy are bound here:
// an error names the flag.
func Start(n Inside, r *network.Rules, o Options) (*Relay, error) { return nil, errors.ErrUnsupported }

// Allow adds rules that allow. What they need is made in the sandbox's network namespace.
func (r *Relay) Allow(rules ...network.Rule) error { return errors.ErrUnsupported }

// Deny adds rules that deny, and ends connections and flows that they match.
func (r *Relay) Deny(rules ...network.Rule) error { return errors.ErrUnsupported }

// Rules are what the relay decides by.
func (r *Relay) Rules() *network.Rules { return r.rules }

// Published are the ports that are published, with those of the host that were picked.
func (r *Relay) Published() []network.Published { return nil }

// Close ends all connections, and says what the relay did. It does not close the
// namespace.
func (r *Relay) Close() Summary { return Summary{} }

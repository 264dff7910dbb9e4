package sandbox

import "github.com/usandbox/usandbox/network/relay"

// Network is the relay of a command that was started: its rules can be asked for, and
// more can be added. Nil: Policy.Network needs none.
func (c *Cmd) Network() *relay.Relay { return c.relay }

// NetworkSummary is, after Wait, what the relay did. Nil: there was none.
func (c *Cmd) NetworkSummary() *relay.Summary { return c.relayed }

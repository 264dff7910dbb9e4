package main

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/sandbox"
)

// prepareRelay tells the relay of a sandbox what the flags say, just before it starts.
func (f *runFlags) prepareRelay(c *sandbox.Cmd) error {
	if !c.Policy.Network.Relayed() {
		return nil
	}
	if err := f.network.openLogs(&c.Relay); err != nil {
		return err
	}
	c.Relay.Warn = f.warn
	if !f.network.ask {
		return nil
	}
	a, err := newAsker(f.console)
	if err != nil {
		return flagError("ask", err)
	}
	c.Relay.Ask = a.ask
	return nil
}

// warn says what does not work as it was asked for, and which port was published. On a
// terminal that shows the command's it waits until that has ended.
func (f *runFlags) warn(text string) {
	line := fmt.Sprintf("usandbox: network: %s\n", printable(text))
	if f.console == nil || !f.console.begun.Load() {
		os.Stderr.WriteString(line)
		return
	}
	f.console.later.add(line)
}

// later is text for the end of a command. There is not more of it than anybody reads.
type later struct {
	mu    sync.Mutex
	lines []string
}

func (l *later) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) < 100 {
		l.lines = append(l.lines, line)
	}
}

func (l *later) tell() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		os.Stderr.WriteString(line)
	}
	l.lines = nil
}

// withoutSupervisor refuses what a program that is its own supervisor cannot do.
func (n *networkFlags) withoutSupervisor(p network.Policy) error {
	switch {
	case n.ask:
		return flagError("ask", errors.New("a compiled program has no supervisor, which would ask"))
	case n.sshAgent:
		return flagError("ssh-agent", errors.New("the agent's socket is another one in each session, and a compiled program has the path of this one"))
	case p.Mode == network.Pasta:
		return flagError("net", errors.New("pasta: a compiled program has no supervisor, which starts it"))
	case p.Mode == network.Named && len(n.allow) > 0:
		return flagError("allow", errors.New("a compiled program has no supervisor, which relays"))
	case p.Mode == network.Named, p.Mode == network.Open:
		return flagError("net", fmt.Errorf("%v: a compiled program has no supervisor, which relays", p.Mode))
	case len(p.Publish) > 0:
		return flagError("publish", errors.New("a compiled program has no supervisor, which relays"))
	}
	return nil
}

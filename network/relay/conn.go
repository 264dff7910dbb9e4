package relay

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/network/sniff"
	"github.com/usandbox/usandbox/network/splice"
)

// conn is a connection: made by a program in the sandbox, or from outside to a published
// port. While it is not dialled it needs no goroutine, and when it is joined nothing but this.
type conn struct {
	target
	relay     *Relay
	client    int // what was accepted; -1 once it is the pump's
	from      netip.AddrPort
	published *network.Published // nil: of the sandbox
	began     time.Time
	queued    time.Time // when it was allowed
	pid       int
	program   string
}

// decide decides about a connection that a program in the sandbox made, which has a place.
func (c *conn) decide() {
	r := c.relay
	c.name, c.verdict = r.verdict(network.TCP, c.to)
	switch {
	case c.verdict.Allowed:
		c.enter()
	case r.asks(c.name, c.verdict):
		r.asker.submit(&c.target, c.from, func(v network.Verdict) {
			if c.verdict, c.asked = v, v.Allowed; v.Allowed {
				c.enter()
			} else {
				c.refuse()
			}
		})
	default:
		c.refuse()
	}
}

// enter has a connection dialled that is allowed. What is made at once, to a server on this
// machine whose address is known, is made here; nothing here waits.
func (c *conn) enter() {
	r := c.relay
	if c.published != nil {
		c.queue(c.dialInside)
		return
	}
	race := r.race(&c.target)
	if fd, a, ok := race.sprint(); ok {
		c.dialled = a
		c.join(fd)
		return
	}
	if !race.tried {
		race = nil // what is known may be another when it is dialled
	}
	r.waiting.add(c, c.client)
	c.queue(func(ctx context.Context) { c.dial(ctx, race) })
}

// queue has a function called that may wait.
func (c *conn) queue(dial func(context.Context)) {
	c.queued = time.Now()
	c.relay.dials.add(c.goal(), func() { c.begin(dial) })
}

// goal is where it leads, for its turn.
func (c *conn) goal() goal {
	switch {
	case c.published != nil:
		return goal{port: c.published.Port}
	case c.name != "":
		return goal{name: c.name}
	}
	return goal{addr: c.to.Addr()}
}

func (c *conn) begin(dial func(context.Context)) {
	r := c.relay
	switch {
	case r.ctx.Err() != nil:
		c.fail(errClosed)
		return
	case time.Since(c.queued) > r.limits.DialTimeout:
		c.fail(errFull)
		return
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.limits.DialTimeout)
	defer cancel()
	dial(ctx)
}

func (c *conn) dialInside(ctx context.Context) {
	fd, err := c.relay.inside.Dial(ctx, network.TCP, c.published.Port)
	if err != nil {
		c.fail(err)
		return
	}
	unix.SetNonblock(fd, true)
	c.join(fd)
}

func (c *conn) dial(ctx context.Context, race *race) {
	if race == nil {
		race = c.relay.race(&c.target)
	}
	fd, a, err := race.run(ctx)
	var refused *network.RefusedError
	switch {
	case errors.As(err, &refused):
		c.verdict = refusal(err)
		c.refuse()
	case err != nil:
		c.fail(err)
	default:
		c.dialled = a
		c.join(fd)
	}
}

// join gives both sockets to the pump. Rules that were added meanwhile count: either they are
// seen here, or who added them sees the connection.
func (c *conn) join(server int) {
	r := c.relay
	if c.published == nil {
		r.live.add(c)
		if v := r.again(&c.target); !v.Allowed {
			reset(server)
			r.live.remove(c)
			c.verdict = v
			c.refuse()
			return
		}
	}
	pair := splice.Pair{Client: c.client, Server: server, Accepted: true, Key: c, Done: c.done, Published: c.published != nil}
	if c.published == nil {
		r.waiting.add(c, -1)
	}
	c.client = -1
	if c.name != "" && r.checked {
		pair.Inspect = c.inspect
	}
	if err := r.pump.Join(pair); err != nil {
		r.live.remove(c)
		c.fail(err)
		return
	}
	r.waiting.remove(c)
	if r.live.isDoomed(c) {
		r.pump.Cut(c)
	}
}

func (c *conn) inspect(head []byte, ended bool) (sniff.Decision, string) {
	return sniff.Check(head, ended, c.name, c.to.Port())
}

// done is called by the pump.
func (c *conn) done(t splice.Totals) {
	c.relay.live.remove(c)
	switch t.End {
	case splice.Refused, splice.HoldTimeout:
		c.verdict = network.Verdict{Reason: t.Reason}
		c.relay.tally.add(&c.target, c.program)
		c.finish(wordDenied, t.Reason, t.Out, t.In)
	case splice.EOF, splice.ClientReset:
		c.finish(wordAllowed, "", t.Out, t.In)
	default:
		c.finish(wordAllowed, endWord(t), t.Out, t.In)
	}
}

// refuse resets a connection that is not allowed. The program that made it can only be found
// before that.
func (c *conn) refuse() {
	r := c.relay
	last := func() {
		r.waiting.remove(c)
		if c.client >= 0 {
			reset(c.client)
		}
		r.tally.add(&c.target, c.program)
		c.finish(wordDenied, c.verdict.Reason, 0, 0)
	}
	if !r.finder.begin(r.tally.wants(&c.target)) {
		last()
		return
	}
	r.run(func() {
		c.pid, c.program = r.finder.find(network.TCP, c.from)
		last()
	})
}

// fail resets a connection that could not be made.
func (c *conn) fail(err error) {
	c.relay.waiting.remove(c)
	if c.client >= 0 {
		reset(c.client)
	}
	c.finish(wordFailed, err.Error(), 0, 0)
}

// lost resets a connection that got no place, or of which it cannot be told where it leads.
func (c *conn) lost(err error) {
	reset(c.client)
	c.relay.failed.Add(1)
	c.relay.log.add(c.record(wordFailed, err.Error(), 0, 0))
}

// finish counts a connection, and gives its place back.
func (c *conn) finish(word, reason string, out, in uint64) {
	r := c.relay
	r.live.remove(c)
	r.count(word, out, in)
	r.log.add(c.record(word, reason, out, in))
	r.slots.give()
}

func (r *Relay) count(word string, out, in uint64) {
	switch word {
	case wordAllowed:
		r.allowed.Add(1)
	case wordFailed:
		r.failed.Add(1)
	case wordDenied:
		r.denied.Add(1)
	}
	r.out.Add(out)
	r.in.Add(in)
}

// endWord says how a connection broke, for the log.
func endWord(t splice.Totals) string {
	switch t.End {
	case splice.ServerReset:
		if t.Err != nil {
			return "the server's connection broke: " + t.Err.Error()
		}
		return "the server's connection broke"
	case splice.IdleTimeout:
		return "nothing was sent for too long"
	case splice.Stuck:
		return "a side did not read"
	}
	if t.End == splice.CutOff {
		return "a rule that was added denies it"
	}
	return "the relay ended it"
}

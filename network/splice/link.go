package splice

import (
	"time"

	"github.com/usandbox/usandbox/network/sniff"
)

// side is one of a pair's two.
type side int

const (
	client side = iota
	server
)

// link is a pair that was joined. Once it is in the table, only the pump's
// goroutine touches it.
type link struct {
	sock [2]socket
	flow [2]flow // by the side that the bytes come from

	inspect func([]byte, bool) (sniff.Decision, string) // nil: the client is not held back (any more)
	done    func(Totals)
	key     any
	ends    side // which Drain takes for ended

	slot   int32
	queued bool // waits for its turn
	dead   bool // both sockets are closed
	looks  uint16
	seen   int // bytes that inspect saw
	active time.Time
	held   node // in order of the client's first byte
	stuck  node // in order of when bytes were left over last
	heldAt time.Time
}

// flow is one direction.
type flow struct {
	total uint64
	rest  []byte // read, and not written
	size  int    // of what rest is the end of
	pipe  *pipe  // with bytes read and not written; then there is no rest
	room  int    // what the receiver takes, at least, by the last guess
	bulk  bool   // much came at once: splice
	tight bool   // the receiver was full before: look for room first
	ended bool   // the sender has ended
	shut  bool   // and the receiver was told
}

// node is a place in a queue.
type node struct {
	prev, next *node
	link       *link
}

// queue is a ring of nodes around its own.
type queue struct{ root node }

func (q *queue) front() *link {
	if q.root.next == nil || q.root.next == &q.root {
		return nil
	}
	return q.root.next.link
}

// push puts a node at the end, from wherever it is.
func (q *queue) push(n *node, l *link) {
	if q.root.next == nil {
		q.root.prev, q.root.next = &q.root, &q.root
	}
	n.remove()
	n.link, n.prev, n.next = l, q.root.prev, &q.root
	n.prev.next, n.next.prev = n, n
}

func (n *node) remove() {
	if n.next != nil {
		n.prev.next, n.next.prev = n.next, n.prev
		n.prev, n.next = nil, nil
	}
}

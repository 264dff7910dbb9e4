// Package splice carries bytes between pairs of connected stream sockets, inside the
// kernel where there are many: [Pump] waits for all pairs, and for listening sockets if
// it is told to, by one epoll instance, in one goroutine, which blocks nowhere but there.
//
// It must never lose, double or reorder a byte, nor let one pair's peer that does not
// read keep others waiting. It must never have more than [MaxPipes] pipes, nor one for
// a pair that has no bytes in flight: pipes count against what all programs of the user
// may have. It must never keep memory for a pair beyond the budgets of [Limits].
//
// It follows epoll(7), splice(2), pipe(7), tcp(7) and socket(7).
package splice

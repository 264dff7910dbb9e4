package splice

import "time"

// MaxPipes is how many pipes all pumps of a process have together, at most.
const MaxPipes = 16

// Limits bound a pump. A zero field stands for the default.
type Limits struct {
	// Pipes is how many pipes the pump has, at most; default and most: MaxPipes.
	Pipes int

	// Leftover is how many bytes, taken from a sender and not yet by a receiver, are
	// kept in memory for all pairs together. When they do not suffice, no more is taken than
	// is given on, which is slower. Default: 8 MiB.
	Leftover int

	// Hold is how long a client may keep Inspect undecided after its first byte.
	// Default: 10 s.
	Hold time.Duration

	// Idle is after how long without any byte a pair is reset. Default: never.
	Idle time.Duration
}

package relay

import (
	"context"
	"time"
)

// slots are places of which there is a number.
type slots struct{ c chan struct{} }

func newSlots(n int) *slots { return &slots{make(chan struct{}, n)} }

func (s *slots) try() bool {
	select {
	case s.c <- struct{}{}:
		return true
	default:
		return false
	}
}

// wait waits for a place, but not long.
func (s *slots) wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case s.c <- struct{}{}:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

func (s *slots) give() { <-s.c }

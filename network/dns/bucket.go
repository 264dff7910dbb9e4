package dns

import (
	"context"
	"sync"
	"time"
)

// bucket is a token bucket that holds as many tokens as come in a second.
type bucket struct {
	mu     sync.Mutex
	rate   float64 // tokens a second, and the most there are
	tokens float64 // below zero: so many are promised to those who wait
	last   time.Time
}

func newBucket(perSecond int) *bucket {
	return &bucket{rate: float64(perSecond), tokens: float64(perSecond), last: time.Now()}
}

func (b *bucket) fill() {
	now := time.Now()
	b.tokens = min(b.rate, b.tokens+now.Sub(b.last).Seconds()*b.rate)
	b.last = now
}

// take takes a token if there is one.
func (b *bucket) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// wait takes a token as soon as there is one, and reports whether that was before the
// context's end.
func (b *bucket) wait(ctx context.Context) bool {
	b.mu.Lock()
	b.fill()
	b.tokens--
	missing := -b.tokens
	b.mu.Unlock()
	if missing <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(time.Duration(missing / b.rate * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

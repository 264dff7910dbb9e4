package relay

import (
	"context"
	"sync"
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

// workers run jobs: some at once, the others in the order in which they came. Jobs that wait need
// no goroutine; how many there are, who adds them must bound.
type workers struct {
	mu      sync.Mutex
	max     int
	running int
	closed  bool
	queue   []func()
	wg      sync.WaitGroup
}

func newWorkers(max int) *workers { return &workers{max: max} }

func (w *workers) add(job func()) {
	w.mu.Lock()
	switch {
	case w.closed:
		defer job()
	case w.running >= w.max:
		w.queue = append(w.queue, job)
	default:
		w.running++
		w.wg.Add(1)
		go w.work(job)
	}
	w.mu.Unlock()
}

func (w *workers) work(job func()) {
	defer w.wg.Done()
	for job != nil {
		job()
		job = w.next()
	}
}

func (w *workers) next() func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		w.running--
		w.queue = nil
		return nil
	}
	job := w.queue[0]
	w.queue[0] = nil
	w.queue = w.queue[1:]
	return job
}

// close waits until all jobs, which have to be quick from now on, have run. What is added
// afterwards runs at once.
func (w *workers) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.wg.Wait() // a worker ends when the queue is empty
}

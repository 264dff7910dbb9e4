package relay

import (
	"net/netip"
	"sync"
)

// goal is what connections have in common that wait for the same server.
type goal struct {
	name string     // or
	addr netip.Addr // where there is none, or
	port uint16     // in the sandbox
}

// workers run jobs: some at once, of which those to one goal are no more than a part, for
// one that does not answer must not keep the others waiting; and the rest later, each goal
// in its turn. Jobs that wait need no goroutine; how many there are, who adds them must bound.
type workers struct {
	max, share int

	mu      sync.Mutex
	running int
	closed  bool
	lines   map[goal]*line // that have a job
	turns   []*line        // that have one that may run when a worker is free, in order
	wg      sync.WaitGroup
}

// line is the jobs to one goal.
type line struct {
	to      goal
	running int
	queue   []func()
}

func newWorkers(max, share int) *workers {
	return &workers{max: max, share: share, lines: make(map[goal]*line)}
}

func (w *workers) add(to goal, job func()) {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		job()
		return
	}
	defer w.mu.Unlock()
	l := w.lines[to]
	if l == nil {
		l = &line{to: to}
		w.lines[to] = l
	}
	switch {
	case l.running >= w.share:
		l.queue = append(l.queue, job)
	case w.running >= w.max:
		if l.queue = append(l.queue, job); len(l.queue) == 1 {
			w.turns = append(w.turns, l)
		}
	default:
		w.running++
		l.running++
		w.wg.Add(1)
		go w.work(l, job)
	}
}

func (w *workers) work(l *line, job func()) {
	defer w.wg.Done()
	for job != nil {
		job()
		l, job = w.next(l)
	}
}

// next ends a job of a line, and begins another one, if there is any that may run.
func (w *workers) next(done *line) (*line, func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	done.running--
	if len(done.queue) > 0 && done.running == w.share-1 { // else it has its turn already
		w.turns = append(w.turns, done)
	}
	if done.running == 0 && len(done.queue) == 0 {
		delete(w.lines, done.to)
	}
	if len(w.turns) == 0 {
		w.running--
		w.turns = nil
		return nil, nil
	}
	l := w.turns[0]
	w.turns[0] = nil
	w.turns = w.turns[1:]
	job := l.queue[0]
	l.queue[0] = nil
	if l.queue = l.queue[1:]; len(l.queue) == 0 {
		l.queue = nil
	}
	if l.running++; len(l.queue) > 0 && l.running < w.share {
		w.turns = append(w.turns, l)
	}
	return l, job
}

// close waits until all jobs, which have to be quick from now on, have run. What is added
// afterwards runs at once.
func (w *workers) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.wg.Wait() // a worker ends when nothing waits
}

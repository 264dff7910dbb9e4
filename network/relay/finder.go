package relay

import (
	"net/netip"
	"sync"
	"time"

	"github.com/usandbox/usandbox/network"
)

// Finding a program reads files of all processes: no more than this is spent on it.
const (
	searchesPerSecond = 10
	searchesAtOnce    = 2
)

// finder finds the programs that were refused, as long as they do not ask for too much.
type finder struct {
	inside Inside

	mu      sync.Mutex
	left    float64
	counted time.Time
	running int
}

func newFinder(n Inside) *finder {
	return &finder{inside: n, left: searchesPerSecond, counted: time.Now()}
}

// begin reports whether to call find, if it is wanted.
func (f *finder) begin(wanted bool) bool {
	if !wanted {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.left = min(searchesPerSecond, f.left+now.Sub(f.counted).Seconds()*searchesPerSecond)
	f.counted = now
	if f.left < 1 || f.running >= searchesAtOnce {
		return false
	}
	f.left--
	f.running++
	return true
}

func (f *finder) find(proto network.Protocol, client netip.AddrPort) (pid int, program string) {
	defer func() {
		f.mu.Lock()
		f.running--
		f.mu.Unlock()
	}()
	if pid, program, ok := f.inside.Client(proto, client); ok {
		return pid, safe(program)
	}
	return 0, ""
}

// safe is a text that a program in the sandbox chose, for a terminal.
func safe(s string) string {
	b := []byte(s)
	b = b[:min(len(b), 64)]
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

package launch

// Many goroutines start images at once, with the garbage collector running all
// the time: each gets its own command's output and status, and nothing is left.

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"testing"
)

func TestConcurrent(t *testing.T) {
	run(t, sandboxed("true")) // what the runtime opens once is open now
	sameFDs(t)
	adoptOrphans(t)
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			for j := range 8 {
				if err := startNumber(10*i + j); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	nothingLeft(t)
}

// startNumber starts a command that prints n and ends with it.
func startNumber(n int) error {
	img, err := sandboxed("sh", "-c", fmt.Sprintf("echo number %d; exit %[1]d", n)).Image()
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	p, err := img.Start(&Attr{Files: []*os.File{nil, w, os.Stderr}})
	w.Close()
	if err != nil {
		return err
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	state, err := p.Wait()
	if want := fmt.Sprintf("number %d\n", n); err != nil || string(text) != want || state.Status.ExitStatus() != n {
		return fmt.Errorf("%d: %q, %v, %v", n, text, state.Status, err)
	}
	return nil
}

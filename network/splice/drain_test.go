package splice

import (
	"io"
	"testing"
	"time"
)

// After Drain a pair ends when the side that has ended is heard to its end, which the other
// side never learns otherwise: it goes on.
func TestDrain(t *testing.T) {
	const size = 12 << 20 // more than the kernel keeps
	for _, published := range []bool{false, true} {
		p := newPump(t, Limits{})
		j := join(t, p, "tcp4", Pair{Published: published})
		from, to := j.client, j.server
		if published {
			from, to = to, from
		}
		early := join(t, p, "tcp4", Pair{Published: published})
		ended := early.client
		if published {
			ended = early.server
		}
		ended.Close()
		done := make(chan struct{})
		go func() {
			from.Write(make([]byte, size))
			from.Close()
			close(done)
		}()
		time.Sleep(50 * time.Millisecond)
		p.Drain()
		p.Drain()
		if totals := early.totals(t); totals.End != EOF {
			t.Errorf("%+v", totals)
		}
		late := join(t, p, "tcp4", Pair{Published: published})
		if n := p.Stats().Pairs; n != 2 {
			t.Errorf("%d pairs are left", n)
		}
		moved := p.Moved()
		n, err := io.Copy(io.Discard, to)
		if n != size || err != nil || p.Moved() <= moved {
			t.Errorf("published %v: %d bytes, %v", published, n, err)
		}
		<-done
		if totals := j.totals(t); totals.End != EOF || max(totals.In, totals.Out) != size {
			t.Errorf("%+v", totals)
		}
		// One whose end is still to come.
		ends, other := late.client, late.server
		if published {
			ends, other = other, ends
		}
		other.CloseWrite()
		ends.Write([]byte("x"))
		hear(t, other, "x")
		if n := p.Stats().Pairs; n != 1 {
			t.Errorf("%d pairs are left", n)
		}
		ends.Close()
		if totals := late.totals(t); totals.End != EOF {
			t.Errorf("%+v", totals)
		}
	}
}

// A closed pump has nothing to deliver.
func TestDrainClosed(t *testing.T) {
	p := newPump(t, Limits{})
	p.Close()
	p.Drain()
}

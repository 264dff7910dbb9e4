package splice

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pattern is the byte at a place of the stream of a seed.
func pattern(seed, at uint64) byte {
	x := (at/8 + seed*0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9
	x ^= x >> 29
	return byte(x >> (8 * (at % 8)))
}

// speak writes n bytes of a stream in pieces of random size.
func speak(c *net.TCPConn, r *rand.Rand, seed uint64, n int) error {
	largest := []int{1, 100, 5000, 70000, 1 << 20}[r.IntN(5)]
	if largest == 1 {
		n = min(n, 2000)
	}
	buffer := make([]byte, largest)
	for at := 0; at < n; {
		piece := buffer[:min(1+r.IntN(largest), n-at)]
		for i := range piece {
			piece[i] = pattern(seed, uint64(at+i))
		}
		if _, err := c.Write(piece); err != nil {
			return err
		}
		at += len(piece)
		if r.IntN(50) == 0 {
			time.Sleep(time.Duration(r.IntN(2000)) * time.Microsecond)
		}
	}
	return nil
}

// listen reads a stream to its end, and says how long it is.
func listen(c *net.TCPConn, r *rand.Rand, seed uint64, slow bool) (uint64, error) {
	buffer := make([]byte, 1+r.IntN(100000))
	var at uint64
	for {
		n, err := c.Read(buffer)
		for i, b := range buffer[:n] {
			if b != pattern(seed, at+uint64(i)) {
				return at, fmt.Errorf("byte %d is wrong", at+uint64(i))
			}
		}
		at += uint64(n)
		if err == io.EOF {
			return at, nil
		}
		if err != nil {
			return at, err
		}
		if slow && r.IntN(3) == 0 {
			time.Sleep(time.Duration(r.IntN(3000)) * time.Microsecond)
		}
	}
}

// length is how much one side says.
func length(r *rand.Rand) int {
	n := []int{1, 2, 3000, 100000, 3 << 20}[r.IntN(5)]
	return r.IntN(n)
}

// exchange has both sides say all and end, in an order.
func (j joined) exchange(r *rand.Rand, seed uint64) error {
	first, second := j.client, j.server
	seeds := [2]uint64{2 * seed, 2*seed + 1}
	order := r.IntN(4)
	if order == 1 {
		first, second, seeds[0], seeds[1] = second, first, seeds[1], seeds[0]
	}
	var wg sync.WaitGroup
	var errs [4]error
	var counts [2]uint64
	sizes := [2]int{length(r), length(r)}
	rs := [4]*rand.Rand{}
	for i := range rs {
		rs[i] = rand.New(rand.NewPCG(seed, uint64(i)))
	}
	slow := [2]bool{r.IntN(4) == 0, r.IntN(4) == 0}
	waits := order < 2 // the second speaks when the first has ended
	heard := make(chan struct{})
	wg.Go(func() {
		errs[0] = speak(first, rs[0], seeds[0], sizes[0])
		errs[0] = errors.Join(errs[0], first.CloseWrite())
	})
	wg.Go(func() {
		counts[0], errs[1] = listen(second, rs[1], seeds[0], slow[0])
		close(heard)
	})
	wg.Go(func() {
		if waits {
			<-heard
		}
		errs[2] = speak(second, rs[2], seeds[1], sizes[1])
		errs[2] = errors.Join(errs[2], second.CloseWrite())
	})
	wg.Go(func() { counts[1], errs[3] = listen(first, rs[3], seeds[1], slow[1]) })
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	totals := <-j.done
	out, in := counts[0], counts[1]
	if order == 1 {
		out, in = in, out
	}
	if totals.Out != out || totals.In != in || totals.End != EOF {
		return fmt.Errorf("totals %+v, heard %d and %d", totals, out, in)
	}
	for i, n := range counts {
		if n != uint64(sizes[i]) && n != uint64(min(sizes[i], 2000)) {
			return fmt.Errorf("%d bytes of %d", n, sizes[i])
		}
	}
	return nil
}

// breakOff resets one side at a random byte. The other must hear a start of what was
// said, and no end.
func (j joined) breakOff(r *rand.Rand, seed uint64) error {
	from, to, end := j.client, j.server, ClientReset
	if r.IntN(2) == 0 {
		from, to, end = j.server, j.client, ServerReset
	}
	n := length(r)
	other := rand.New(rand.NewPCG(seed, 9))
	result := make(chan error, 1)
	var heard uint64
	go func() {
		var err error
		heard, err = listen(to, other, seed, false)
		result <- err
	}()
	if err := speak(from, r, seed, n); err != nil {
		return err
	}
	time.Sleep(time.Duration(r.IntN(1000)) * time.Microsecond)
	from.SetLinger(0)
	from.Close()
	if err := <-result; !errors.Is(err, unix.ECONNRESET) {
		return fmt.Errorf("instead of a reset after %d: %v", n, err)
	}
	totals := <-j.done
	carried := totals.Out
	if end == ServerReset {
		carried = totals.In
	}
	if totals.End != end || totals.Err == nil || heard > carried || carried > uint64(n) {
		return fmt.Errorf("totals %+v, said %d, heard %d", totals, n, heard)
	}
	return nil
}

// No byte is lost, doubled or changed, whoever ends first, and however.
func TestProperty(t *testing.T) {
	for _, network := range []string{"tcp4", "tcp6"} {
		t.Run(network, func(t *testing.T) {
			p := newPump(t, Limits{})
			seed := rand.Uint64()
			var wg sync.WaitGroup
			var all []joined
			for i := range uint64(60) {
				j := join(t, p, network, Pair{})
				all = append(all, j)
				wg.Go(func() {
					r := rand.New(rand.NewPCG(seed, i))
					run := j.exchange
					if i%4 == 3 {
						run = j.breakOff
					}
					if err := run(r, seed+i); err != nil {
						t.Errorf("seed %d, pair %d: %v", seed, i, err)
					}
				})
			}
			wg.Wait()
			time.Sleep(10 * time.Millisecond)
			for _, j := range all {
				if len(j.done) != 0 {
					t.Error("Done is called twice")
				}
			}
			if s := p.Stats(); s.Pairs != 0 || s.Leftover != 0 || s.Pipes > MaxPipes {
				t.Errorf("%+v", s)
			}
		})
	}
}

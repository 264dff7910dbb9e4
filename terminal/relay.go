package terminal

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Relay shows a pseudo-terminal on the caller's own terminal: what is typed here
// goes to its master, what it prints comes from there.
type Relay struct {
	in, out descriptor
	tty     bool // in is a terminal
	screen  bool // out is
	master  int
	file    *os.File // that master is of
	peer    *os.File

	state     sync.Mutex // held to change the modes
	modes     Modes      // of the caller's terminal, while it is raw
	raw       bool
	suspended bool

	printing sync.Mutex               // held to write to the caller's terminal
	question atomic.Pointer[question] // what is typed is an answer to that; nil: it is for the command

	filter  Filter
	kept    []byte // room for what is pending
	through bool   // nothing is filtered

	ended   atomic.Bool // whoever printed has ended: what is there is all
	gone    atomic.Bool // the caller's terminal is gone
	wakeIn  [2]int      // pipe; closed: input ends
	wakeOut [2]int      // pipe; closed: output ends when all is read
	hungUp  chan struct{}
	once    sync.Once     // to wake
	inDone  chan struct{} // closed when input has ended
	outDone chan struct{}

	watch Watch // set before Start

	answered atomic.Int64 // how often the terminal has answered DSR 5
	answer   matcher
}

// Options are what a relay can do otherwise.
type Options struct {
	// Unfiltered lets OSC 52 through. Warning: a program can change, and where the
	// terminal allows it read, the caller's clipboard then.
	Unfiltered bool
}

// New prepares a relay from in and to out, which are the caller's terminal, to
// master, whose terminal gets the size and modes of the caller's. They need not be terminals: then that is no terminal's input, and its end
// is that of the input inside. It takes master over.
func New(in, out, master *os.File, o Options) (*Relay, error) {
	r := &Relay{through: o.Unfiltered, tty: Is(in), screen: Is(out), hungUp: make(chan struct{}), inDone: make(chan struct{}), outDone: make(chan struct{})}
	var err error
	r.file, r.master = master, int(master.Fd())
	if err := unix.SetNonblock(r.master, true); err != nil { // nobody else has this one
		return nil, os.NewSyscallError("fcntl", err)
	}
	if r.peer, err = Peer(master); err != nil {
		return nil, err
	}
	if r.in, err = own(in, unix.O_RDONLY); err == nil {
		r.out, err = own(out, unix.O_WRONLY)
	}
	if r.tty && foreground(r.in.fd) { // in the background the modes are the shell's
		if modes, err := getModes(r.in.fd); err == nil {
			modes.set(r.master)
		}
	}
	r.Resize()
	for _, pipe := range []*[2]int{&r.wakeIn, &r.wakeOut} {
		if err == nil {
			err = os.NewSyscallError("pipe2", unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("relay the terminal: %w", err)
	}
	return r, nil
}

// Start begins to relay. Before that, Resume makes the caller's terminal raw.
func (r *Relay) Start() {
	go r.input()
	go r.output(descriptor{r.master, true}.read)
}

// Resume makes the caller's terminal raw and gives the one inside its size; if the
// calling process is in the background, as soon as it is in the foreground.
func (r *Relay) Resume() {
	r.state.Lock()
	defer r.state.Unlock()
	r.suspended = false
	r.attach()
}

// attach makes the terminal raw, in the foreground.
func (r *Relay) attach() {
	if !r.tty || r.suspended || r.raw || !foreground(r.in.fd) {
		return
	}
	modes, err := getModes(r.in.fd)
	if err != nil {
		return // it is gone, which input will notice
	}
	if modes.Raw().set(r.in.fd) == nil {
		r.modes, r.raw = modes, true
		r.Resize()
	}
}

// Suspend gives the caller's terminal the modes back that it had before, until
// Resume.
func (r *Relay) Suspend() {
	r.state.Lock()
	defer r.state.Unlock()
	r.suspended = true
	if r.raw && foreground(r.in.fd) { // in the background they are somebody else's
		r.modes.set(r.in.fd)
	}
	r.raw = false
}

// Resize gives the terminal inside the size of the caller's.
func (r *Relay) Resize() {
	fd := r.in.fd
	if r.screen {
		fd = r.out.fd
	}
	if size, err := getSize(fd); err == nil {
		setSize(r.master, size)
	}
}

// HungUp is closed when the caller's terminal, or the reader of the output, is gone.
// The terminal inside is hung up then.
func (r *Relay) HungUp() <-chan struct{} { return r.hungUp }

// End relays what is still to be read, ends the relay, takes from the caller's
// terminal the answers that it still owes, and gives it its modes back. It is to be
// called when whoever printed has ended. If the output cannot be written, it waits
// until abort is closed.
func (r *Relay) End(abort <-chan struct{}) {
	r.ended.Store(true)
	r.wake()
	if wait(r.outDone, abort) && wait(r.inDone, time.After(answersWithin)) {
		r.takeAnswers()
		r.Suspend()
		r.close()
		return
	}
	r.Suspend() // what is in use still is not closed
}

func wait[T any](done chan struct{}, abort <-chan T) bool {
	select {
	case <-done:
		return true
	case <-abort:
		return false
	}
}

// wake ends both directions: input at once, output when all is read.
func (r *Relay) wake() {
	r.once.Do(func() {
		unix.Close(r.wakeIn[1])
		unix.Close(r.wakeOut[1])
	})
}

// hangUp is the end of the caller's terminal: the one inside is hung up as well, once
// nobody waits for it any more.
func (r *Relay) hangUp() {
	if r.gone.Swap(true) {
		return
	}
	r.wake()
	go func() {
		<-r.inDone
		<-r.outDone
		r.peer.Close()
		r.file.Close()
		close(r.hungUp)
	}()
}

func (r *Relay) close() {
	if r.gone.Load() {
		<-r.hungUp
	} else {
		r.peer.Close()
		r.file.Close()
	}
	for _, fd := range [...]int{r.in.fd, r.out.fd, r.wakeIn[0], r.wakeOut[0]} {
		unix.Close(fd)
	}
}

package sandbox

import (
	"bytes"
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/seccomp"
)

// Refused is a system call that the filter refused, with everything like it.
type Refused struct {
	Call    seccomp.Call // as it was first made
	Errno   unix.Errno   // what it failed with
	Program string       // the name of the first thread that made it; may be any bytes, and empty
	Count   uint64
}

// maxRefused is how many kinds of calls are told apart. The command makes the calls, so
// it must not be able to fill the supervisor's memory.
const maxRefused = 64

// refusals answers the calls that a filter refuses, and counts them.
type refusals struct {
	listener *seccomp.Listener
	program  seccomp.Program // the filter itself, which decides
	done     chan struct{}

	// The rest is the goroutine's until done is closed.
	list   []Refused
	index  map[string]int // by what they are called
	others uint64
}

// reportRefused starts to answer, if that was asked for.
func (c *Cmd) reportRefused() error {
	fd := c.process.TakeHandedOver()
	if fd < 0 {
		return nil
	}
	filters, err := c.Policy.filters(c.Enterable)
	if err != nil || len(filters) == 0 {
		unix.Close(fd)
		return errors.Join(errors.New("BUG: sandbox: a listener without a filter"), err)
	}
	listener, err := seccomp.NewListener(fd)
	if err != nil {
		return err
	}
	c.refusals = &refusals{listener: listener, program: filters[0], done: make(chan struct{}), index: map[string]int{}}
	go c.refusals.answer()
	return nil
}

// Refused are the system calls that the filter refused with an errno, in the order in
// which they were first made, and how many others there were, of kinds for which there
// was no room. To be called after [Cmd.Wait]; ReportRefused has to be set.
func (c *Cmd) Refused() (list []Refused, others uint64) {
	if c.refusals == nil || c.result == nil {
		return nil, 0
	}
	return c.refusals.list, c.refusals.others
}

// end is called when nothing is left that could ask.
func (r *refusals) end() {
	if r == nil {
		return
	}
	r.listener.Stop()
	<-r.done
	r.listener.Close()
}

func (r *refusals) answer() {
	defer close(r.done)
	for {
		asked, ok := r.listener.Next()
		if !ok {
			return
		}
		action := r.program.Decide(asked.Call)
		if action.Kind != seccomp.Errno {
			action = seccomp.Fails(unix.EPERM) // it cannot be: the program asks where it says Errno
		}
		r.count(asked, unix.Errno(action.Data))
		r.listener.Refuse(asked.ID, unix.Errno(action.Data))
	}
}

func (r *refusals) count(asked seccomp.Asked, errno unix.Errno) {
	kind := asked.Call.String()
	i, known := r.index[kind]
	switch {
	case known:
		r.list[i].Count++
	case len(r.list) == maxRefused:
		r.others++
	default:
		r.index[kind] = len(r.list)
		name := threadName(asked.PID)
		if !r.listener.Waits(asked.ID) { // the number may be another's by now
			name = ""
		}
		r.list = append(r.list, Refused{Call: asked.Call, Errno: errno, Program: name, Count: 1})
	}
}

// threadName is what a thread calls itself, proc_pid_comm(5): at most 15 bytes, any
// bytes.
func threadName(pid int) string {
	if pid <= 0 {
		return ""
	}
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/comm")
	if err != nil {
		return ""
	}
	defer f.Close()
	var name [64]byte
	n, _ := f.Read(name[:])
	return string(bytes.TrimSuffix(name[:n], []byte("\n")))
}

// loadAsking appends what loadLast does, with the first filter asking the supervisor
// where it refuses. In programs that enter the filters are as they are: nobody could
// take their listeners.
func loadAsking(p *launch.Program, filters []seccomp.Program) error {
	if len(filters) == 0 {
		return &PolicyError{"Seccomp", errors.New("without a system call filter nothing is refused that could be reported")}
	}
	first, second, err := filters[0].Asking()
	if err != nil {
		return &PolicyError{"Seccomp", err}
	}
	p.BeforeExec(func(failed *launch.Label) {
		if failed != nil {
			load(p, filters, failed)
			return
		}
		p.HandOver(first.LoadListening(p))
		second.Load(p)
		load(p, filters[1:], nil)
	})
	return nil
}

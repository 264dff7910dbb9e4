package launch

// Random programs for interp_test.go. All jumps go forward, so every program
// ends; every buffer is large enough for what is read into it.

import (
	"encoding/binary"
	"math/rand"
	"strconv"

	"golang.org/x/sys/unix"
)

type generator struct {
	*rand.Rand
	p       *Program
	vars    []*Var
	fds     []*Var   // words that have been given a file descriptor
	pending []*Label // jumped to, not placed yet
}

func randomProgram(r *rand.Rand) *Program {
	g := &generator{Rand: r, p: New(modelFDs)}
	// Variables with and without contents, of odd sizes, in any order.
	for i := range 5 {
		name, size := "v"+strconv.Itoa(i), 16+g.Intn(60)
		if g.Intn(2) == 0 {
			g.vars = append(g.vars, g.p.Buffer(name, size))
		} else {
			g.vars = append(g.vars, g.p.Data(name, size, g.number(), g.number(), g.number()))
		}
	}
	all := binary.LittleEndian.AppendUint64(nil, ^uint64(0))
	g.p.Doing("block signals")
	g.p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, Struct("all", all), 0, setSize).OnAny(nil)
	g.p.Doing("close inherited file descriptors")
	g.p.Call(unix.SYS_CLOSE_RANGE, modelFDs+1, uint32(0xffffffff), 0).OnAny(nil)
	for range 10 + g.Intn(50) {
		g.place(4)
		g.step()
	}
	g.place(1)
	// The results: by write and by writev, for the addresses in its words.
	for _, v := range g.vars[:2] {
		g.p.Call(unix.SYS_WRITE, modelFDs-1, v.Addr(), v.size)
	}
	var iov []any
	for _, v := range g.vars[2:] {
		iov = append(iov, v.Addr(), v.size)
	}
	g.p.Call(unix.SYS_WRITEV, modelFDs-1, Words("iov", iov...), len(iov)/2)
	g.p.Call(unix.SYS_EXIT_GROUP, g.operand())
	return g.p
}

// place puts each of the pending labels here with a probability of 1/n.
func (g *generator) place(n int) {
	var later []*Label
	for _, l := range g.pending {
		if g.Intn(n) == 0 {
			g.p.Here(l)
		} else {
			later = append(later, l)
		}
	}
	g.pending = later
}

func (g *generator) label() *Label {
	if g.Intn(3) == 0 {
		return nil
	}
	l := g.p.Label("l" + strconv.Itoa(len(g.p.labels)))
	g.pending = append(g.pending, l)
	return l
}

// buffer is a place of at least n bytes in a variable, seldom aligned.
func (g *generator) buffer(n int) *Var {
	v := g.vars[g.Intn(len(g.vars))]
	at := g.Intn(v.size - n + 1)
	half := g.Intn(at + 1)
	return v.At(half).At(at - half)
}

func (g *generator) number() uint64 {
	switch g.Intn(4) {
	case 0:
		return uint64(g.Intn(10))
	case 1:
		return 1 << g.Intn(64)
	case 2:
		return -uint64(g.Intn(5000)) // around the errors
	}
	return g.Uint64()
}

func (g *generator) operand() any {
	if g.Intn(2) == 0 {
		return g.buffer(8)
	}
	return g.number()
}

func (g *generator) fd() any {
	switch n := g.Intn(20); {
	case n == 0:
		return g.buffer(8)
	case n < 10 && len(g.fds) > 0:
		return g.fds[g.Intn(len(g.fds))]
	}
	return g.Intn(8)
}

func (g *generator) step() {
	p := g.p
	p.Doing("random step")
	n := g.Intn(9)
	var s *Step
	switch g.Intn(16) {
	case 0:
		s = p.Call(unix.SYS_GETPID)
	case 1:
		s = p.Call(unix.SYS_DUP, g.fd())
		g.saveFD(s)
	case 2, 3:
		to := g.buffer(12)
		s = p.Call(unix.SYS_PIPE2, to.Addr(), unix.O_NONBLOCK|g.Intn(2)*unix.O_CLOEXEC)
		read, write := g.buffer(8), g.buffer(8)
		g.tolerate(s)
		p.And(read, to, 0xffffffff)
		p.And(write, to.At(4), 0xffffffff)
		g.fds = append(g.fds, read, write)
		return
	case 4, 5:
		s = p.Call(unix.SYS_READ, g.fd(), g.buffer(8).Addr(), n)
	case 6, 7:
		from := []any{g.buffer(8).Addr(), "text: 8+", Struct("bytes", []byte("\x00\x01\x02\x03\xff\xfe\xfd\xfc"))}[g.Intn(3)]
		s = p.Call(unix.SYS_WRITE, g.fd(), from, n)
	case 8:
		path := []string{"/nonexistent/x", "", "/", "/dev/null/x", "/dev/null", "/dev/null"}[g.Intn(6)]
		s = p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, path, unix.O_RDWR|unix.O_CLOEXEC)
		g.saveFD(s)
	case 9:
		s = p.Call(unix.SYS_LSEEK, g.fd(), g.operand(), []int{0, 1, 2, 5, 1000}[g.Intn(5)])
	case 10:
		s = p.Call(unix.SYS_CLOSE, g.fd())
	case 11:
		s = p.Call(3000) // no such system call
	case 12:
		// Masks of few bits, so that both ways are taken.
		l := p.Label("if" + strconv.Itoa(len(p.labels)))
		g.pending = append(g.pending, l)
		if g.Intn(4) == 0 {
			p.Jump(l)
		} else {
			p.If(g.operand(), []any{1, 4, ^uint64(0), g.buffer(8)}[g.Intn(4)], []any{0, 1, 4, g.operand()}[g.Intn(4)], l)
		}
		return
	case 13:
		p.And(g.buffer(8), g.operand(), g.operand())
		return
	case 14:
		p.Add(g.buffer(8), g.operand(), g.operand())
		return
	case 15:
		if g.Intn(6) == 0 {
			p.Fail(g.operand())
		}
		return
	}
	g.tolerate(s)
}

// tolerate gives s random errors to tolerate, most often the right ones.
func (g *generator) tolerate(s *Step) {
	likely := []unix.Errno{unix.EBADF, unix.EAGAIN, unix.ENOENT, unix.ESPIPE, unix.ENOSYS, unix.EINVAL, unix.EPIPE, unix.ENOTDIR, unix.EISDIR}
	for range g.Intn(maxOn) + g.Intn(10)/9 {
		s.On(likely[g.Intn(len(likely))], g.label())
	}
	if len(s.on) < maxOn && g.Intn(40) != 0 {
		s.OnAny(g.label())
	}
	if s.save == nil && g.Intn(2) == 0 {
		s.To(g.buffer(8))
	}
	if g.Intn(8) == 0 {
		s.Retry()
	}
}

func (g *generator) saveFD(s *Step) {
	v := g.buffer(8)
	s.To(v)
	g.fds = append(g.fds, v)
}

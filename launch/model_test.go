package launch

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sys/unix"
)

// The model: what a program of harmless system calls does, in Go. It reads the
// same steps as the layout and shares nothing else with it: no addresses, no
// encoding, no kernel. interp_test.go compares it with the images.

// model is a process: its memory, its file descriptors, its place in the program.
type model struct {
	pid      int
	mem      map[*Var][]byte
	fds      map[int]*modelFile
	reserved int  // fds from here on are the test's own
	touched  bool // a step used one of them otherwise than to write results: no statement
}

// modelFile is an open file description: /dev/null, or one end of a pipe.
type modelFile struct {
	refs  int
	pipe  *modelPipe
	write bool // the writing end
}

type modelPipe struct {
	data             []byte
	readers, writers int
}

// outcome is how a program ended. Failed is -1 if no step failed.
type outcome struct {
	failed int
	errno  unix.Errno
	code   int
	out    string
}

func (o outcome) String() string {
	return fmt.Sprintf("failed %d, %v, exit %d, %x", o.failed, o.errno, o.code, o.out)
}

func newModel(p *Program, pid, reserved int) *model {
	m := &model{pid: pid, mem: map[*Var][]byte{}, fds: map[int]*modelFile{}, reserved: reserved}
	for _, v := range p.vars {
		m.mem[v] = make([]byte, v.size)
		for i, w := range v.words {
			binary.LittleEndian.PutUint64(m.mem[v][8*i:], w.num)
		}
	}
	return m
}

// at is the memory from v to the end of the variable that it is in.
func (m *model) at(v *Var) []byte {
	if v.parent != nil {
		return m.at(v.parent)[v.offset:]
	}
	return m.mem[v]
}

// value is the number that the step sees as a; for addresses, 0.
func (m *model) value(a Arg) uint64 {
	if a.kind == argValue {
		return binary.LittleEndian.Uint64(m.at(a.v))
	}
	return a.num
}

// arg is the number that the step has as argument n.
func (m *model) arg(s *Step, n int) uint64 {
	if n >= len(s.args) {
		return 0
	}
	return m.value(s.args[n])
}

// bytes is the memory that a points to.
func (m *model) bytes(a Arg) []byte {
	switch a.v.kind {
	case constText:
		return []byte(a.v.name + "\x00")
	case constBytes:
		return a.v.bytes
	}
	return m.at(a.v)
}

func (m *model) run(p *Program) outcome {
	var out []byte
	for i := 0; ; {
		s := p.steps[i]
		a, b := m.arg(s, 0), m.arg(s, 1)
		var result uint64
		var errno unix.Errno
		switch s.op {
		case OpIf:
			if i++; a&b == m.arg(s, 2) {
				i = s.on[0].target.step
			}
			continue
		case OpFail:
			return outcome{failed: i, errno: unix.Errno(a), code: ExitSetup}
		case OpAnd:
			result = a & b
		case OpAdd:
			result = a + b
		case OpCall:
			switch {
			case s.nr == unix.SYS_EXIT_GROUP:
				return outcome{failed: -1, code: int(a & 0xff), out: string(out)}
			case s.nr == unix.SYS_WRITE && a == uint64(m.reserved):
				out = append(out, m.bytes(s.args[1])[:m.arg(s, 2)]...)
			case s.nr == unix.SYS_WRITEV && a == uint64(m.reserved):
				for iov := range slices.Chunk(s.args[1].v.words, 2) {
					out = append(out, m.bytes(iov[0])[:iov[1].num]...)
				}
			default:
				result, errno = m.call(s)
			}
		}
		if errno != 0 {
			next, tolerated := after(s, i, errno)
			if !tolerated {
				return outcome{failed: i, errno: errno, code: ExitSetup}
			}
			i = next
			continue
		}
		if s.save != nil {
			binary.LittleEndian.PutUint64(m.at(s.save), result)
		}
		i++
	}
}

// after is where step i goes on after errno.
func after(s *Step, i int, errno unix.Errno) (next int, tolerated bool) {
	for _, o := range s.on {
		if o.errno == errno || o.errno == anyErrno {
			if o.target != nil {
				return o.target.step, true
			}
			return i + 1, true
		}
	}
	return 0, false
}

func (m *model) call(s *Step) (uint64, unix.Errno) {
	if s.nr == unix.SYS_CLOSE_RANGE {
		return 0, 0 // of what the test binary itself has inherited
	}
	fd := int(int32(m.arg(s, 0)))
	m.touched = m.touched || fd >= m.reserved && fd < m.reserved+3
	f, n := m.fds[fd], m.arg(s, 2)
	switch s.nr {
	case unix.SYS_GETPID:
		return uint64(m.pid), 0
	case unix.SYS_OPENAT:
		switch path := s.args[1].v.name; {
		case path == "/dev/null":
			return m.open(&modelFile{}), 0
		case path == "/dev/null/x":
			return 0, unix.ENOTDIR
		case path == "/":
			return 0, unix.EISDIR // it is always opened for writing
		}
		return 0, unix.ENOENT
	case unix.SYS_PIPE2:
		pipe, to := &modelPipe{readers: 1, writers: 1}, m.bytes(s.args[0])
		binary.LittleEndian.PutUint32(to, uint32(m.open(&modelFile{pipe: pipe})))
		binary.LittleEndian.PutUint32(to[4:], uint32(m.open(&modelFile{pipe: pipe, write: true})))
		return 0, 0
	case unix.SYS_READ, unix.SYS_WRITE, unix.SYS_LSEEK, unix.SYS_DUP, unix.SYS_CLOSE:
		if f == nil {
			return 0, unix.EBADF
		}
	default:
		return 0, unix.ENOSYS
	}
	switch s.nr {
	case unix.SYS_DUP:
		return m.open(f), 0
	case unix.SYS_CLOSE:
		m.close(fd)
		return 0, 0
	case unix.SYS_LSEEK:
		switch {
		case n > 4:
			return 0, unix.EINVAL
		case f.pipe != nil:
			return 0, unix.ESPIPE
		}
		return 0, 0
	case unix.SYS_READ:
		return f.read(m.bytes(s.args[1])[:n])
	}
	return f.writeBytes(m.bytes(s.args[1])[:n])
}

// open gives f the lowest free number.
func (m *model) open(f *modelFile) uint64 {
	used := slices.Sorted(maps.Keys(m.fds))
	fd := 0
	for fd < len(used) && used[fd] == fd {
		fd++
	}
	f.refs++
	m.fds[fd] = f
	return uint64(fd)
}

func (m *model) close(fd int) {
	f := m.fds[fd]
	delete(m.fds, fd)
	if f.refs--; f.refs > 0 || f.pipe == nil {
		return
	}
	if f.write {
		f.pipe.writers--
	} else {
		f.pipe.readers--
	}
}

func (f *modelFile) read(b []byte) (uint64, unix.Errno) {
	switch {
	case f.write:
		return 0, unix.EBADF
	case f.pipe == nil || len(b) == 0:
		return 0, 0
	case len(f.pipe.data) == 0 && f.pipe.writers > 0:
		return 0, unix.EAGAIN
	}
	n := copy(b, f.pipe.data)
	f.pipe.data = f.pipe.data[n:]
	return uint64(n), 0
}

func (f *modelFile) writeBytes(b []byte) (uint64, unix.Errno) {
	switch {
	case f.pipe == nil:
		return uint64(len(b)), 0
	case !f.write:
		return 0, unix.EBADF
	case len(b) == 0:
		return 0, 0
	case f.pipe.readers == 0:
		return 0, unix.EPIPE // the program has SIGPIPE blocked
	}
	f.pipe.data = append(f.pipe.data, b...)
	return uint64(len(b)), 0
}

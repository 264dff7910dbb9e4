package bwrap

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/userns"
)

// told are the namespaces that --info-fd and --json-status-fd tell of, if they are new.
var told = []userns.Kind{userns.Cgroup, userns.IPC, userns.Mount, userns.Network, userns.PID, userns.UTS}

// tell appends, in the child: write its process id, as the host's proc numbers it, and the
// numbers of its new namespaces. Proc has all of them as text.
func (c *compiler) tell() {
	type piece struct{ text, length any }
	var pieces []piece
	if c.o.InfoFD == -1 && c.o.StatusFD == -1 {
		return
	}
	c.say("Can't read /proc")
	const room = 64
	read := func(path string, skip, cut int) piece {
		buf, n := c.Buffer("link", room), c.Var("n")
		c.Call(unix.SYS_READLINKAT, c.proc, path, buf.Addr(), room).To(n)
		c.Add(n, n, -cut)
		return piece{buf.At(skip).Addr(), n}
	}
	pieces = append(pieces, read("self", 0, 0))
	made, names := c.namespaces(), []string{"child-pid"}
	for _, k := range told {
		if made.Has(k) {
			name := namespaceFile(k)
			pieces = append(pieces, read("self/ns/"+name, len(name)+2, len(name)+3))
			names = append(names, name+"-namespace")
		}
	}
	write := func(fd int, first, next, last string) {
		if fd == -1 {
			return
		}
		vec := c.Buffer("iovec", 16*(2*len(pieces)+1))
		for i, x := range pieces {
			before := next
			if i == 0 {
				before = first
			}
			before += strconv.Quote(names[i]) + ": "
			c.Add(vec.At(32*i), launch.Str(before), 0)
			c.Add(vec.At(32*i+8), len(before), 0)
			c.Add(vec.At(32*i+16), x.text, 0)
			c.Add(vec.At(32*i+24), x.length, 0)
		}
		at := 32 * len(pieces)
		c.Add(vec.At(at), launch.Str(last), 0)
		c.Add(vec.At(at+8), len(last), 0)
		c.say("Write to info_fd")
		c.Call(unix.SYS_WRITEV, fd, vec.Addr(), 2*len(pieces)+1)
		c.Call(unix.SYS_CLOSE, fd)
	}
	write(c.o.InfoFD, "{\n    ", ",\n    ", "\n}\n")
	write(c.o.StatusFD, "{ ", ", ", " }\n")
}

// namespaceFile is the name in /proc/PID/ns.
func namespaceFile(k userns.Kind) string {
	switch k {
	case userns.Mount:
		return "mnt"
	case userns.Network:
		return "net"
	}
	return k.String()
}

// tellExit appends, in the monitor: write the exit code, if the command was executed: then
// one byte was sent, else none, or two.
func (c *compiler) tellExit(code *launch.Var) {
	untold, n := c.Label("exit_untold"), c.Var("n")
	c.say("read eventfd")
	two := c.Var("bytes")
	c.Call(unix.SYS_READ, keptReady, two.Addr(), 2).To(n).OnAny(untold)
	told := c.Label("exit_to_be_told")
	c.If(n, ^uint64(0), 1, told)
	c.Jump(untold)
	c.Here(told)
	var lines []any
	for i := range 256 {
		line := `{ "exit-code": ` + strconv.Itoa(i) + " }\n"
		lines = append(lines, line, len(line))
	}
	at := c.Var("line")
	c.Add(at, code, 0)
	for range 4 { // an entry has 16 bytes
		c.Add(at, at, at)
	}
	c.Add(at, at, launch.Words("exit codes", lines...))
	c.Call(unix.SYS_WRITEV, keptStatus, at, 1).OnAny(nil)
	c.Here(untold)
}

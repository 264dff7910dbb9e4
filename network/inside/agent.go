package inside

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/seccomp"
	"github.com/usandbox/usandbox/userns"
)

// agent is a process that makes sockets in the sandbox's network namespace while the sandbox
// runs. It is in that namespace and the user namespace that owns it, and in no other of the
// sandbox's: the command can neither see nor signal it. It can make sockets, send them to
// the supervisor, and nothing else; it ends when the supervisor does.
type agent struct {
	mu     sync.Mutex
	pid    int
	socket *os.File
}

// What the agent has of the supervisor's files.
const (
	agentSocket = iota // a pair's end; its words on failure come there too
	agentNowhere
	agentWords
	agentUser
	agentNetwork
	agentFiles
)

// agentProgram is what the agent runs: requests are three words, what socket(2) takes; the answer
// is a word, and the socket comes with it.
func agentProgram() (*launch.Program, error) {
	filter, err := (&seccomp.Policy{Rules: []seccomp.Rule{{
		Action: seccomp.Action{Kind: seccomp.Allow},
		Calls:  []string{"socket", "read", "sendmsg", "sendto", "write", "close", "exit_group"},
	}}}).Compile()
	if err != nil {
		return nil, err
	}
	p := launch.NewStandalone(agentFiles)
	p.Process("agent")
	p.Doing("name the process")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_NAME, "usandbox", 0, 0, 0)
	p.Doing("make a session of its own")
	p.Call(unix.SYS_SETSID)
	p.Call(unix.SYS_CHDIR, "/")
	err = userns.Join(p, userns.Joining{Files: map[userns.Kind]int{userns.User: agentUser, userns.Network: agentNetwork}})
	if err != nil {
		return nil, err
	}
	p.Doing("keep nothing but a socket")
	p.Call(unix.SYS_CLOSE_RANGE, agentUser, 0xffffffff, 0)
	p.Doing("set no_new_privs")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	caps.Use(p, caps.None.With(unix.CAP_NET_ADMIN, unix.CAP_NET_RAW), caps.None)
	p.Undumpable()
	filter.Load(p)

	p.Doing("make sockets")
	again, end, asked, none := p.Label("again"), p.Label("end"), p.Label("asked"), p.Label("no_socket")
	request, n := p.Buffer("request", 24), p.Var("n")
	message := p.Data("fd_message", 24, 20, unix.SOL_SOCKET|unix.SCM_RIGHTS<<32, 0)
	fd := message.At(16)
	word := p.Data("answer", 8, agentAnswer)
	header := launch.Words("msghdr", 0, 0, launch.Words("iovec", word.Addr(), 8), 1, message.Addr(), 24, 0)
	p.Here(again)
	p.Call(unix.SYS_READ, agentSocket, request.Addr(), 24).To(n).OnAny(end)
	p.If(n, ^uint64(0), 24, asked)
	p.Jump(end)
	p.Here(asked)
	p.Call(unix.SYS_SOCKET, request, request.At(8), request.At(16)).To(fd).OnAny(none)
	p.Call(unix.SYS_SENDMSG, agentSocket, header, unix.MSG_NOSIGNAL).OnAny(nil)
	p.Close(fd)
	p.Jump(again)
	p.Here(none)
	p.Call(unix.SYS_SENDTO, agentSocket, word.Addr(), 8, unix.MSG_NOSIGNAL, 0, 0).OnAny(end)
	p.Jump(again)
	p.Here(end)
	p.Call(unix.SYS_EXIT_GROUP, 0)
	return p, nil
}

const agentAnswer = 1

// startAgent starts one for the network namespace of a socket.
func startAgent(fd int) (*agent, error) {
	program, err := agentProgram()
	if err != nil {
		return nil, err
	}
	image, err := program.Image()
	if err != nil {
		return nil, err
	}
	user, network, err := namespacesOf(fd)
	if err != nil {
		return nil, err
	}
	defer user.Close()
	defer network.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "agent")
	defer theirs.Close()
	a := &agent{socket: os.NewFile(uintptr(pair[0]), "agent")}
	if a.pid, err = image.Spawn([]*os.File{theirs, nil, theirs, user, network}); err != nil {
		a.socket.Close()
		return nil, err
	}
	return a, nil
}

// namespacesOf are the network namespace of a socket, and the user namespace that owns it,
// ioctl_nsfs(2). SIOCGSKNS: Linux 4.9.
func namespacesOf(fd int) (user, network *os.File, err error) {
	ns, err := unix.IoctlRetInt(fd, unix.SIOCGSKNS)
	if err != nil {
		return nil, nil, fmt.Errorf("ask for the sandbox's network namespace: %w", err)
	}
	owner, err := unix.IoctlRetInt(ns, unix.NS_GET_USERNS)
	if err != nil {
		unix.Close(ns)
		return nil, nil, fmt.Errorf("ask for the sandbox's user namespace: %w", err)
	}
	return os.NewFile(uintptr(owner), "user namespace"), os.NewFile(uintptr(ns), "network namespace"), nil
}

// NamespacesOf is the network namespace that a socket is in, and the user namespace that owns it;
// the caller has to own that. Linux 4.9.
func NamespacesOf(socket *os.File) (user, network *os.File, err error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	if failed := raw.Control(func(fd uintptr) { user, network, err = namespacesOf(int(fd)) }); failed != nil {
		return nil, nil, failed
	}
	return user, network, err
}

var errAgentGone = errors.New("make sockets in the sandbox: the process for it has ended")

// make makes a socket.
func (a *agent) make(s Socket) (fd int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	request := make([]byte, 0, 24)
	for _, n := range []int{s.Family, s.Type | unix.SOCK_CLOEXEC, s.Protocol} {
		request = binary.NativeEndian.AppendUint64(request, uint64(n))
	}
	conn := int(a.socket.Fd())
	err = unix.Send(conn, request, unix.MSG_NOSIGNAL)
	if err == unix.EPIPE || err == unix.ECONNRESET {
		return -1, errAgentGone
	}
	if err != nil {
		return -1, fmt.Errorf("ask for a socket in the sandbox: %w", err)
	}
	answer, oob := make([]byte, 1024), make([]byte, unix.CmsgSpace(4))
	var n, oobn int
	for {
		n, oobn, _, _, err = unix.Recvmsg(conn, answer, oob, unix.MSG_CMSG_CLOEXEC)
		if err != unix.EINTR {
			break
		}
	}
	switch {
	case err == unix.ECONNRESET:
		return -1, errAgentGone
	case err != nil:
		return -1, fmt.Errorf("take a socket of the sandbox: %w", err)
	case n == 8 && answer[0] == agentAnswer && oobn > 0:
		list, err := unix.ParseSocketControlMessage(oob[:oobn])
		if err == nil && len(list) == 1 {
			if fds, err := unix.ParseUnixRights(&list[0]); err == nil && len(fds) == 1 {
				return fds[0], nil
			}
		}
	case n > 8: // why it has ended
		return -1, fmt.Errorf("make sockets in the sandbox: %s", strings.TrimSpace(strings.TrimPrefix(string(answer[:n]), "usandbox: ")))
	case n == 0:
		return -1, errAgentGone
	}
	return -1, errors.New("make a socket in the sandbox: the kernel has none of that kind")
}

// close ends the agent.
func (a *agent) close() error {
	err := a.socket.Close()
	unix.Kill(a.pid, unix.SIGKILL) // our child, and not waited for: no other has its number
	for {
		if _, wait := unix.Wait4(a.pid, nil, 0, nil); wait != unix.EINTR {
			return err
		}
	}
}

// agentSocket makes a socket by the agent, which is started if it does not run, also if somebody
// has killed it: the kernel, for want of memory. The caller holds n.mu.
func (n *Namespace) agentSocket(s Socket) (fd int, err error) {
	if n.agent != nil {
		if fd, err = n.agent.make(s); !errors.Is(err, errAgentGone) {
			return fd, err
		}
		n.agent.close()
		n.agent = nil
	}
	if len(n.sockets) == 0 {
		return -1, errors.New("BUG: inside: not set up")
	}
	if n.agent, err = startAgent(n.sockets[0].fd); err != nil {
		n.agent = nil
		return -1, err
	}
	return n.agent.make(s)
}

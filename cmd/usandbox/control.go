package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/registry"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/terminal"
)

// The control socket of a sandbox that has a name: messages of JSON, unix(7) of type
// SOCK_SEQPACKET. The client begins with an empty message that carries four file
// descriptors: a memfd with the request, and the streams of the command; with a
// terminal, in the place of those that it becomes stands a socket that takes it out, and
// the client's own terminal is the fifth.

// request is what a client asks for.
type request struct {
	Args [][]byte `json:"args"` // bytes: they need not be UTF-8
	Env  [][]byte `json:"env"`  // K=V: added to the environment of the sandbox
	Dir  []byte   `json:"dir"`

	Terminal []int  `json:"terminal"` // the streams that are a terminal of the sandbox's own
	Modes    []byte `json:"modes"`    // of the client's terminal, for the case that the client is killed

	Net *netRequest `json:"net,omitempty"` // not nil: no command, but a question or an order about the network
}

// answer is what the supervisor says: that the command was started or why not, then
// each change of its state.
type answer struct {
	Error  string  `json:"error,omitempty"`
	Status *uint32 `json:"status,omitempty"` // as wait(2) has it

	Lines []string `json:"lines,omitempty"` // of netRequest
	Done  bool     `json:"done,omitempty"`  // it is done, there are no more lines
}

// passed is what a client says then: a signal for the command.
type passed struct {
	Signal int  `json:"signal"`
	Group  bool `json:"group"`
}

const (
	maxMessage = 64 << 10
	maxRequest = 16 << 20
	patience   = time.Second // for clients to hear of the end
)

// server answers those who want to enter a sandbox.
type server struct {
	socket  int
	clients sync.WaitGroup
}

// listen makes the control socket of an entry.
func listen(e *registry.Entry) (*server, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	err = unix.Bind(fd, &unix.SockaddrUnix{Name: e.At("control")})
	if err == nil {
		err = unix.Listen(fd, 16)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make the control socket %s: %w", e.Path("control"), err)
	}
	return &server{socket: fd}, nil
}

func (s *server) serve(c *sandbox.Cmd) {
	for {
		fd, _, err := unix.Accept4(s.socket, unix.SOCK_CLOEXEC)
		switch {
		case err == unix.EINTR || err == unix.ECONNABORTED:
			continue
		case err != nil: // out of descriptors or memory, or closed
			time.Sleep(10 * time.Millisecond)
			continue
		}
		s.clients.Add(1)
		go func() {
			defer s.clients.Done()
			defer unix.Close(fd)
			if err := serveClient(fd, c); err != nil {
				send(fd, answer{Error: err.Error()})
			}
		}()
	}
}

// end gives the clients time to hear of the end.
func (s *server) end() {
	heard := make(chan struct{})
	go func() {
		s.clients.Wait()
		close(heard)
	}()
	select {
	case <-heard:
	case <-time.After(patience):
	}
}

// serveClient starts one command and watches over it. When the client goes, the
// command is killed.
func serveClient(fd int, c *sandbox.Cmd) error {
	peer, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return err
	}
	if uid := int(peer.Uid); uid != os.Geteuid() && uid != 0 {
		return errors.New("this sandbox is another user's")
	}
	if !outside(int(peer.Pid)) { // a command of another sandbox, which sees the socket
		return errors.New("a sandbox is entered from outside of all sandboxes")
	}
	files, err := receiveFiles(fd)
	if err != nil {
		return err
	}
	defer closeAll(files)
	var r request
	if err := json.NewDecoder(io.LimitReader(files[0], maxRequest)).Decode(&r); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	if r.Net != nil {
		return r.Net.serve(fd, c)
	}
	entry := &sandbox.Entry{
		Args: toStrings(r.Args), Env: withEnv(c.Env, toStrings(r.Env)), Dir: string(r.Dir),
		Stdin: files[1], Stdout: files[2], Stderr: files[3],
	}
	for _, n := range r.Terminal {
		switch n {
		case 0:
			entry.Terminal, entry.Stdin = files[1], nil
		case 1:
			entry.Terminal, entry.Stdout = files[2], nil
		case 2:
			entry.Terminal, entry.Stderr = files[3], nil
		}
	}
	entered, err := c.Enter(entry)
	if err != nil {
		return err
	}
	closeAll(files[:requestFiles])
	send(fd, answer{})
	read := make(chan struct{})
	go func() {
		defer close(read)
		for {
			var p passed
			if !receive(fd, &p) {
				break
			}
			entered.Signal(unix.Signal(p.Signal), p.Group)
		}
		entered.Signal(unix.SIGKILL, true)
		entered.Signal(unix.SIGKILL, false)
		if modes, err := terminal.ParseModes(r.Modes); err == nil && len(files) > requestFiles {
			terminal.Restore(files[requestFiles], modes) // it is raw only if the client was killed
		}
	}()
	for ws := range entered.Changes() {
		status := uint32(ws)
		send(fd, answer{Status: &status})
	}
	unix.Shutdown(fd, unix.SHUT_RDWR) // the reader above ends, before the number is another's
	<-read
	return nil
}

// withEnv is env with variables of add in place of those of the same name.
func withEnv(env, add []string) []string {
	env = slices.Clone(env)
	for _, kv := range add {
		env = setVariable(env, kv)
	}
	return env
}

// outside reports whether a process is in this one's user namespace.
func outside(pid int) bool {
	own, err := os.Readlink("/proc/self/ns/user")
	if err != nil {
		return false
	}
	theirs, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/user")
	return err == nil && own == theirs
}

func toStrings(list [][]byte) (s []string) {
	for _, b := range list {
		s = append(s, string(b))
	}
	return s
}

func toBytes(list []string) (b [][]byte) {
	for _, s := range list {
		b = append(b, []byte(s))
	}
	return b
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// requestFiles is how many files come with a request at least.
const requestFiles = 4

// receiveFiles takes the files of a request.
func receiveFiles(fd int) ([]*os.File, error) {
	oob := make([]byte, unix.CmsgSpace(4*(requestFiles+1)))
	n, oobn, _, _, err := unix.Recvmsg(fd, make([]byte, 1), oob, unix.MSG_CMSG_CLOEXEC)
	if err != nil || n == 0 {
		return nil, errors.New("the client is gone")
	}
	var files []*os.File
	if list, err := unix.ParseSocketControlMessage(oob[:oobn]); err == nil && len(list) == 1 {
		fds, _ := unix.ParseUnixRights(&list[0])
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "passed"))
		}
	}
	if len(files) != requestFiles && len(files) != requestFiles+1 {
		closeAll(files)
		return nil, errors.New("the request comes without its files")
	}
	return files, nil
}

func send(fd int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return unix.Sendmsg(fd, text, nil, nil, unix.MSG_NOSIGNAL)
}

// receive reads one message into v; false: there is none any more.
func receive(fd int, v any) bool {
	buf := make([]byte, maxMessage)
	for {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		return err == nil && n > 0 && json.Unmarshal(buf[:n], v) == nil
	}
}

package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/usandbox/usandbox/network/inside"
)

// pasta is the program pasta(1), which carries the packets of a sandbox's network namespace
// from outside.
type pasta struct {
	cmd   *exec.Cmd
	says  limitedBuffer
	ended chan struct{} // closed when it has
	err   error         // of its end
}

// pastaPatience is how long it may take to set itself up.
const pastaPatience = 20 * time.Second

// NoPastaError says that pasta(1) is not there, or did not do.
type NoPastaError struct {
	Err     error
	Missing bool
}

func (e *NoPastaError) Error() string { return "start pasta: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *NoPastaError) Unwrap() error { return e.Err }

func (e *NoPastaError) hint() string {
	if e.Missing {
		return "apt install passt (Debian, Ubuntu) or dnf install passt (Fedora); --net open reaches everything outside without it"
	}
	if tun, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0); err != nil {
		return fmt.Sprintf("it needs /dev/net/tun, which cannot be used here (%v); --net open reaches everything outside without it", errors.Unwrap(err))
	} else {
		tun.Close()
	}
	return "--net open reaches everything outside without it"
}

// startPasta starts it for the network namespace of a socket, and returns when it is ready. Nothing of
// the host's loopback is shown inside, and the resolver's address leads to the host's.
func startPasta(socket *os.File) (p *pasta, err error) {
	path, err := exec.LookPath("pasta")
	if err != nil {
		return nil, &NoPastaError{errors.New("it is not installed"), true}
	}
	user, network, err := inside.NamespacesOf(socket)
	if err != nil {
		return nil, err
	}
	defer user.Close()
	defer network.Close()
	ready, tells, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ready.Close()
	defer tells.Close()
	held, err := hold(user, network, tells)
	if err != nil {
		return nil, err
	}
	defer held.end()
	args := []string{"--foreground", "--quiet", "--config-net", "--no-map-gw",
		"--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none",
		"--dns-forward", inside.Resolver4.String(), "--pid", held.path(2), "--userns", held.path(0), "--netns", held.path(1)}
	if os.Geteuid() == 0 { // else it is nobody, who may not look there
		args = append(args, "--runas", "0:0")
	}
	p = &pasta{cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.cmd.Env = []string{}
	p.cmd.Dir = "/"
	p.cmd.Stdout, p.cmd.Stderr = &p.says, &p.says
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // which pasta's end hangs on
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, &NoPastaError{err, false}
	}
	told := make(chan struct{})
	go func() {
		ready.Read(make([]byte, 16))
		close(told)
	}()
	select {
	case <-told: // its process id
		return p, nil
	case <-p.ended:
		return nil, &NoPastaError{p.failure(), false}
	case <-time.After(pastaPatience):
		p.end()
		return nil, &NoPastaError{errors.New("it is not ready after " + pastaPatience.String()), false}
	}
}

// failure is why it has ended, in its own words.
func (p *pasta) failure() error {
	lines := strings.Split(strings.TrimSpace(p.says.String()), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if last == "" {
		return fmt.Errorf("it has ended: %w", p.err)
	}
	return fmt.Errorf("it says %s", strconv.Quote(last))
}

// end ends it.
func (p *pasta) end() {
	if p != nil {
		p.cmd.Process.Kill()
		<-p.ended
	}
}

// limitedBuffer keeps the first 16 KiB.
type limitedBuffer struct{ bytes.Buffer }

func (b *limitedBuffer) Write(text []byte) (int, error) {
	if left := 16<<10 - b.Len(); left > 0 {
		b.Buffer.Write(text[:min(left, len(text))])
	}
	return len(text), nil
}

package escape

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
)

// finished is the last line of an attack that came to its end.
const finished = "attack finished\n"

// prisoner is the part of an attack that runs in the sandbox.
type prisoner struct {
	attack *attack
	policy string
	args   []string
	open   []int // file descriptors that were open when the program began
	tried  int
	failed bool
}

// runInside runs the part inside of an attack and does not return.
func runInside(what string, open []int) {
	runtime.LockOSThread()
	policy, name, _ := strings.Cut(what, " ")
	i := slices.IndexFunc(attacks, func(a attack) bool { return a.name == name })
	if i < 0 || attacks[i].inside == nil {
		fmt.Printf("BUG: no attack %q\n", name)
		os.Exit(1)
	}
	p := &prisoner{attack: &attacks[i], policy: policy, args: os.Args[1:], open: open}
	attacks[i].inside(p)
	p.exit()
}

func (p *prisoner) exit() {
	if p.tried == 0 {
		p.bad("BUG: nothing was tried")
	}
	if p.failed {
		os.Exit(1)
	}
	fmt.Print(finished)
	os.Exit(0)
}

// bad reports something that should not have been possible.
func (p *prisoner) bad(format string, args ...any) {
	p.tried++
	p.failed = true
	fmt.Printf("BAD: "+format+"\n", args...)
}

// denied is what a refusal by permission may be.
var denied = []error{unix.EPERM, unix.EACCES}

// refused reports err unless it is one of those wanted; without any, EPERM or EACCES.
func (p *prisoner) refused(what string, err error, want ...error) {
	p.tried++
	if len(want) == 0 {
		want = denied
	}
	switch {
	case err == nil:
		p.bad("%s: worked", what)
	case !slices.ContainsFunc(want, func(e error) bool { return errors.Is(err, e) }):
		p.bad("%s: %v, want one of %v", what, err, want)
	}
}

// worked reports that something did not work which has to.
func (p *prisoner) worked(what string, err error) {
	p.tried++
	if err != nil {
		p.bad("%s: %v, but it should work", what, err)
	}
}

// succeedsOr is refused, but for a policy under which the attack is said to succeed:
// there it has to, as that is what the documentation says.
func (p *prisoner) succeedsOr(what string, err error, want ...error) {
	if why := p.attack.gives[p.policy]; why != "" {
		p.worked(what+" ("+why+")", err)
		return
	}
	p.refused(what, err, want...)
}

// has reports whether the policy gave the command every capability. What it says
// yes to is what that policy gives away.
func (p *prisoner) has() bool { return p.policy == allCaps }

// filtered reports whether nothing of the default filter is opened.
func (p *prisoner) filtered() bool { return slices.Contains(closed, p.policy) }

// isRoot reports whether the sandbox is root outside: ids of the host's root are
// then its own.
func isRoot() bool {
	text, _ := os.ReadFile("/proc/self/uid_map")
	f := strings.Fields(string(text))
	return len(f) >= 3 && f[1] == "0"
}

// contained reports whether signals cannot reach the machine: every attack that
// sends some asks, lest a sandbox without a PID namespace take the machine down.
func (p *prisoner) contained() bool {
	if name := status("1", "Name"); name == "usandbox" || p.policy == bubblewrap && name == "bwrap" {
		return true
	}
	p.bad("there is no PID namespace")
	return false
}

// mayOpen opens a file and closes it again.
func mayOpen(name string, flags int) error {
	fd, err := unix.Open(name, flags|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0o600)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// mayReadSome is ENODATA for a file that can be opened, but is empty.
func mayReadSome(name string) error {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, make([]byte, 64))
	if n == 0 && err == nil {
		return unix.ENODATA
	}
	return err
}

// mayRead opens a file and reads from it; nothing to read is no success.
func mayRead(name string) error {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var b [64]byte
	n, err := unix.Read(fd, b[:])
	if err == nil && n == 0 {
		return unix.ENOENT
	}
	if err == unix.EISDIR {
		return nil
	}
	return err
}

// call is a raw system call that is only asked whether it works.
func call(nr uintptr, args ...uintptr) error {
	var a [6]uintptr
	copy(a[:], args)
	_, _, errno := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	if errno != 0 {
		return errno
	}
	return nil
}

// openFDs are the open file descriptors, found without opening one, but for those
// of the runtime of Go.
func openFDs() (list []int) {
	for fd := range 4096 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && !ofRuntime(fd) {
			list = append(list, fd)
		}
	}
	return list
}

// status is a field of /proc/PID/status.
func status(pid, field string) string {
	text, _ := os.ReadFile("/proc/" + pid + "/status")
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// everyCap are the capability sets in a status file with all that the kernel has.
func everyCap() string {
	all, _ := caps.All()
	return fmt.Sprintf("%016x", uint64(all))
}

func ofRuntime(fd int) bool {
	to, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	return to == "anon_inode:[eventpoll]" || to == "anon_inode:[eventfd]"
}

package seccomp

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Action is what happens to a call. The zero value kills the process.
type Action struct {
	Kind Kind
	Data uint16 // of Errno: the errno; of Trap and Trace: a number for who handles it
}

// Kind is the kind of an action, seccomp(2).
type Kind uint8

// The kinds of actions.
const (
	KillProcess Kind = iota
	KillThread
	Trap   // SIGSYS
	Errno  // the call fails
	Notify // whoever holds the listener answers
	Trace  // a tracer decides; without one ENOSYS
	Log    // allowed, and logged
	Allow

	kinds
)

var kindNames = [kinds]string{
	KillProcess: "kill", KillThread: "kill-thread", Trap: "trap", Errno: "errno",
	Notify: "notify", Trace: "trace", Log: "log", Allow: "allow",
}

func (k Kind) String() string {
	if k >= kinds {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// hasData reports whether the kernel looks at an action's data.
func (k Kind) hasData() bool { return k == Errno || k == Trap || k == Trace }

// Fails is the action by which a call fails.
func Fails(errno unix.Errno) Action { return Action{Errno, uint16(errno)} }

// String is the action as ParseAction reads it: "allow", "errno EPERM", "trap 5".
func (a Action) String() string {
	switch {
	case a.Kind == Errno:
		if name := unix.ErrnoName(unix.Errno(a.Data)); name != "" {
			return "errno " + name
		}
		return "errno " + strconv.Itoa(int(a.Data))
	case a.Kind.hasData() && a.Data != 0:
		return a.Kind.String() + " " + strconv.Itoa(int(a.Data))
	}
	return a.Kind.String()
}

// maxErrno is the largest that a call can fail with.
const maxErrno = 4095

// ParseAction reads an action: allow, log, kill, kill-thread, notify, "errno NAME" or
// "errno N", "trap [N]", "trace [N]".
func ParseAction(text string) (Action, error) {
	word, data, _ := strings.Cut(text, " ")
	data = strings.TrimSpace(data)
	for k, name := range kindNames {
		if name != word {
			continue
		}
		a := Action{Kind: Kind(k)}
		if data == "" && a.Kind != Errno {
			return a, nil
		}
		n, err := strconv.ParseUint(data, 0, 16)
		if err != nil && a.Kind == Errno {
			n, err = errnoNamed(data)
		}
		switch {
		case !a.Kind.hasData():
			return Action{}, fmt.Errorf("%q: %s takes no number", text, word)
		case err != nil && a.Kind == Errno:
			return Action{}, fmt.Errorf("%q: want an errno behind errno, as EPERM", text)
		case err != nil:
			return Action{}, fmt.Errorf("%q: want a number up to 65535 behind %s", text, word)
		case a.Kind == Errno && n > maxErrno:
			return Action{}, fmt.Errorf("%q: an errno is at most %d", text, maxErrno)
		}
		a.Data = uint16(n)
		return a, nil
	}
	return Action{}, fmt.Errorf("unknown action %q (known: %s)", word, strings.Join(kindNames[:], ", "))
}

func errnoNamed(name string) (uint64, error) {
	for n := unix.Errno(1); n < 200; n++ {
		if name != "" && unix.ErrnoName(n) == name {
			return uint64(n), nil
		}
	}
	switch name { // others that mean the same
	case "EWOULDBLOCK":
		return uint64(unix.EAGAIN), nil
	case "EDEADLOCK":
		return uint64(unix.EDEADLK), nil
	case "ENOTSUP":
		return uint64(unix.EOPNOTSUPP), nil
	}
	return 0, fmt.Errorf("unknown errno %q", name)
}

// value is the action as a filter returns it, SECCOMP_RET_*.
func (a Action) value() uint32 {
	var v uint32
	switch a.Kind {
	case KillProcess:
		v = unix.SECCOMP_RET_KILL_PROCESS
	case KillThread:
		v = unix.SECCOMP_RET_KILL_THREAD
	case Trap:
		v = unix.SECCOMP_RET_TRAP
	case Errno:
		v = unix.SECCOMP_RET_ERRNO
	case Notify:
		v = unix.SECCOMP_RET_USER_NOTIF
	case Trace:
		v = unix.SECCOMP_RET_TRACE
	case Log:
		v = unix.SECCOMP_RET_LOG
	case Allow:
		v = unix.SECCOMP_RET_ALLOW
	}
	if a.Kind.hasData() {
		v |= uint32(a.Data)
	}
	return v
}

// actionOf is what a filter's return value means. What the kernel does not know, it
// takes for KillProcess.
func actionOf(v uint32) Action {
	for k := range kinds {
		if (Action{Kind: k}).value() == v&unix.SECCOMP_RET_ACTION_FULL {
			a := Action{Kind: k}
			if k.hasData() {
				a.Data = uint16(v & unix.SECCOMP_RET_DATA)
			}
			return a
		}
	}
	return Action{}
}

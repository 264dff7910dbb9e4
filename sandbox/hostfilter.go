package sandbox

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/seccomp"
	"github.com/usandbox/usandbox/userns"
)

// hostFilter is the filter of a sandbox without namespaces: the default one, unless it is left
// out, behind rules for what the namespaces would have kept from the command.
func (p *Policy) hostFilter() (seccomp.Program, error) {
	f := seccomp.Policy{
		Default: seccomp.Action{Kind: seccomp.Allow},
		Unknown: seccomp.Fails(unix.ENOSYS),
		Arches:  []seccomp.Arch{seccomp.Native},
	}
	if !p.Seccomp.Off {
		var err error
		if f, err = (seccomp.Options{Open: p.opened()}).Default(); err != nil {
			return nil, err
		}
	}
	f.Rules = slices.Concat(p.hostNetwork(), p.hostIPC(), hostProcesses(), hostKeys(), hostModes(), f.Rules)
	return f.Compile()
}

var notHere = seccomp.Fails(unix.EPERM)

// hostNetwork keeps the command from making any socket but pairs that are connected to each
// other. A datagram socket, of a pair too, can send to any path; one that the kernel makes
// for io_uring is made by no system call.
func (p *Policy) hostNetwork() []seccomp.Rule {
	if p.Share.Has(userns.Network) {
		return nil
	}
	kind := func(not uint64) seccomp.Condition {
		return seccomp.Condition{Arg: 1, Mask: 0xf, Op: seccomp.NotEqual, Value: not}
	}
	return []seccomp.Rule{
		{Action: notHere, Calls: []string{"socket", "socketcall", "@io-uring"}},
		{Action: notHere, Calls: []string{"socketpair"}, When: []seccomp.Condition{{Arg: 0, Op: seccomp.NotEqual, Value: unix.AF_UNIX}}},
		{Action: notHere, Calls: []string{"socketpair"}, When: []seccomp.Condition{kind(unix.SOCK_STREAM), kind(unix.SOCK_SEQPACKET)}},
	}
}

// hostIPC keeps the command from System V IPC and POSIX message queues, which are the
// caller's.
func (p *Policy) hostIPC() []seccomp.Rule {
	if p.Share.Has(userns.IPC) {
		return nil
	}
	return []seccomp.Rule{{Action: notHere, Calls: []string{
		"ipc", "shmget", "shmat", "shmctl", "shmdt", "semget", "semop", "semctl", "semtimedop", "semtimedop_time64",
		"msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink",
	}}}
}

// hostProcesses keeps the command from changing limits and priorities of other processes, for
// which the kernel asks the user id alone. Those that it may name are the calling one.
func hostProcesses() []seccomp.Rule {
	other := func(arg int) []seccomp.Condition {
		return []seccomp.Condition{{Arg: arg, Op: seccomp.NotEqual, Value: 0}}
	}
	isNot := func(value uint64) []seccomp.Condition {
		return []seccomp.Condition{{Arg: 0, Op: seccomp.NotEqual, Value: value}}
	}
	const whoProcess = 1 // IOPRIO_WHO_PROCESS
	return []seccomp.Rule{
		{Action: notHere, Calls: []string{"prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"}, When: other(0)},
		{Action: notHere, Calls: []string{"setpriority"}, When: isNot(unix.PRIO_PROCESS)},
		{Action: notHere, Calls: []string{"ioprio_set"}, When: isNot(whoProcess)},
		{Action: notHere, Calls: []string{"setpriority", "ioprio_set"}, When: other(1)},
	}
}

// hostKeys keeps the command from the keyrings of the caller's user, keyrings(7), which another
// user namespace would have hidden.
func hostKeys() []seccomp.Rule {
	return []seccomp.Rule{{Action: notHere, Calls: []string{"@keyring"}}}
}

// hostModes keeps the command from making programs of the caller's run with the caller's ids:
// Landlock knows nothing of modes, and no mount is read-only here.
func hostModes() []seccomp.Rule {
	setID := func(arg int) []seccomp.Condition {
		return []seccomp.Condition{{Arg: arg, Mask: unix.S_ISUID | unix.S_ISGID, Op: seccomp.NotEqual}}
	}
	return []seccomp.Rule{
		{Action: notHere, Calls: []string{"chmod", "fchmod"}, When: setID(1)},
		{Action: notHere, Calls: []string{"fchmodat", "fchmodat2"}, When: setID(2)},
	}
}

// checkHostOpenings refuses to open what concerns the caller's keys and files where there are
// no namespaces.
func (p *Policy) checkHostOpenings() error {
	for _, name := range p.Seccomp.Allow {
		switch name {
		case "keyring":
			return &PolicyError{"Seccomp", errors.New("keyring: without namespaces the keys are the caller's")}
		case "setuid":
			return &PolicyError{"Seccomp", errors.New("setuid: without namespaces it would hold for every file of the caller's")}
		}
	}
	return nil
}

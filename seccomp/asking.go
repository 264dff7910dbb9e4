package seccomp

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// startCalls are what the start of a command still calls once it is under a filter that
// asks: it hands the listener over, loads further filters, executes the command, or says
// that it cannot. Nobody listens yet, so none of them may wait for an answer.
var startCalls = [...]string{"sendmsg", "close", "seccomp", "execve", "execveat", "write", "exit_group"}

// Asking makes two filters that together answer as p does, but that whoever holds the
// listener of the first is asked where p would refuse with an errno. What p has for
// startCalls is in the second, which is to be loaded last, and which never asks.
//
// Only refusals that are constants of the program are asked about; that is all in what
// Compile and libseccomp make.
func (p Program) Asking() (first, second Program, err error) {
	first = append(startsWith(1, 0), p...)
	if len(first) > maxProgram {
		return nil, nil, fmt.Errorf("the system call filter has %d instructions, too many to have its refusals reported", len(p))
	}
	for i, in := range first {
		if in.Code == retK && in.K&unix.SECCOMP_RET_ACTION_FULL == unix.SECCOMP_RET_ERRNO {
			first[i].K = unix.SECCOMP_RET_USER_NOTIF
		}
	}
	return first, append(startsWith(0, 1), p...), nil
}

// startsWith is code that goes on behind itself, with A and X as at the start of a
// program, or lets the call through. Other and start are how many instructions are passed
// over at the end, by any other call and by one of startCalls: 0 lets it through.
func startsWith(other, start uint8) Program {
	n := uint8(len(startCalls))
	p := Program{{Code: ldAbs, K: offsetArch}}
	p = append(p, unix.SockFilter{Code: jeq, K: Native.Audit(), Jf: n + 1 + other}, unix.SockFilter{Code: ldAbs, K: offsetNumber})
	for i, name := range startCalls {
		nr, _ := Number(Native, name)
		in := unix.SockFilter{Code: jeq, K: nr, Jt: n - uint8(i) - 1 + start}
		if i == len(startCalls)-1 {
			in.Jf = other
		}
		p = append(p, in)
	}
	return append(p, unix.SockFilter{Code: retK, K: unix.SECCOMP_RET_ALLOW}, unix.SockFilter{Code: unix.BPF_LD | unix.BPF_IMM})
}

package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

const ownIPC = "an IPC namespace of its own"

var ipc = []attack{
	{
		name:    "System V IPC of the caller",
		tries:   "attach shared memory, read messages and change semaphores, by key, by number, and by going through all of them",
		defence: ownIPC,
		inside:  attackSysV,
		outside: func(s *scene) {
			key := 0x75736200 + os.Getpid()&0xff
			memory, err := unix.SysvShmGet(key, 4096, unix.IPC_CREAT|0o666)
			s.must(err)
			defer unix.SysvShmCtl(memory, unix.IPC_RMID, nil)
			text, err := unix.SysvShmAttach(memory, 0, 0)
			s.must(err)
			defer unix.SysvShmDetach(text)
			copy(text, s.token)
			queue, _, errno := unix.Syscall(unix.SYS_MSGGET, uintptr(key), unix.IPC_CREAT|0o666, 0)
			if errno != 0 {
				s.Fatal(errno)
			}
			defer unix.Syscall(unix.SYS_MSGCTL, queue, unix.IPC_RMID, 0)
			set, _, errno := unix.Syscall(unix.SYS_SEMGET, uintptr(key), 1, unix.IPC_CREAT|0o666)
			if errno != 0 {
				s.Fatal(errno)
			}
			defer unix.Syscall6(unix.SYS_SEMCTL, set, 0, unix.IPC_RMID, 0, 0, 0)
			s.say = []string{itoa(key), itoa(memory), itoa(int(queue)), itoa(int(set))}
			s.launch()
		},
	}, {
		name:    "POSIX IPC of the caller",
		tries:   "open message queues and shared memory of the caller by name",
		defence: ownIPC + ", and a /dev/shm of its own",
		inside: func(p *prisoner) {
			name := append([]byte(p.args[0]), 0)
			_, _, errno := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(&name[0])), unix.O_RDWR, 0, 0, 0, 0)
			p.refused("mq_open", number(errno), unix.ENOENT)
			p.refused("shm_open", mayOpen("/dev/shm/"+p.args[0], unix.O_RDWR), unix.ENOENT)
			p.refused("find it in a mounted mqueue", mayOpen("/dev/mqueue/"+p.args[0], unix.O_RDWR), unix.ENOENT)
		},
		outside: func(s *scene) {
			text := filepath.Base(s.base)
			name := append([]byte(text), 0)
			fd, _, errno := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(&name[0])), unix.O_RDWR|unix.O_CREAT, 0o666, 0, 0, 0)
			if errno != 0 {
				s.Fatal(errno)
			}
			defer unix.Close(int(fd))
			defer unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(&name[0])), 0, 0)
			s.must(os.WriteFile("/dev/shm/"+text, []byte(s.token), 0o666))
			defer os.Remove("/dev/shm/" + text)
			s.say = []string{text}
			s.launch()
		},
	},
}

// number is an errno as an error; nil for none.
func number(e unix.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}

func attackSysV(p *prisoner) {
	var n [4]int
	for i, text := range p.args {
		n[i], _ = strconv.Atoi(text)
	}
	missing := []error{unix.ENOENT, unix.EINVAL, unix.EIDRM, unix.EPERM}
	_, err := unix.SysvShmGet(n[0], 0, 0)
	p.refused("shmget", err, missing...)
	_, err = unix.SysvShmAttach(n[1], 0, 0)
	p.refused("shmat", err, missing...)
	p.refused("msgget", call(unix.SYS_MSGGET, uintptr(n[0]), 0), missing...)
	p.refused("msgsnd", call(unix.SYS_MSGSND, uintptr(n[2]), uintptr(unsafe.Pointer(&[2]int{1, 1})), 8, unix.IPC_NOWAIT), missing...)
	p.refused("semget", call(unix.SYS_SEMGET, uintptr(n[0]), 0, 0), missing...)
	const setValue = 16
	p.refused("semctl", call(unix.SYS_SEMCTL, uintptr(n[3]), 0, setValue, 7), missing...)
	const shmStat, msgStat, semStat = 13, 11, 18
	var room [256]byte
	for i := range uintptr(64) {
		at := uintptr(unsafe.Pointer(&room))
		p.refused(fmt.Sprint("shared memory ", i), call(unix.SYS_SHMCTL, i, shmStat, at), missing...)
		p.refused(fmt.Sprint("queue ", i), call(unix.SYS_MSGCTL, i, msgStat, at), missing...)
		p.refused(fmt.Sprint("semaphores ", i), call(unix.SYS_SEMCTL, i, 0, semStat, at), missing...)
	}
}

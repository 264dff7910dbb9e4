package sandbox

// What the test binary does as a program in the sandbox: it tells what it sees
// and what it may do, by system calls alone, so it needs no file of the host.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// seen is what the program "look" reports.
type seen struct {
	Files        []string // everything in the file tree
	UID, GID     int
	PID, Session int
	Interfaces   []string
	Capabilities uint64 // permitted, effective and inheritable together
	NoNewPrivs   int
	Environ      []string
	Mkdir        string // error of making a folder in the root
	UserNS       string // error of making a user namespace
}

func probe(what string, args []string) int {
	switch what {
	case "look":
		return printJSON(lookAround())
	case "dial": // network, address
		c, err := net.Dial(args[0], args[1])
		if err == nil {
			c.Close()
		}
		fmt.Print(err)
	case "greet": // an address to listen at, what to say; twice
		l, err := net.Listen("tcp", args[0])
		if err != nil {
			fmt.Print(err)
			return 1
		}
		fmt.Println("ready")
		for range 2 {
			if c, err := l.Accept(); err == nil {
				fmt.Fprintln(c, args[1])
				c.Close()
			}
		}
	case "readat": // a file below file descriptor 3
		fd, err := unix.Openat(3, args[0], unix.O_RDONLY, 0)
		buf := make([]byte, 100)
		n, _ := unix.Read(fd, buf)
		fmt.Printf("%s %v", buf[:max(n, 0)], err)
	case "setcap": // a file; privileged_test.go
		const revision2, netRaw = 2, 0x20 // vfs_cap_data, little-endian: VFS_CAP_REVISION_2, CAP_NET_RAW
		fmt.Print(unix.Setxattr(args[0], "security.capability", []byte{0, 0, 0, revision2, 0, netRaw, 19: 0}, 0))
	case "refused": // how often
		return refusedCalls(args[0])
	case "sleep": // milliseconds
		ms, _ := strconv.Atoi(args[0])
		time.Sleep(time.Duration(ms) * time.Millisecond)
	case "give-stdout": // to file descriptor 3
		fmt.Println("given")
		if err := unix.Sendmsg(3, []byte{0}, unix.UnixRights(1), nil, 0); err != nil {
			return 98
		}
	case "leave-group": // milliseconds to live
		return leaveGroup(args[0])
	case "close":
		fmt.Print(unix.Close(-1))
	case "flood": // how often; 0: without end
		return floodOfCalls(args[0])
	default:
		return 99
	}
	return 0
}

func printJSON(v any) int {
	if err := json.NewEncoder(os.Stdout).Encode(v); err != nil {
		return 98
	}
	return 0
}

func lookAround() (s seen) {
	filepath.WalkDir("/", func(name string, _ fs.DirEntry, err error) error {
		s.Files = append(s.Files, name)
		return err
	})
	s.UID, s.GID, s.PID = os.Getuid(), os.Getgid(), os.Getpid()
	s.Session, _ = unix.Getsid(0)
	list, _ := net.Interfaces()
	for _, i := range list {
		s.Interfaces = append(s.Interfaces, i.Name+" "+i.Flags.String())
	}
	var data [2]unix.CapUserData
	unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &data[0])
	for i, d := range data {
		s.Capabilities |= uint64(d.Effective|d.Permitted|d.Inheritable) << (32 * i)
	}
	s.NoNewPrivs, _ = unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	s.Environ = os.Environ()
	s.Mkdir = fmt.Sprint(os.Mkdir("/new", 0o700))
	_, err := os.StartProcess(probePath, []string{probePath, "end"}, &os.ProcAttr{Sys: &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}})
	s.UserNS = fmt.Sprint(errors.Unwrap(err))
	return s
}

package escape

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/landlock"
	"github.com/usandbox/usandbox/userns"
)

const secondLayer = "Landlock: no mount is in the way here"

// restricted are the policies under which Landlock restricts files: the command can mount
// nothing.
var restricted = []string{build, asRoot, ranges, other}

// What the mounts do not stop, and Landlock does.
var landlocks = []attack{
	{
		name:    "a folder that somebody hands in",
		tries:   "use a folder of the caller that comes over a socket",
		defence: secondLayer,
		under:   restricted,
		ours:    "it passes every descriptor on that it was started with",
		inside: func(p *prisoner) {
			fd, err := receiveFD(3)
			p.worked("receive the folder", err)
			_, err = unix.Openat(fd, "token", unix.O_RDONLY, 0)
			p.refused("read what is in it", err)
			_, err = unix.Openat(fd, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
			p.refused("list it", err)
			_, err = unix.Openat(fd, "new", unix.O_WRONLY|unix.O_CREAT, 0o644)
			p.refused("make a file in it", err)
			p.refused("make a folder in it", unix.Mkdirat(fd, "dir", 0o755))
			p.refused("remove a file in it", unix.Unlinkat(fd, "token", 0))
			p.refused("link a file in it", unix.Linkat(fd, "token", unix.AT_FDCWD, "stolen", 0), unix.EXDEV, unix.EACCES)
			p.refused("rename a file in it", unix.Renameat(fd, "token", fd, "moved"))
			p.worked("go there", unix.Fchdir(fd))
			p.refused("read from there", mayRead("token"))
		},
		outside: func(s *scene) {
			s.needLandlock()
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
			s.must(err)
			ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
			defer ours.Close()
			defer theirs.Close()
			folder, err := os.Open(s.secret)
			s.must(err)
			defer folder.Close()
			s.must(unix.Sendmsg(pair[0], []byte("!"), unix.UnixRights(int(folder.Fd())), nil, 0))
			s.cmd.ExtraFiles = []*os.File{theirs}
			s.launch()
		},
	}, {
		name:    "write to a file that is there to be read",
		tries:   "open the standard input anew, by /proc, for writing",
		defence: secondLayer,
		under:   restricted,
		inside: func(p *prisoner) {
			p.worked("open it anew", mayOpen("/proc/self/fd/0", unix.O_RDONLY))
			p.refused("open it for writing", mayOpen("/proc/self/fd/0", unix.O_WRONLY))
			p.refused("open it for both", mayOpen("/dev/stdin", unix.O_RDWR))
			p.refused("cut it short", unix.Truncate("/proc/self/fd/0", 0))
			p.refused("open it and cut it short", mayOpen("/proc/self/fd/0", unix.O_RDONLY|unix.O_TRUNC))
		},
		outside: func(s *scene) {
			s.needLandlock()
			name := filepath.Join(s.base, "input")
			s.write(name, "input")
			s.must(os.Chmod(name, 0o666)) // so that nothing else stops it
			f, err := os.Open(name)
			s.must(err)
			defer f.Close()
			s.cmd.Stdin = f
			s.launch()
			if text, err := os.ReadFile(name); string(text) != "input" {
				s.Errorf("the file is %q, %v", text, err)
			}
		},
	}, {
		name:    "a FIFO in a read-only folder",
		tries:   "write into it, to who reads it outside",
		defence: secondLayer,
		under:   restricted,
		inside: func(p *prisoner) {
			p.refused("open it for writing", mayOpen("/shown/fifo", unix.O_WRONLY))
			p.refused("open it for both", mayOpen("/shown/fifo", unix.O_RDWR))
		},
		outside: func(s *scene) {
			s.needLandlock()
			dir := filepath.Join(s.base, "shown")
			s.mkdir(dir)
			s.must(unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
			s.must(os.Chmod(filepath.Join(dir, "fifo"), 0o666))
			s.show(dir, "/shown", false)
			f, err := os.OpenFile(filepath.Join(dir, "fifo"), os.O_RDONLY|unix.O_NONBLOCK, 0)
			s.must(err)
			defer f.Close()
			s.launch()
		},
	}, {
		name:    "abstract sockets where the network is shared",
		tries:   "connect and send to an abstract unix socket of the caller",
		defence: "Landlock's scope of abstract unix sockets",
		ours:    "it has no such scope",
		inside: func(p *prisoner) {
			_, err := net.DialTimeout("unix", p.args[0], time.Second)
			p.refused("connect", err)
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			p.worked("make a socket", err)
			p.refused("send", unix.Sendto(fd, []byte("hello"), 0, &unix.SockaddrUnix{Name: p.args[0] + "-dgram"}))
			// One of the command's own is no obstacle.
			own, err := net.Listen("unix", fmt.Sprintf("@own-%d", time.Now().UnixNano()))
			p.worked("listen", err)
			if err == nil {
				_, err = net.Dial("unix", own.Addr().String())
				p.worked("connect to its own", err)
			}
		},
		outside: func(s *scene) {
			s.needLandlock()
			name := fmt.Sprintf("@usandbox-escape-%d", time.Now().UnixNano())
			l, err := net.Listen("unix", name)
			s.must(err)
			defer l.Close()
			c, err := net.ListenPacket("unixgram", name+"-dgram")
			s.must(err)
			defer c.Close()
			s.cmd.Policy.Share = userns.SetOf(userns.Network)
			s.say = []string{name}
			s.launch()
			c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			if n, _, _ := c.ReadFrom(make([]byte, 16)); n > 0 {
				s.Errorf("a message has come")
			}
		},
	},
}

// needLandlock skips the test where the kernel has less of it than sandboxes use.
func (s *scene) needLandlock() {
	s.Helper()
	if abi, _ := landlock.ABI(); abi < 6 {
		s.Skip("skip: no scopes of Landlock before Linux 6.12")
	}
}

// receiveFD takes one file descriptor from a socket.
func receiveFD(socket int) (int, error) {
	oob := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socket, make([]byte, 1), oob, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return -1, err
	}
	list, err := unix.ParseSocketControlMessage(oob[:n])
	if err != nil || len(list) != 1 {
		return -1, fmt.Errorf("%d messages, %v", len(list), err)
	}
	fds, err := unix.ParseUnixRights(&list[0])
	if err != nil || len(fds) != 1 {
		return -1, fmt.Errorf("%d descriptors, %v", len(fds), err)
	}
	return fds[0], nil
}

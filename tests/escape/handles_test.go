package escape

import (
	"encoding/base64"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

var handles = []attack{
	{
		name:    "file handle of the secret",
		tries:   "open_by_handle_at(2) with the handle of a secret file, and of the root of its file system",
		defence: "no CAP_DAC_READ_SEARCH outside; the kernel looks only below a mount's own root",
		inside:  openHandles,
		outside: func(s *scene) {
			s.say = []string{encodeHandle(s, s.secret), encodeHandle(s, filepath.Join(s.secret, "token")), encodeHandle(s, "/")}
			s.launch()
		},
	}, {
		name:    "file handles of namespaces and processes",
		tries:   "open_by_handle_at(2) on nsfs and pidfs with the handles of the host's namespaces and processes",
		defence: "the kernel asks for CAP_SYS_ADMIN in the owner, and the process in the PID namespace",
		inside:  openKernelHandles,
		outside: func(s *scene) {
			s.say = []string{encodePidfd(s), strconv.Itoa(os.Getpid())}
			s.launch()
		},
	}, {
		name:    "relatives of namespaces",
		tries:   "ioctl_ns(2): the owner and the parent of each namespace, the next mount namespace",
		defence: "the kernel shows no namespace above one's own",
		inside:  namespaceRelatives,
	}, {
		name:    "list the mounts outside",
		tries:   "listmount(2) and statmount(2) of other mount namespaces",
		defence: "the kernel asks for CAP_SYS_ADMIN in the namespace's owner",
		inside:  listMounts,
		outside: func(s *scene) {
			s.say = []string{strconv.FormatUint(mountNamespaceID(), 10), strconv.FormatUint(mountID("/"), 10)}
			s.launch()
		},
	},
}

func encodeHandle(s *scene, name string) string {
	h, _, err := unix.NameToHandleAt(unix.AT_FDCWD, name, 0)
	if err != nil {
		s.Fatal("BUG: no handle of ", name, err)
	}
	return strconv.Itoa(int(h.Type())) + " " + base64.StdEncoding.EncodeToString(h.Bytes())
}

func decodeHandle(text string) unix.FileHandle {
	for i, c := range text {
		if c == ' ' {
			kind, _ := strconv.Atoi(text[:i])
			b, _ := base64.StdEncoding.DecodeString(text[i+1:])
			return unix.NewFileHandle(int32(kind), b)
		}
	}
	return unix.NewFileHandle(0, nil)
}

func openHandles(p *prisoner) {
	wants := append([]error{unix.ESTALE, unix.EOPNOTSUPP}, denied...)
	list := []unix.FileHandle{}
	for _, text := range p.args {
		list = append(list, decodeHandle(text))
	}
	for inode := range uint64(20) { // of ext4 and of those that have 64 bits
		list = append(list, unix.NewFileHandle(1, binary.LittleEndian.AppendUint64(nil, inode)),
			unix.NewFileHandle(0x81, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, inode), 0)))
	}
	for _, dir := range []string{".", "/usr", "/etc", "/attack", "/tmp", "/"} {
		at, err := unix.Open(dir, unix.O_RDONLY, 0)
		p.worked("open "+dir, err)
		for i, h := range list {
			fd, err := unix.OpenByHandleAt(at, h, unix.O_RDONLY)
			if err == nil {
				to, _ := os.Readlink("/proc/self/fd/" + itoa(fd))
				var st unix.Stat_t
				unix.Fstat(fd, &st)
				if i >= 3 && p.has() && to != "/" && st.Ino != 2 {
					continue // a file below that folder, by its number
				}
				p.bad("handle %d in %s opens %s", i, dir, to)
				continue
			}
			p.refused("open a handle in "+dir, err, append(wants, unix.EINVAL, unix.ENOTDIR)...)
		}
	}
}

// encodePidfd is the handle of the test's own process, where pidfs has them.
func encodePidfd(s *scene) string {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	s.must(err)
	defer unix.Close(fd)
	h, _, err := unix.NameToHandleAt(fd, "", unix.AT_EMPTY_PATH)
	if err != nil {
		return "0 "
	}
	return strconv.Itoa(int(h.Type())) + " " + base64.StdEncoding.EncodeToString(h.Bytes())
}

func openKernelHandles(p *prisoner) {
	const pidfsRoot, nsfsRoot = -10002, -10003 // FD_PIDFS_ROOT, FD_NSFS_ROOT, fcntl.h
	wants := append([]error{unix.ESTALE, unix.EOPNOTSUPP, unix.EBADF, unix.EINVAL}, denied...)
	_, err := unix.OpenByHandleAt(pidfsRoot, decodeHandle(p.args[0]), unix.O_RDWR)
	p.refused("open the handle of a process outside", err, wants...)
	for id := uint64(1); id < 64; id++ { // the first namespaces of the system have the first numbers
		for kind, inode := range map[uint32]uint32{
			unix.CLONE_NEWIPC: 0xEFFFFFFF, unix.CLONE_NEWUTS: 0xEFFFFFFE, unix.CLONE_NEWUSER: 0xEFFFFFFD,
			unix.CLONE_NEWPID: 0xEFFFFFFC, unix.CLONE_NEWCGROUP: 0xEFFFFFFB, unix.CLONE_NEWTIME: 0xEFFFFFFA,
			unix.CLONE_NEWNET: 0xEFFFFFF9, unix.CLONE_NEWNS: 0xEFFFFFF8,
		} {
			b := binary.LittleEndian.AppendUint64(nil, id)
			for _, full := range []bool{true, false} {
				h := b
				h = binary.LittleEndian.AppendUint32(h, kind*boolean(full))
				h = binary.LittleEndian.AppendUint32(h, inode*boolean(full))
				fd, err := unix.OpenByHandleAt(nsfsRoot, unix.NewFileHandle(0xf1, h), unix.O_RDONLY)
				if err != nil {
					p.refused("open the handle of a namespace", err, wants...)
					continue
				}
				if to, _ := os.Readlink("/proc/self/fd/" + itoa(fd)); !ownNamespace(to) {
					p.bad("a handle opens %s", to)
				}
				unix.Close(fd)
			}
		}
	}
	outside, _ := strconv.Atoi(p.args[1])
	for pid := 2; pid < 1<<16; pid++ {
		if pid == unix.Getpid() {
			continue
		}
		if unix.Kill(pid, 0) == nil && !ownThread(pid) {
			p.bad("process %d can be seen; the test is %d", pid, outside)
		}
	}
	p.tried++
}

func boolean(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// ownThread: kill(2) finds a thread by its number too.
func ownThread(pid int) bool {
	_, err := os.Stat(filepath.Join("/proc/self/task", itoa(pid)))
	return err == nil
}

// ownNamespace reports whether a link such as mnt:[4026531841] is one of this process.
func ownNamespace(link string) bool {
	names, _ := filepath.Glob("/proc/self/ns/*")
	for _, name := range names {
		if to, _ := os.Readlink(name); to == link {
			return true
		}
	}
	return false
}

func namespaceRelatives(p *prisoner) {
	const getUserns, getParent, mountNext, mountPrevious = 0xb701, 0xb702, 0x8010b70b, 0x8010b70c
	for _, kind := range []string{"user", "pid", "mnt", "net", "cgroup", "uts", "ipc", "time"} {
		fd, err := unix.Open("/proc/self/ns/"+kind, unix.O_RDONLY, 0)
		p.worked("open "+kind, err)
		for _, request := range []uintptr{getUserns, getParent} {
			got, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, 0)
			if errno == 0 {
				to, _ := os.Readlink("/proc/self/fd/" + itoa(int(got)))
				if !ownNamespace(to) {
					p.bad("ioctl %#x of %s gives %s", request, kind, to)
				}
				continue
			}
			p.refused("relative of "+kind, errno, unix.EPERM, unix.EINVAL, unix.ENOTTY)
		}
		var info [64]byte
		info[0] = 16
		for _, request := range []uintptr{mountNext, mountPrevious} {
			p.refused("next mount namespace", call(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&info))),
				unix.EPERM, unix.ENOTTY, unix.EINVAL, unix.ENOENT)
		}
	}
}

const sysStatmount, sysListmount = 457, 458

// mountRequest is a struct mnt_id_req.
type mountRequest struct {
	size, spare      uint32
	id, param, space uint64
}

func listMounts(p *prisoner) {
	space, _ := strconv.ParseUint(p.args[0], 10, 64)
	root, _ := strconv.ParseUint(p.args[1], 10, 64)
	wants := []error{unix.EPERM, unix.ENOENT, unix.ENOSYS, unix.EINVAL}
	var buf [4096]byte
	for _, r := range []mountRequest{
		{size: 32, id: ^uint64(0), space: space},                 // everything there
		{size: 32, id: root, space: space}, {size: 32, id: root}, // below its root
	} {
		if space != 0 || r.id == root {
			p.refused("listmount", call(sysListmount, uintptr(unsafe.Pointer(&r)), uintptr(unsafe.Pointer(&buf)), 100, 0), wants...)
		}
		r.id, r.param = root, 0x3f
		p.refused("statmount", call(sysStatmount, uintptr(unsafe.Pointer(&r)), uintptr(unsafe.Pointer(&buf)), 4096, 0), wants...)
	}
}

// mountNamespaceID is the number of the test's mount namespace; 0 before Linux 6.11.
func mountNamespaceID() (id uint64) {
	const getMountID = 0x8008b705
	if f, err := os.Open("/proc/self/ns/mnt"); err == nil {
		defer f.Close()
		call(unix.SYS_IOCTL, f.Fd(), getMountID, uintptr(unsafe.Pointer(&id)))
	}
	return id
}

// mountID is the number of the mount that a file is on; 0 before Linux 6.8.
func mountID(name string) uint64 {
	const uniqueID = 0x4000 // STATX_MNT_ID_UNIQUE
	var st unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, name, 0, uniqueID, &st) != nil || st.Mask&uniqueID == 0 {
		return 1 << 40
	}
	return st.Mnt_id
}

package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/network/inside"
)

// The files that say how names are found, where the supervisor answers for them:
// resolv.conf(5), hosts(5), nsswitch.conf(5).
const (
	resolvConf = "/etc/resolv.conf"
	hostsFile  = "/etc/hosts"
	nsSwitch   = "/etc/nsswitch.conf"
)

// withNames are the entries of the file tree with what a sandbox whose names the supervisor
// answers for needs beside them. What an entry names itself is left as it is.
func withNames(files []mounts.Entry, p *Policy) []mounts.Entry {
	if p.Network.Mode == network.None && !p.Network.Relayed() {
		return files
	}
	named := func(name string) bool {
		return slices.ContainsFunc(p.Files, func(f mounts.Entry) bool { return path.Clean(f.Where()) == name })
	}
	if !named(resolvConf) {
		files = withPlace(files, resolvConf)
	}
	host := p.Hostname
	if host == "" {
		host, _ = os.Hostname()
	}
	add := []mounts.Entry{
		mounts.File{Target: resolvConf, Content: "nameserver " + inside.Resolver4.String() + "\n", Try: true},
		mounts.File{Target: hostsFile, Content: fmt.Sprintf("127.0.0.1 localhost %s\n::1 localhost ip6-localhost ip6-loopback\n", host), Try: true},
	}
	if text, ok := switched(p.Files); ok {
		add = append(add, mounts.File{Target: nsSwitch, Content: text, Try: true})
	}
	for _, e := range add {
		if !named(e.Where()) {
			files = append(files[:len(files):len(files)], e)
		}
	}
	return files
}

// etcOf is the entry that /etc comes from, if it is shown as the host, or a root, has it.
func etcOf(files []mounts.Entry) (at int, b mounts.Bind, ok bool) {
	for i := len(files) - 1; i >= 0; i-- {
		if path.Clean(files[i].Where()) == "/etc" {
			b, ok = files[i].(mounts.Bind)
			return i, b, ok
		}
	}
	return 0, b, false
}

// withPlace makes room for a file of /etc that is not there: in place of the folder, which nothing
// can be made in, what is in it is shown.
func withPlace(files []mounts.Entry, name string) []mounts.Entry {
	i, etc, ok := etcOf(files)
	if !ok || etc.Writable {
		return files
	}
	if _, err := os.Lstat(path.Join(etc.Source, path.Base(name))); !errors.Is(err, fs.ErrNotExist) {
		return files
	}
	apart, err := etc.Apart()
	if err != nil {
		return files
	}
	return slices.Concat(files[:i], apart, files[i+1:])
}

const filesAndDNS = "hosts: files dns"

// maxSwitch bounds an nsswitch.conf.
const maxSwitch = 64 << 10

// switched is the nsswitch.conf of the file tree, in which host names are looked for in hosts
// and asked for; false: there is none, and the C library does so by itself, or it says so already.
func switched(files []mounts.Entry) (text string, ok bool) {
	_, etc, ok := etcOf(files)
	if !ok {
		return "", false
	}
	real, err := openIn(path.Dir(etc.Source), path.Join(path.Base(etc.Source), path.Base(nsSwitch)))
	if err != nil {
		return "", false
	}
	defer real.Close()
	was, err := io.ReadAll(io.LimitReader(real, maxSwitch+1))
	if err != nil || len(was) > maxSwitch || bytes.IndexByte(was, 0) >= 0 {
		return "", false
	}
	var b strings.Builder
	already := 0
	for line := range strings.Lines(string(was)) {
		if !strings.HasPrefix(strings.TrimLeft(line, " \t"), "hosts:") {
			b.WriteString(line)
			continue
		}
		if already++; strings.Join(strings.Fields(line), " ") != filesAndDNS {
			already = 2
		}
	}
	if already == 1 {
		return "", false
	}
	if s := b.String(); s != "" && !strings.HasSuffix(s, "\n") {
		b.WriteByte('\n')
	}
	b.WriteString(filesAndDNS + "\n")
	return b.String(), true
}

// openIn opens a regular file below a root, out of which no symlink leads.
func openIn(root, name string) (*os.File, error) {
	dir, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(dir)
	fd, err := unix.Openat2(dir, name, &unix.OpenHow{Flags: unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS})
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), name)
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrInvalid
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

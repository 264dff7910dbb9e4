package main

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/userns"
)

// source is where a namespace comes from.
type source struct {
	ns     *userns.Handle
	words  string // in messages
	target bool   // it is the target's own, which its pidfd stands for as well
}

// namespaces finds what is to be joined, and checks that it may be. Nothing is joined.
func (e *entering) namespaces() error {
	f := e.flags
	e.join = userns.Joining{Process: -1, Files: map[userns.Kind]int{}, UserLast: userns.HasSysAdmin()}
	found := map[userns.Kind]source{}
	named := f.all || f.userParent
	for _, k := range kindFlags {
		s, ok, err := e.namespace(k.kind)
		if err != nil {
			return flagError(k.name, err)
		}
		if ok {
			found[k.kind] = s
		}
		named = named || ok
	}
	if f.netSocket >= 0 {
		if other, ok := found[userns.Network]; ok {
			return flagError("net-socket", fmt.Errorf("two different targets: a socket, and %s of --net", other.words))
		}
		s, err := e.socket(f.netSocket)
		if err != nil {
			return flagError("net-socket", err)
		}
		found[userns.Network], named = s, true
	}
	if !named {
		return hinted{errors.New("no namespace is named"), "usandbox enter --target PID --all -- command"}
	}
	if f.all {
		if err := e.others(found); err != nil {
			return flagError("all", err)
		}
	}
	if f.userParent {
		s, err := e.parent(found)
		if err != nil {
			return flagError("user-parent", err)
		}
		found[userns.User] = s
	}
	if err := e.mayEnter(found); err != nil {
		return err
	}
	// For root what has been checked is what is joined: by the pidfd it would be
	// whatever the target is in by then, and a hostile one would change that and have
	// root among its own. A user, who joins a user namespace with the rest, becomes
	// nobody else, and needs the pidfd: of namespaces that belong to different ones
	// only one setns(2) joins all.
	byPidfd := !userns.HasSysAdmin()
	e.checked = map[userns.Kind]int{}
	for kind, s := range found {
		e.entered |= userns.SetOf(kind)
		if s.target {
			e.theirs |= userns.SetOf(kind)
			e.checked[kind] = s.ns.Fd()
		}
		if s.target && byPidfd {
			e.join.Kinds |= userns.SetOf(kind)
			continue
		}
		e.join.Files[kind] = s.ns.Fd()
		e.keep(s.ns.Fd())
	}
	if e.join.Kinds != 0 {
		e.join.Process = e.target.pidfd
		e.keep(e.target.pidfd)
	}
	return nil
}

// unchanged reports whether the target still is in the namespaces that were looked at.
// If so, what was read of it meanwhile fits them.
func (e *entering) unchanged() error {
	for _, kind := range e.theirs.List() {
		now, err := e.target.namespace(kind)
		if err != nil {
			return e.about(err)
		}
		same := sameFile(now.Fd(), e.checked[kind])
		now.Close()
		if !same {
			return e.about(fmt.Errorf("it has gone to another %v namespace meanwhile", kind))
		}
	}
	if e.flags.all && !e.theirs.Has(userns.User) {
		now, err := e.target.namespace(userns.User)
		if err != nil {
			return e.about(err)
		}
		defer now.Close()
		if !isOwn(now) {
			return e.about(errors.New("it has gone to another user namespace meanwhile"))
		}
	}
	return nil
}

func sameFile(a, b int) bool {
	var x, y unix.Stat_t
	return unix.Fstat(a, &x) == nil && unix.Fstat(b, &y) == nil && x.Dev == y.Dev && x.Ino == y.Ino
}

// namespace is what the flag for one kind names: the target's namespace, or a file's.
func (e *entering) namespace(kind userns.Kind) (s source, ok bool, err error) {
	for _, name := range e.flags.namespaces[kind].values {
		next, err := e.open(kind, name)
		if err != nil {
			return s, false, err
		}
		switch {
		case !ok:
			s, ok = next, true
		case s.ns.Inode() == next.ns.Inode(): // the same by two names
			next.ns.Close()
		default:
			return s, false, fmt.Errorf("two different targets: %s and %s", s.words, next.words)
		}
	}
	return s, ok, nil
}

// open opens the namespace of a kind that a flag's value names.
func (e *entering) open(kind userns.Kind, name string) (s source, err error) {
	switch id, isID := strings.CutPrefix(name, ":"); {
	case name == "" && e.target == nil:
		return s, hinted{errors.New("neither a file nor a --target is given"),
			fmt.Sprintf("usandbox enter --target PID --%s -- command", kindFlag(kind))}
	case name == "":
		s = source{words: fmt.Sprintf("process %d", e.target.pid), target: true}
		if s.ns, err = e.target.namespace(kind); err != nil {
			return s, e.about(err)
		}
	case isID:
		s.words = "the namespace " + name
		s.ns, err = openByID(kind, id)
	default:
		s.words = name
		s.ns, err = userns.Open(name)
	}
	if err != nil {
		return s, err
	}
	if got := s.ns.Kind(); got != kind {
		return s, about(s.words, hinted{fmt.Errorf("it is a %v namespace", got), fmt.Sprintf("--%s=%s", kindFlag(got), name)})
	}
	return s, nil
}

// about says which thing an error is about, and keeps the hint.
func about(words string, err error) error {
	var h hinted
	if errors.As(err, &h) {
		return hinted{fmt.Errorf("%s: %w", words, h.error), h.hint}
	}
	return fmt.Errorf("%s: %w", words, err)
}

// about says that an error is about the target.
func (e *entering) about(err error) error {
	return about(fmt.Sprintf("process %d", e.target.pid), err)
}

// socket opens the network namespace of a socket of the target's.
func (e *entering) socket(number int) (s source, err error) {
	if e.target == nil {
		return s, errors.New("a --target is needed, whose socket it is")
	}
	s.words = fmt.Sprintf("the socket %d of process %d", number, e.target.pid)
	socket, err := unix.PidfdGetfd(e.target.pidfd, number, 0)
	switch err {
	case nil:
	case unix.EBADF:
		return s, fmt.Errorf("process %d has no file descriptor %d", e.target.pid, number)
	case unix.EPERM:
		return s, e.about(e.target.refused())
	default:
		return s, fmt.Errorf("%s: %w", s.words, err)
	}
	defer unix.Close(socket)
	var st unix.Stat_t
	if err := unix.Fstat(socket, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return s, fmt.Errorf("the file descriptor %d of process %d is no socket", number, e.target.pid)
	}
	fd, err := unix.IoctlRetInt(socket, unix.SIOCGSKNS)
	if err == nil {
		s.ns, err = userns.NewHandle(fd)
	}
	if err != nil {
		return s, fmt.Errorf("find the network namespace of %s: %w", s.words, err)
	}
	return s, nil
}

// others adds the target's namespaces that no flag has named and the caller is not in.
func (e *entering) others(found map[userns.Kind]source) error {
	if e.target == nil {
		return hinted{errors.New("no --target is given"), "usandbox enter --target PID --all -- command"}
	}
	for _, k := range kindFlags {
		if _, ok := found[k.kind]; ok {
			continue
		}
		ns, err := e.target.namespace(k.kind)
		if errors.Is(err, unix.ENOENT) {
			continue // a kind that this kernel does not have
		}
		if err != nil {
			return e.about(err)
		}
		if isOwn(ns) {
			ns.Close()
			continue
		}
		found[k.kind] = source{ns, fmt.Sprintf("process %d", e.target.pid), true}
	}
	return nil
}

// parent is the user namespace above the one that --user names, above the target's, or
// the one that the first of the others belongs to.
func (e *entering) parent(found map[userns.Kind]source) (s source, err error) {
	below, ok := found[userns.User]
	if !ok && e.target != nil {
		below = source{words: fmt.Sprintf("process %d", e.target.pid)}
		if below.ns, err = e.target.namespace(userns.User); err != nil {
			return s, e.about(err)
		}
		ok = true
	}
	for _, k := range kindFlags {
		if x, has := found[k.kind]; has && !ok {
			below, ok = x, true
		}
	}
	if !ok {
		return s, errors.New("neither a namespace nor a --target is given")
	}
	s.words = "the user namespace above " + below.words
	if s.ns, err = below.ns.Owner(); err != nil {
		return s, fmt.Errorf("find %s: %w", s.words, err)
	}
	return s, nil
}

// isOwn reports whether a namespace is the one that this process is in.
func isOwn(ns *userns.Handle) bool {
	own, err := userns.OpenOf(0, ns.Kind())
	if err != nil {
		return false
	}
	defer own.Close()
	return own.Inode() == ns.Inode()
}

// mayEnter refuses what the kernel would refuse, with a reason. What the caller is in
// already is taken out of found, unless the caller may join it once more.
func (e *entering) mayEnter(found map[userns.Kind]source) error {
	capable := userns.HasSysAdmin()
	_, user := found[userns.User]
	if !user && !capable {
		return e.needsUser()
	}
	for _, k := range kindFlags {
		s, ok := found[k.kind]
		if !ok {
			continue
		}
		own := isOwn(s.ns)
		switch {
		case own && k.kind == userns.User && e.flags.userParent:
			return flagError("user-parent", fmt.Errorf("%s is the one that you are in", s.words))
		case own && k.kind == userns.User:
			return flagError(k.name, fmt.Errorf("%s: you are in that user namespace", s.words))
		case own && !capable:
			delete(found, k.kind)
			continue
		}
		if e.flags.all && !user && k.kind != userns.User && foreign(s.ns) {
			return hinted{flagError("all", about(s.words, fmt.Errorf("its %v namespace belongs to a user namespace that it is not in; it may be a trap", k.kind))),
				"name the namespaces to enter one by one"}
		}
		if err := userns.MayJoin(s.ns); err != nil {
			name := k.name
			if e.flags.all && len(e.flags.namespaces[k.kind].values) == 0 {
				name = "all"
			}
			return flagError(name, about(s.words, err))
		}
	}
	return nil
}

// foreign reports whether a namespace belongs to another user namespace than the
// caller's: whoever is root there has the say in it.
func foreign(ns *userns.Handle) bool {
	owner, err := ns.Owner()
	if err != nil {
		return true
	}
	defer owner.Close()
	return !isOwn(owner)
}

// needsUser is the error for a caller who has no CAP_SYS_ADMIN and does not enter a
// user namespace either, where it would.
func (e *entering) needsUser() error {
	err := errors.New("only root may enter a namespace without a user namespace")
	if e.target == nil {
		return hinted{err, "enter the user namespace that it belongs to as well: --user=/proc/PID/ns/user"}
	}
	ns, e2 := e.target.namespace(userns.User)
	if e2 != nil {
		return flagError("target", e.about(e2))
	}
	defer ns.Close()
	if !isOwn(ns) {
		return hinted{flagError("target", e.about(err)), "enter its user namespace as well: --user, or --all"}
	}
	return flagError("target", e.about(userns.MayJoin(ns)))
}

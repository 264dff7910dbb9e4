package sandbox

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/cow"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/network/inside"
	"github.com/usandbox/usandbox/userns"
)

// execution is the command that a program ends in.
type execution struct {
	name      string   // as it was asked for
	paths     []string // where it may be
	dir       string
	argv, env launch.Arg
	forUser   *uint32 // the only one who may run it; nil: no check
	closed    []int   // file descriptors that the command does not get
	gated     bool    // it waits for Cmd.Forked
	null      []int   // file descriptors that are the null device
	terminal  *Terminal
	streams   []int // those that are the terminal
	enterable bool  // further commands may follow
	hold      bool  // there is none; the sandbox waits for those
	takeover  *Takeover
	asks      bool     // the filter of system calls asks the supervisor where it refuses
	account   bool     // it is told what the command used
	adopted   bool     // the caller puts it under its limits
	changes   *cow.Run // which the command must not run before; nil: none
}

// compile appends the whole sandbox to p. This is the one place that knows the
// order; docs/design.md says why it is so.
func compile(p *launch.Program, policy *Policy, run execution) error {
	if err := policy.check(); err != nil {
		return err
	}
	if policy.NoNamespaces != nil {
		return compileHost(p, policy, run)
	}
	id, err := policy.identity()
	if err != nil {
		return err
	}
	if err := policy.checkHidePID(id); err != nil {
		return err
	}
	if err := run.checkNetwork(policy); err != nil {
		return err
	}
	init, command := p.Label("init"), p.Label("command")
	keep := policy.Capabilities
	// A command that may mount must not take the file tree apart.
	locked := keep.Has(unix.CAP_SYS_ADMIN)
	if err := policy.checkLocked(locked); err != nil {
		return err
	}

	if err := run.checkEnterable(policy, locked); err != nil {
		return err
	}
	abi, err := policy.checkLandlock()
	if err != nil {
		return err
	}

	filters, err := policy.filters(run.enterable)
	if err != nil {
		return err
	}
	if run.asks {
		err = loadAsking(p, filters)
	} else {
		loadLast(p, filters)
	}
	if err != nil {
		return err
	}
	limitLast(p, policy)

	sockets := inside.Sockets(&policy.Network)
	p.Process("outer")
	if run.enterable {
		p.Enterable()
	}
	files := withNames(policy.Files, policy)
	if run.terminal != nil {
		files = withOwnConsole(files)
		if run.terminal.Outside != nil {
			p.RestoreTerminal(run.terminal.Modes.Bytes())
		}
	}
	if run.forUser != nil {
		p.ForUser(*run.forUser)
	}
	run.keepAccount(p, id)
	p.Begin()
	beginAttributes(p, policy)
	clock := readClock(p, run.changes, run.takeover)
	for _, fd := range run.closed {
		p.Call(unix.SYS_CLOSE, fd).OnAny(nil)
	}
	if run.takeover != nil {
		inPlace(p, run.takeover, id, init, policy.killed())
	} else {
		if policy.As != nil {
			idmap.Become(p, id.outer.UID, id.outer.GID, true)
		}
		userns.Unshare(p, userns.SetOf(userns.User))
		writeMaps(p, id)
		if policy.Clocks != (userns.Offsets{}) {
			userns.Unshare(p, userns.SetOf(userns.Time))
			userns.TimeOffsets(p, policy.Clocks)
		}
		if !id.changes() { // else that wait is for both
			run.awaitGroup(p)
		}
		p.ForkInit(init, userns.SetOf(userns.PID).Flags())
		caps.Use(p, outerKeeps(id), caps.None)
		p.Undumpable()
		p.Supervise(policy.CommandIsInit)

		p.Process("init")
		p.Here(init)
	}
	if id.changes() {
		idmap.KeepCapabilities(p)
		idmap.Become(p, id.uid, id.gid, id.dropGroups)
		caps.Use(p, everyCapability, caps.None)
	}
	p.BeginInit()
	if locked {
		userns.Unshare(p, userns.SetOf(userns.Mount))
	} else {
		makeNamespaces(p, policy, userns.SetOf(userns.Mount))
		inside.Compile(p, sockets)
	}
	proc := run.openProc(p)
	if !locked {
		tellNamespaces(p, proc)
	}
	forbidMounts := limitNamespaces(p, policy, locked)
	queues := openQueues(p, policy, abi)
	writable, err := mounts.CompileSized(p, files, policy.Propagation, policy.TmpSize)
	if err != nil {
		return err
	}
	if run.terminal != nil { // what mounts, and opens devices, comes before what forbids it
		openTerminal(p, files, run.streams)
	}
	if err := notePlaceholders(run.changes, policy.Files); err != nil {
		return err
	}
	if !locked {
		policy.Propagation.Set(p)
	}
	later := locked && len(sockets) > 0 // the network namespace is made later, too
	gated := run.gated || run.terminal != nil || len(sockets) > 0
	pasta := policy.Network.Mode == network.Pasta
	if pasta && !later {
		p.AwaitForked()
	}
	forbidMounts()
	setAttributes(p, policy)
	noNewPrivileges(p)
	enterLandlock(p, policy, abi, writable, queues, run.forUser != nil)
	if gated && !later && !pasta {
		p.AwaitForked()
	}
	switch {
	case policy.CommandIsInit && locked:
		lockAlone(p, policy, id)
		tellNamespaces(p, proc)
		inside.Compile(p, sockets)
	case locked:
		meeting := p.NewRendezvous()
		p.ForkCommand(command, true)
		p.Undumpable()
		lockChild(p, meeting, id)
		caps.Use(p, caps.None, caps.None)
		p.Reap()

		p.Process("command")
		p.Here(command)
		enterLocked(p, policy, meeting)
		tellNamespaces(p, proc)
		inside.Compile(p, sockets)
	case policy.CommandIsInit:
	default:
		caps.RestrictBounding(p, keep)
		shared := keep == caps.None || run.enterable
		if shared { // before the fork: once for both, and for all that init forks later
			caps.Keep(p, keep)
		}
		p.Undumpable()
		if run.hold {
			clock.await(p)
			p.Serve()
			return nil
		}
		p.ForkCommand(command, false)
		if run.enterable {
			p.Serve()
		} else {
			caps.Use(p, caps.None, caps.None)
			p.Reap()
		}

		p.Process("command")
		p.Here(command)
	}
	if gated && later {
		p.AwaitForked()
	}
	if !policy.CommandIsInit {
		p.BeginCommand()
	}
	if policy.CommandIsInit || keep != caps.None && !run.enterable {
		caps.Restrict(p, keep)
	}
	if run.dir != "" {
		p.Doing("change to the working directory " + run.dir)
		p.Call(unix.SYS_CHDIR, run.dir)
	}
	ownNull(p, run.null)
	clock.await(p)
	// The filters of loadLast come here, after what restores the signal state.
	p.Exec(run.name, run.paths, run.argv, run.env)
	return nil
}

// checkEnterable refuses what would give a command that enters later another
// confinement than the sandbox's own.
func (run *execution) checkEnterable(policy *Policy, locked bool) error {
	switch {
	case run.enterable && policy.CommandIsInit:
		return &PolicyError{"CommandIsInit", errors.New("a command that is PID 1 cannot start those that enter later")}
	case run.enterable && locked:
		return &PolicyError{"Capabilities", errors.New("a command with CAP_SYS_ADMIN is in a user namespace of its own, which those that enter later would not share")}
	}
	return nil
}

// everyCapability is what the creator of a user namespace has in it. The kernel
// ignores the bits it does not know.
const everyCapability = ^caps.Set(0)

// outerKeeps is what outer needs to kill init if the caller dies: nothing, unless
// init has other ids.
func outerKeeps(id identity) caps.Set {
	if id.changes() {
		return caps.None.With(unix.CAP_KILL)
	}
	return caps.None
}

// writeMaps appends the id maps: a map of one id is written by the process, one
// of ranges by newuidmap and newgidmap, which the caller runs meanwhile.
func writeMaps(p *launch.Program, id identity) {
	if !id.mapUIDs {
		idmap.Write(p, idmap.UID, id.uidMap)
	}
	if !id.mapGIDs {
		idmap.Write(p, idmap.GID, id.gidMap)
	}
	if id.changes() {
		p.Doing("wait for the id maps")
		p.AwaitCaller()
	}
}

// makeNamespaces appends the creation of the namespaces that the policy does not
// share and of those in with, and what they need before anything runs in them.
func makeNamespaces(p *launch.Program, policy *Policy, with userns.Set) {
	userns.Unshare(p, with|shareable.Minus(policy.Share))
	if policy.Hostname != "" {
		userns.Hostname(p, policy.Hostname)
	}
	if policy.Domainname != "" {
		userns.Domainname(p, policy.Domainname)
	}
	if !policy.Share.Has(userns.Network) {
		userns.LoopbackUp(p)
	}
}

// limitNamespaces appends: no namespace can be made beyond those that the sandbox
// makes itself. What it returns appends the same for mount namespaces, once the file
// tree stands: the kernel counts each mount that is not attached yet as one; and for all, if
// pasta(1) has to make some of its own before, in the sandbox's user namespace.
func limitNamespaces(p *launch.Program, policy *Policy, locked bool) (forbidMounts func()) {
	if policy.UserNamespaces {
		return func() {}
	}
	limits := userns.OpenLimits(p)
	pasta := policy.Network.Mode == network.Pasta
	if locked {
		limits.Set(p, lockedCounts(policy, pasta))
		limits.Close(p)
		return func() {}
	}
	none := userns.Counts{}
	if !pasta {
		limits.Set(p, userns.Counts{userns.Mount: userns.Unlimited})
		none = userns.Only(userns.Mount, 0)
	}
	return func() {
		limits.Set(p, none)
		limits.Close(p)
	}
}

// ownNull appends: what is the caller's null device becomes the sandbox's own,
// where it has one. The caller's could be changed through the file descriptor (its
// mode, by a caller that is root); the sandbox's is on a read-only mount.
func ownNull(p *launch.Program, fds []int) {
	for _, n := range fds {
		p.Doing("open the null device")
		fd, none := p.Var("null"), p.Label("no_null_"+strconv.Itoa(n))
		p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, "/dev/null", unix.O_RDWR|unix.O_CLOEXEC).To(fd).On(unix.ENOENT, none).On(unix.EACCES, none)
		p.Call(unix.SYS_DUP3, fd, n, 0).On(unix.EINVAL, none) // n was closed, and it stays so
		p.Close(fd)
		p.Here(none)
	}
}

// noNewPrivileges appends: no exec can give the process or its children more than
// they have, prctl(2).
func noNewPrivileges(p *launch.Program) {
	p.Doing("set no_new_privs")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

// defaultPath is where commands are looked for if the environment has no PATH.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

// candidates are the paths in the sandbox that a command's name may mean:
// itself, if it has a slash, else one in each absolute folder of PATH.
func candidates(name string, env []string) []string {
	if strings.Contains(name, "/") {
		return []string{name}
	}
	search := defaultPath
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			search = v
		}
	}
	var paths []string
	for _, dir := range strings.Split(search, ":") {
		if strings.HasPrefix(dir, "/") {
			paths = append(paths, strings.TrimRight(dir, "/")+"/"+name)
		}
	}
	if len(paths) == 0 {
		paths = []string{"/" + name}
	}
	return paths
}

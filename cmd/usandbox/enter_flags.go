package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/usandbox/usandbox/userns"
)

// enterFlags are the flags of enter: those of nsenter(1), and --inherit-env.
type enterFlags struct {
	set *pflag.FlagSet

	target     pidFlag
	all        bool
	namespaces map[userns.Kind]*optional // --net[=FILE] and its like
	netSocket  int
	userParent bool

	uid, gid            idFlag
	preserveCredentials bool
	keepCaps            bool

	root, wd   optional
	wdns       string
	env        bool
	inheritEnv bool
	noFork     bool
	joinCgroup bool
}

// kindFlag is the name of a kind's flag.
func kindFlag(kind userns.Kind) string {
	for _, k := range kindFlags {
		if k.kind == kind {
			return k.name
		}
	}
	return ""
}

func newEnterFlags() *enterFlags {
	f := &enterFlags{set: pflag.NewFlagSet("enter", pflag.ContinueOnError), namespaces: map[userns.Kind]*optional{}}
	s := f.set
	s.SetInterspersed(false)
	s.SortFlags = false
	s.Usage = func() {}
	s.VarP(&f.target, "target", "t", "the process to take namespaces from, `PID`, or PID:INODE with the inode number of its pidfd")
	s.BoolVarP(&f.all, "all", "a", false, "enter every namespace of the target that is not yours already")
	for _, k := range kindFlags {
		v := &optional{}
		f.namespaces[k.kind] = v
		v.add(s, k.name, k.short, "enter the target's "+k.kind.String()+" namespace, or `FILE`'s, or the one with the id :NSID")
	}
	s.IntVarP(&f.netSocket, "net-socket", "N", -1, "enter the network namespace of a socket, the target's file descriptor `FD`")
	s.Lookup("net-socket").DefValue = "0" // so that help shows none
	s.BoolVar(&f.userParent, "user-parent", false, "enter the user namespace above that of --user or of the target")
	s.VarP(&f.uid, "setuid", "S", "become user `UID` in there; follow: the target's. In a user namespace, 0 if there is one")
	s.VarP(&f.gid, "setgid", "G", "become group `GID` and drop the other groups, likewise")
	s.BoolVar(&f.preserveCredentials, "preserve-credentials", false, "leave user and group ids as they are")
	s.BoolVar(&f.keepCaps, "keep-caps", false, "the command keeps the capabilities that a user namespace gives")
	f.root.add(s, "root", "r", "change the root to the target's, or to `DIR`, which is opened before")
	f.wd.add(s, "wd", "w", "go to the target's working directory, or to `DIR`, which is opened before")
	s.StringVarP(&f.wdns, "wdns", "W", "", "go to `DIR` in there")
	s.BoolVarP(&f.env, "env", "e", false, "give the command the target's environment")
	s.BoolVar(&f.inheritEnv, "inherit-env", false, "give the command your whole environment, not only PATH, HOME, TERM and the like")
	s.BoolVarP(&f.noFork, "no-fork", "F", false, "do not fork: with --pid, only the command's children are in there")
	s.BoolVarP(&f.joinCgroup, "join-cgroup", "c", false, "join the target's cgroup (version 2)")
	return f
}

// parse reads the flags and returns the command behind them.
func (f *enterFlags) parse(args []string) ([]string, error) {
	if err := parseFlags(f.set, attachedValues(f.set, args)); err != nil {
		if err == errHelp {
			fmt.Print(enterNotes)
		}
		return nil, err
	}
	exclude := func(a, b string) error {
		if f.set.Changed(a) && f.set.Changed(b) {
			return fmt.Errorf("--%s and --%s exclude each other", a, b)
		}
		return nil
	}
	for _, err := range []error{exclude("wd", "wdns"), exclude("env", "inherit-env")} {
		if err != nil {
			return nil, err
		}
	}
	if f.set.Changed("net-socket") && f.netSocket < 0 {
		return nil, flagError("net-socket", fmt.Errorf("%d is no file descriptor", f.netSocket))
	}
	return f.set.Args(), nil
}

// attachedValues writes an optional value behind its one-letter flag with "=", so that
// pflag reads -n/run/ns as nsenter(1) does. Other than there, -np is -n -p, and no
// file "p": a value without "=" begins with a slash, a dot or a colon.
func attachedValues(set *pflag.FlagSet, args []string) []string {
	args = slices.Clone(args)
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if len(arg) < 2 || arg[0] != '-' || arg == "--" {
			break // the command
		}
		if arg[1] == '-' {
			if p := set.Lookup(arg[2:]); p != nil && p.NoOptDefVal == "" {
				i++ // its value
			}
			continue
		}
		for n := 1; n < len(arg); n++ {
			p := set.ShorthandLookup(arg[n : n+1])
			if p == nil {
				break
			}
			if p.NoOptDefVal == "" { // all that follows is its value
				if n == len(arg)-1 {
					i++
				}
				break
			}
			if n+1 < len(arg) && strings.IndexByte("/.:", arg[n+1]) >= 0 && p.NoOptDefVal == fromTarget {
				args[i] = arg[:n+1] + "=" + arg[n+1:]
				break
			}
		}
	}
	return args
}

// optionalUsage writes optional values as [=FILE].
func optionalUsage(text string) string {
	for _, name := range []string{"FILE", "DIR"} {
		text = strings.ReplaceAll(text, " "+name+"[="+fromTarget+"]", "[="+name+"]  ")
	}
	return text
}

const enterNotes = `
usandbox enter NAME enters a running sandbox and confines the command as the sandbox's
own; usandbox enter NAME --help tells its flags. The flags above enter namespaces, and
give the command no filter and no limit of the target. They are those of nsenter(1).
Without a command, $SHELL runs, or /bin/sh. What differs:

- Only file descriptors 0, 1 and 2 go inside, and of the environment only PATH, HOME,
  USER, LOGNAME, SHELL, TERM, COLORTERM, LANG, LC_*, TZ and NO_COLOR.
- A namespace that you are in already is passed over, unless root names it.
- Where user id 0 is not mapped, the command gets the target's user id. Groups stay
  where the target's setgroups file says deny.
- After --root alone the working directory is the new root, not one outside of it.
- The command is in your session and has your terminal, as with nsenter(1).
`

// fromTarget is the value of a flag that is given without one: no text that anybody
// types.
const fromTarget = "\x01"

// optional is the value of a flag that may have one: --net, --net=FILE.
type optional struct {
	values []string // as often as it was given; "" stands for the target's
}

func (o *optional) add(s *pflag.FlagSet, long, short, usage string) {
	s.VarPF(o, long, short, usage).NoOptDefVal = fromTarget
}

func (o *optional) String() string { return "" }
func (o *optional) Type() string   { return "file" }

func (o *optional) Set(text string) error {
	if text == "" {
		return errors.New("no name is given")
	}
	if text == fromTarget {
		text = ""
	}
	if !slices.Contains(o.values, text) {
		o.values = append(o.values, text)
	}
	return nil
}

// one is the value of a flag that makes sense once.
func (o *optional) one() (value string, given bool, err error) {
	switch len(o.values) {
	case 0:
		return "", false, nil
	case 1:
		return o.values[0], true, nil
	}
	name := func(v string) string {
		if v == "" {
			return "the target's"
		}
		return v
	}
	return "", true, fmt.Errorf("two different values: %s and %s", name(o.values[0]), name(o.values[1]))
}

// pidFlag is a process: PID, or PID:INODE, the inode number of its pidfd.
type pidFlag struct {
	pid   int // 0: none
	inode uint64
}

func (p *pidFlag) String() string { return "" }
func (p *pidFlag) Type() string   { return "pid" }

func (p *pidFlag) Set(text string) error {
	number, inode, pinned := strings.Cut(text, ":")
	pid, err := strconv.ParseUint(number, 10, 31)
	if err != nil || pid == 0 {
		return errors.New("want PID or PID:INODE")
	}
	n := pidFlag{pid: int(pid)}
	if pinned {
		if n.inode, err = strconv.ParseUint(inode, 10, 64); err != nil || n.inode == 0 {
			return errors.New("want PID or PID:INODE")
		}
	}
	if p.pid != 0 && *p != n {
		return fmt.Errorf("two different targets, process %d and process %d", p.pid, n.pid)
	}
	*p = n
	return nil
}

// idFlag is a user or group id, or "follow", the target's.
type idFlag struct {
	given, follow bool
	id            uint32
}

func (i *idFlag) String() string { return "" }
func (i *idFlag) Type() string   { return "id" }

func (i *idFlag) Set(text string) error {
	if text == "follow" {
		*i = idFlag{given: true, follow: true}
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 1<<32-1 {
		return errors.New("want a number below 4294967295, or follow")
	}
	*i = idFlag{given: true, id: uint32(n)}
	return nil
}

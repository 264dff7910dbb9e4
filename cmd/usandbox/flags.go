package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

// runFlags are the flags that run, plan and compile share.
type runFlags struct {
	set *pflag.FlagSet

	files            []mounts.Entry
	createSource     bool
	perms            *uint32 // of --perms, until a flag takes it
	descriptors      string  // the last flag that names a file descriptor
	consumed         string  // the last flag whose contents cannot be read once more
	propagation      string
	rootfs           string
	bare             bool
	noCwd, noProc    bool
	chdir            string
	uid, gid         uint32
	root             bool
	mapUIDs, mapGIDs []string
	as               string
	share            string
	hostname         string
	domainname       string
	boottime         time.Duration
	monotonic        time.Duration
	capAdd, capDrop  []string
	seccomp          []string
	filters          []*filterFile // of seccomp
	why              bool
	allowSyscalls    []string
	landlock         string
	network          networkFlags
	noNamespaces     bool
	require          string
	env, unsetEnv    []string
	inheritEnv       bool
	asPID1           bool
	keepFDs          []int
	verbose          bool
	cow              cowFlag
	review           bool
	gitNotShown      *sandbox.GitError // of a folder of --cow
	caches           []string
	name             string
	detach           bool
	attributes       attributeFlags
	limits           limitFlags
	deadlines        deadlineFlags
	record           record
	noCommand        bool // none is wanted
	pty              ptyFlags
	console          *console // nil: the command has no terminal of its own
}

func newRunFlags(name string) *runFlags {
	f := &runFlags{set: pflag.NewFlagSet(name, pflag.ContinueOnError)}
	s := f.set
	s.SetInterspersed(false)
	s.SortFlags = false
	s.Usage = func() {}
	fileFlags(s, f)
	s.BoolVar(&f.createSource, "create-source", false, "make what is missing on the host: the folders SRC of --rw and --ro, and PATH of --hide in a writable folder")
	f.cowFlags()
	f.cacheFlag()
	s.StringVar(&f.propagation, "propagation", "private", "what mounts of the host and of the sandbox do to each other: `MODE` private, slave (later mounts of the host come in, and not read-only), shared, unbindable")
	s.StringVar(&f.rootfs, "rootfs", "", "use `DIR` as the root, read-only, instead of the system's folders")
	s.BoolVar(&f.bare, "bare", false, "start from an empty file tree instead of the default")
	s.BoolVar(&f.noProc, "no-proc", false, "do not mount a proc; much software needs one")
	s.BoolVar(&f.noCwd, "no-cwd", false, "do not show the current folder")
	s.StringVar(&f.chdir, "chdir", "", "working `DIR` in the sandbox")
	s.Uint32Var(&f.uid, "uid", 0, "the command sees itself as user `N`")
	s.Uint32Var(&f.gid, "gid", 0, "the command sees itself as group `N`")
	s.BoolVar(&f.root, "root", false, "the command sees itself as root: --uid 0 --gid 0")
	s.StringArrayVar(&f.mapUIDs, "map-uids", nil, "map user ids: IN:OUT:COUNT, or auto for all that are delegated to you; repeatable")
	s.StringArrayVar(&f.mapGIDs, "map-gids", nil, "map group ids, likewise")
	s.StringVar(&f.as, "as", "", "for root: who the sandbox is outside, `USER[:GROUP]`")
	s.StringVar(&f.share, "share", "", "share the caller's `net,ipc,uts,cgroup` namespaces")
	s.StringVar(&f.hostname, "hostname", "", "host `NAME` in the sandbox")
	s.StringVar(&f.domainname, "domainname", "", "NIS domain `NAME` in the sandbox")
	s.DurationVar(&f.boottime, "boottime", 0, "offset of the boot-time clock, whole seconds, as 24h")
	s.DurationVar(&f.monotonic, "monotonic", 0, "offset of the monotonic clock, likewise")
	s.StringArrayVar(&f.capAdd, "cap-add", nil, "give the command a capability `NAME`, or all; repeatable")
	s.StringArrayVar(&f.capDrop, "cap-drop", nil, "take a capability `NAME`, or all, from those added; repeatable")
	s.StringVar(&f.landlock, "landlock", "best-effort", "the second layer, landlock(7): `MODE` best-effort (what the kernel has), require (all, or nothing runs), none; with :N for ABI N")
	f.seccompFlags()
	f.networkFlags()
	f.hostFlags()
	f.attributes.declare(s)
	f.limits.declare(s)
	s.StringArrayVar(&f.env, "env", nil, "set a variable, `K=V`, or pass on the caller's, K; repeatable")
	s.BoolVar(&f.inheritEnv, "inherit-env", false, "pass on the whole environment")
	s.StringArrayVar(&f.unsetEnv, "unset-env", nil, "remove a variable `K`; repeatable")
	s.BoolVar(&f.asPID1, "as-pid-1", false, "the command is PID 1 of the sandbox")
	s.IntSliceVar(&f.keepFDs, "keep-fd", nil, "leave file descriptor `N` open; repeatable")
	s.BoolVarP(&f.verbose, "verbose", "v", false, "print each step as it is compiled")
	return f
}

// errHelp says that help was asked for and given.
var errHelp = errors.New("help")

// parseFlags reads the flags of a command.
func parseFlags(set *pflag.FlagSet, args []string) error {
	err := set.Parse(args)
	if errors.Is(err, pflag.ErrHelp) {
		flagHelp(set)
		return errHelp
	}
	return nearestFlag(set, withoutContent(err))
}

// parse reads the flags and returns the command that follows them.
func (f *runFlags) parse(args []string) ([]string, error) {
	if err := parseFlags(f.set, args); err != nil {
		return nil, err
	}
	if err := f.takeFolders(); err != nil {
		return nil, err
	}
	if f.perms != nil {
		return nil, flagError("perms", errNoPerms)
	}
	if err := f.checkHost(); err != nil {
		return nil, err
	}
	if f.noCommand {
		if f.set.NArg() > 0 {
			return nil, fmt.Errorf("%q: no command is wanted here", f.set.Arg(0))
		}
		return nil, nil
	}
	if f.set.NArg() == 0 {
		return nil, hinted{errors.New("no command is given"), "usandbox " + f.set.Name() + " -- make"}
	}
	return f.set.Args(), nil
}

// nearestFlag is err, with a hint at the flag that was meant if it is about one that
// does not exist.
func nearestFlag(set *pflag.FlagSet, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	var names []string
	set.VisitAll(func(p *pflag.Flag) { names = append(names, p.Name) })
	return hinted{err, nearest(unknown.GetSpecifiedName(), names, "--")}
}

// hinted is an error that says what to type.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

func flagHelp(set *pflag.FlagSet) {
	for _, c := range commands() {
		if c.name == set.Name() {
			fmt.Printf("usandbox %s %s\n\n%s\n\n%s", c.name, c.usage, c.short, optionalUsage(set.FlagUsages()))
		}
	}
}

// flagError names the flag that an error is about.
func flagError(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("--%s: %w", name, err)
}

// command makes the command that flags and arguments describe.
func (f *runFlags) command(args []string) (*sandbox.Cmd, error) {
	changes, err := f.copyOnWrite(args)
	if err != nil {
		return nil, err
	}
	caches, err := f.cacheLayers()
	if err != nil {
		return nil, err
	}
	policy, err := f.policy(changes, caches)
	if err != nil {
		return nil, err
	}
	env, err := f.environ(os.Environ(), slices.Concat(variables(caches), f.network.variables(), policy.NoNamespaces.Variables()))
	if err != nil {
		return nil, err
	}
	extra, err := f.extraFiles()
	if err != nil {
		return nil, err
	}
	c := &sandbox.Cmd{
		Args: args, Env: env, Dir: f.chdir, Policy: policy, Changes: changes, Caches: caches,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, ExtraFiles: extra,
	}
	if f.chdir != "" && !strings.HasPrefix(f.chdir, "/") {
		return nil, flagError("chdir", fmt.Errorf("the folder %q is not absolute", f.chdir))
	}
	return c, nil
}

// environ is the command's environment: of the caller's, with variables that were
// found out, and with what the flags say.
func (f *runFlags) environ(caller, found []string) ([]string, error) {
	env := caller
	if !f.inheritEnv {
		env = sandbox.DefaultEnv(caller)
	}
	env = slices.Clone(env)
	for _, kv := range found {
		env = setVariable(env, kv)
	}
	for _, arg := range f.env {
		kv, ok, err := variable(arg)
		if err != nil {
			return nil, err
		}
		if ok {
			env = setVariable(env, kv)
		}
	}
	for _, key := range f.unsetEnv {
		if key == "" || strings.Contains(key, "=") {
			return nil, flagError("unset-env", fmt.Errorf("%q is no variable's name", key))
		}
		env = unsetVariable(env, key)
	}
	return env, nil
}

// variable is what --env asks for, as K=V. Not ok: K, which the caller has not set.
func variable(arg string) (kv string, ok bool, err error) {
	key, _, set := strings.Cut(arg, "=")
	if key == "" {
		return "", false, flagError("env", fmt.Errorf("%q: want K=V or K", arg))
	}
	if set {
		return arg, true, nil
	}
	value, ok := os.LookupEnv(key)
	return key + "=" + value, ok, nil
}

// setVariable puts K=V in place of all variables named K. It changes env.
func setVariable(env []string, kv string) []string {
	key, _, _ := strings.Cut(kv, "=")
	return append(unsetVariable(env, key), kv)
}

func unsetVariable(env []string, key string) []string {
	return slices.DeleteFunc(env, func(kv string) bool { return strings.HasPrefix(kv, key+"=") })
}

// extraFiles are the files of --keep-fd, at their numbers.
func (f *runFlags) extraFiles() ([]*os.File, error) {
	var files []*os.File
	for _, fd := range f.keepFDs {
		if fd < 3 {
			return nil, flagError("keep-fd", fmt.Errorf("%d: 0, 1 and 2 are always open; name one from 3 up", fd))
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 || fd > 1<<20 { // close-on-exec: it is usandbox's own
			return nil, flagError("keep-fd", fmt.Errorf("%d is not an open file descriptor", fd))
		}
		if len(files) > fd-3 && files[fd-3] != nil {
			continue
		}
		for len(files) <= fd-3 {
			files = append(files, nil)
		}
		files[fd-3] = os.NewFile(uintptr(fd), "fd")
	}
	return files, nil
}

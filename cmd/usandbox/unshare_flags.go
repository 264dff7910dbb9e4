package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/internal/procfs"
	"github.com/usandbox/usandbox/userns"
)

// unshareFlags are the flags of usandbox unshare, those of unshare(1).
type unshareFlags struct {
	set  *pflag.FlagSet
	spec unshareSpec

	users, groups idRequest
	keepCaps      bool
	err           error // of a flag without an argument
}

// absent is what a flag with an optional argument gets when there is none. No
// argument of a process can be that.
const absent = "\x00"

// kindFlags are the flags for namespaces.
var kindFlags = [...]struct {
	name, short string
	kind        userns.Kind
}{
	{"ipc", "i", userns.IPC}, {"mount", "m", userns.Mount}, {"net", "n", userns.Network}, {"pid", "p", userns.PID},
	{"uts", "u", userns.UTS}, {"user", "U", userns.User}, {"cgroup", "C", userns.Cgroup}, {"time", "T", userns.Time},
}

func newUnshareFlags() *unshareFlags {
	f := &unshareFlags{set: pflag.NewFlagSet("unshare", pflag.ContinueOnError)}
	s, spec := f.set, &f.spec
	f.users, f.groups = newIDRequest(idmap.UID), newIDRequest(idmap.GID)
	s.SetInterspersed(false)
	s.Usage = func() {}
	for _, k := range kindFlags {
		f.optional(k.name, k.short, func(file string) error { return f.namespace(k.kind, file) })
	}
	s.BoolVarP(&spec.fork, "fork", "f", false, "")
	f.optional("mount-proc", "", func(dir string) error { return f.mount(&spec.proc, dir, "/proc") })
	f.optional("mount-binfmt", "", func(dir string) error {
		if dir == absent && spec.proc == "" {
			spec.proc = "/proc"
		}
		f.imply(userns.User)
		return f.mount(&spec.binfmt, dir, "/proc/sys/fs/binfmt_misc")
	})
	f.idFlags()
	s.Func("propagation", "", func(text string) (err error) {
		spec.propagation, err = userns.ParsePropagation(text)
		return err
	})
	f.optional("kill-child", "", func(text string) (err error) {
		spec.kill, err = signalNamed(text)
		spec.fork = true
		return err
	})
	s.BoolVar(&spec.forward, "forward-signals", false, "")
	s.BoolVar(&f.keepCaps, "keep-caps", false, "")
	s.FuncP("root", "R", "", nonEmpty(&spec.root))
	s.FuncP("wd", "w", "", nonEmpty(&spec.dir))
	s.FuncP("setuid", "S", "", number(&spec.uid))
	s.FuncP("setgid", "G", "", number(&spec.gid))
	s.Func("monotonic", "", seconds(&spec.monotonic))
	s.Func("boottime", "", seconds(&spec.uptime))
	return f
}

// optional declares a flag whose argument may be missing.
func (f *unshareFlags) optional(name, short string, set func(string) error) {
	f.set.FuncP(name, short, "", set)
	f.set.Lookup(name).NoOptDefVal = absent
}

// imply adds kinds of namespaces.
func (f *unshareFlags) imply(kinds ...userns.Kind) { f.spec.kinds |= userns.SetOf(kinds...) }

func (f *unshareFlags) namespace(k userns.Kind, file string) error {
	f.imply(k)
	switch file {
	case absent:
		return nil
	case "":
		return errors.New("the name of the file is empty")
	}
	f.spec.keep = append(f.spec.keep, kept{k, file})
	return nil
}

func (f *unshareFlags) mount(at *string, dir, usual string) error {
	f.imply(userns.Mount)
	switch dir {
	case absent:
		dir = usual
	case "":
		return errors.New("the name of the folder is empty")
	}
	*at = dir
	return nil
}

// parse reads the flags and the command behind them.
func (f *unshareFlags) parse(args []string) (*unshareSpec, error) {
	err := f.set.Parse(args)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Print(unshareHelp)
		return nil, errHelp
	}
	if err == nil {
		err = f.err
	}
	if err != nil {
		return nil, nearestFlag(f.set, err)
	}
	spec := &f.spec
	if spec.pid, err = procfs.Number(os.Getpid()); err != nil {
		return nil, hinted{fmt.Errorf("find the own process in /proc: %w", err), "mount -t proc proc /proc, or unshare -p with --mount-proc"}
	}
	spec.fork = spec.fork || spec.forward
	spec.setCommand(f.set.Args(), os.Environ())
	if err := f.setMaps(); err != nil {
		return nil, err
	}
	if f.keepCaps && spec.kinds.Has(userns.User) {
		if spec.keepCaps, err = caps.All(); err != nil {
			return nil, flagError("keep-caps", err)
		}
	}
	return spec, f.check()
}

// check refuses flags that do not go together, or that the kernel would refuse.
func (f *unshareFlags) check() error {
	s := &f.spec
	if list := s.offsets(); len(list) > 0 && !s.kinds.Has(userns.Time) {
		return hinted{flagError(list[0].flag, errors.New("it needs a new time namespace")), "add -T"}
	}
	if err := f.checkSetgroups(); err != nil {
		return err
	}
	return f.checkKept()
}

package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/usandbox/usandbox/mounts"
)

// fileFlag is a flag that appends entries to the file tree; the flags keep the
// order in which they stand on the command line.
type fileFlag struct {
	name, kind string
	flags      *runFlags
	parse      func(arg, origin string) (mounts.Entry, error)
}

func (f fileFlag) String() string { return "" }
func (f fileFlag) Type() string   { return f.kind }

func (f fileFlag) Set(arg string) error {
	e, err := f.parse(arg, "--"+f.name+" "+arg)
	if err == nil {
		e, err = f.flags.withPerms(e)
	}
	if err == nil {
		f.flags.files = append(f.flags.files, e)
	}
	return err
}

// fileFlags declares the flags about the file tree.
func fileFlags(set *pflag.FlagSet, f *runFlags) {
	add := func(name, kind, usage string, parse func(arg, origin string) (mounts.Entry, error)) {
		set.Var(fileFlag{name, kind, f, parse}, name, usage)
	}
	bind := func(name, usage string, base mounts.Bind) {
		for _, try := range []bool{false, true} {
			b := base
			b.Try = try
			add(name, "SRC[:DST]", usage, func(arg, origin string) (mounts.Entry, error) { return parseBind(b, arg, origin) })
			name, usage = name+"-try", "like --"+name+"; a missing SRC is no error"
		}
	}
	bind("ro", "show SRC, a path or a pattern, read-only (option: noexec)", mounts.Bind{})
	bind("rw", "show SRC, and let the command change it (option: noexec)", mounts.Bind{Writable: true})
	bind("dev-bind", "show SRC, and let device nodes in it work", mounts.Bind{Writable: true, Devices: true})
	add("overlay", "SRC[:DST]", "show SRC; what the command changes in it is kept in memory (options: upper=, work=, lower=, ro, noexec)", parseOverlay)
	add("tmpfs", "DST", "an empty folder in memory (options: size=, mode=, noexec)", parseTmpfs)
	add("proc", "DST", "a proc of the sandbox's own (options: subset=pid, hidepid=)", parseProc)
	add("dev", "DST", "minimal devices", at(func(dst, origin string) mounts.Entry {
		return mounts.Dev{Target: dst, Origin: origin}
	}))
	add("dir", "DST", "an empty folder", at(func(dst, origin string) mounts.Entry {
		return mounts.Dir{Target: dst, Origin: origin}
	}))
	add("hide", "PATH", "an empty file or folder over PATH, a path or a pattern", parseHide)
	add("mask", "PATH", "like --hide; a missing PATH is no error, and stays missing", here(func(dst, origin string) mounts.Entry {
		return mounts.Hide{Target: dst, Try: true, Origin: origin}
	}))
	add("remount-ro", "PATH", "make what is at PATH read-only", here(func(dst, origin string) mounts.Entry {
		return mounts.ReadOnly{Target: dst, Origin: origin}
	}))
	add("symlink", "TARGET:LINK", "a symlink LINK to TARGET", parseSymlink)
	add("file", "PATH=CONTENT", "a file with CONTENT, @FILE's, or that of a descriptor, fd:N (PATH:mode=M=CONTENT)", f.parseFile)
	add("bind-fd", "FD:DST", "show what descriptor FD has open, read-only (options: rw, noexec)", f.parseBindFD)
	set.Var(permsFlag{f}, "perms", "permission bits, octal, of the next --dir, --file or --tmpfs")
	add("chmod", "PATH:MODE", "set the mode of what earlier flags have made in the sandbox's own tree", parseChmod)
	add("mqueue", "DST", "the POSIX message queues of the sandbox", at(func(dst, origin string) mounts.Entry {
		return mounts.Mqueue{Target: dst, Origin: origin}
	}))
	add("sysfs", "DST", "a sysfs with the sandbox's network devices, read-only; it tells of the hardware", at(func(dst, origin string) mounts.Entry {
		return mounts.Sysfs{Target: dst, Origin: origin}
	}))
	add("cgroupfs", "DST", "the control groups below your own, read-only (option: rw)", parseCgroupfs)
}

func parseBind(b mounts.Bind, arg, origin string) (mounts.Entry, error) {
	s, err := parseSpec(arg, 2, "noexec")
	if err != nil {
		return nil, err
	}
	if b.NoExec, err = s.flag("noexec"); err != nil {
		return nil, err
	}
	b.Source, b.Target, err = s.sourceTarget()
	b.Origin = origin
	if raw := rawField(arg); err == nil && mounts.IsPattern(raw) && !b.Devices {
		return bindGlob(b, raw, s)
	}
	return b, err
}

func parseTmpfs(arg, origin string) (mounts.Entry, error) {
	s, err := parseSpec(arg, 1, "size", "mode", "noexec")
	if err != nil {
		return nil, err
	}
	m := mounts.Tmpfs{Target: s.fields[0], Origin: origin}
	if v, ok := s.options["size"]; ok {
		if m.Size, err = parseSize(v); err != nil {
			return nil, err
		}
	}
	if v, ok := s.options["mode"]; ok {
		if m.Mode, err = parseMode(v); err != nil {
			return nil, err
		}
	}
	m.NoExec, err = s.flag("noexec")
	return m, err
}

// at parses an argument that is one path in the sandbox. A colon in it needs no
// escape, but may have one.
func at(make func(dst, origin string) mounts.Entry) func(arg, origin string) (mounts.Entry, error) {
	return func(arg, origin string) (mounts.Entry, error) {
		dst := strings.Join(splitFields(arg), ":")
		if !filepath.IsAbs(dst) {
			return nil, fmt.Errorf("the destination %q is not absolute", dst)
		}
		return make(dst, origin), nil
	}
}

// here is at for a path that may be relative to the current folder, which the
// sandbox has at the same path.
func here(make func(dst, origin string) mounts.Entry) func(arg, origin string) (mounts.Entry, error) {
	return func(arg, origin string) (mounts.Entry, error) {
		dst, err := filepath.Abs(strings.Join(splitFields(arg), ":"))
		if err != nil {
			return nil, err
		}
		return make(dst, origin), nil
	}
}

func parseSymlink(arg, origin string) (mounts.Entry, error) {
	fields := splitFields(arg)
	if len(fields) != 2 || fields[0] == "" || !filepath.IsAbs(fields[1]) {
		return nil, fmt.Errorf("want TARGET:LINK, with LINK absolute")
	}
	return mounts.Symlink{Link: fields[0], Target: fields[1], Origin: origin}, nil
}

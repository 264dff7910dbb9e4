package bwrap

import (
	"strings"

	"github.com/usandbox/usandbox/caps"
)

func processOptions() []row {
	return []row{
		{"--chdir", option{args: 1, names: "DIR", one: "one argument", short: "the command's working folder", read: func(p *parser, a []string) error {
			p.onlyLast(p.Chdir != nil, "--chdir")
			p.Chdir = &a[1]
			return nil
		}}},
		{"--clearenv", option{short: "no environment, but for PWD", read: func(p *parser, _ []string) error { p.Env = nil; return nil }}},
		{"--setenv", option{args: 2, names: "VAR VALUE", short: "set a variable", read: func(p *parser, a []string) error {
			if !validName(a[1]) {
				return fail("setenv failed")
			}
			p.Env = setEnv(p.Env, a[1], a[2])
			return nil
		}}},
		{"--unsetenv", option{args: 1, names: "VAR", short: "unset a variable", read: func(p *parser, a []string) error {
			if !validName(a[1]) {
				return fail("unsetenv failed")
			}
			p.Env = unsetEnv(p.Env, a[1])
			return nil
		}}},
		{"--lock-file", option{args: 1, names: "DEST", short: "hold a read lock on DEST while the sandbox is there", read: func(p *parser, a []string) error {
			p.LockFiles = append(p.LockFiles, a[1])
			return nil
		}}},
		descriptor("--sync-fd", "keep FD open while the sandbox is there", func(p *parser) *int { return &p.SyncFD }),
		descriptor("--block-fd", "wait until something can be read from FD", func(p *parser) *int { return &p.BlockFD }),
		descriptor("--userns-block-fd", "leave the id maps to others, and wait for FD", func(p *parser) *int { return &p.UsernsBlock }),
		descriptor("--info-fd", "write process id and namespaces to FD", func(p *parser) *int { return &p.InfoFD }),
		descriptor("--json-status-fd", "write the same and the exit code to FD, a line each", func(p *parser) *int { return &p.StatusFD }),
		{"--seccomp", option{args: 1, names: "FD", short: "load the filter of system calls in FD", read: func(p *parser, a []string) error {
			if len(p.Filters) > 0 {
				return fail("--seccomp cannot be combined with --add-seccomp-fd")
			}
			return descriptor("--seccomp", "", func(p *parser) *int { return &p.SeccompFD }).read(p, a)
		}}},
		{"--add-seccomp-fd", option{args: 1, names: "FD", short: "the same; can be repeated", read: readFilter}},
		flag("--new-session", "a session of its own, without the terminal", func(p *parser) *bool { return &p.NewSession }),
		flag("--die-with-parent", "the command is killed when its parent dies", func(p *parser) *bool { return &p.DieWithParent }),
		flag("--as-pid-1", "the command is PID 1", func(p *parser) *bool { return &p.AsPID1 }),
		capability("--cap-add", "a capability that the command has", func(p *parser, c caps.Set) { p.Caps |= c }),
		capability("--cap-drop", "a capability that the command does not have", func(p *parser, c caps.Set) { p.Caps &^= c }),
		label("--exec-label"),
		label("--file-label"),
	}
}

func readFilter(p *parser, a []string) error {
	if p.SeccompFD != -1 {
		return fail("--add-seccomp-fd cannot be combined with --seccomp")
	}
	fd, ok := number(a[1])
	if !ok {
		return fail("Invalid fd: %s", a[1])
	}
	data, err := loadFilter(fd, p.caller.Load)
	p.Filters = append(p.Filters, data)
	return err
}

// loadFilter reads a filter of system calls: struct sock_filter each 8 bytes.
func loadFilter(fd int, load func(int) ([]byte, error)) ([]byte, error) {
	data, err := load(fd)
	switch {
	case err != nil:
		return nil, fail("Can't read seccomp data: %s", strerror(err))
	case len(data)%8 != 0:
		return nil, fail("Invalid seccomp data, must be multiple of 8")
	}
	return data, nil
}

func capability(name, short string, change func(*parser, caps.Set)) row {
	return row{name, option{args: 1, names: "CAP", short: short, read: func(p *parser, a []string) error {
		p.CapsChanged = true
		if strings.EqualFold(a[1], "all") {
			change(p, ^caps.Set(0))
			return nil
		}
		c, err := caps.Parse(a[1])
		if err != nil {
			return fail("unknown cap: %s", a[1])
		}
		change(p, c)
		return nil
	}}}
}

// label is an option about SELinux, which bubblewrap may be built without.
func label(name string) row {
	return row{name, option{args: 1, names: "LABEL", short: "refused: no SELinux", read: func(p *parser, _ []string) error {
		return fail("labeling not supported on this system")
	}}}
}

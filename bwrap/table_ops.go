package bwrap

import "strconv"

// bind is an option that binds a path.
func bind(name string, kind Kind, try bool, short string) row {
	return row{name, option{args: 2, names: "SRC DEST", short: short, read: func(p *parser, a []string) error {
		p.Ops = append(p.Ops, Op{Kind: kind, Source: a[1], Dest: a[2], Try: try, FD: -1})
		return nil
	}}}
}

// bindFD is an option that binds what a descriptor is open for.
func bindFD(name string, kind Kind, short string) row {
	return row{name, option{args: 2, names: "FD DEST", short: short, read: func(p *parser, a []string) error {
		fd, ok := number(a[1])
		if !ok {
			return fail("Invalid fd: %s", a[1])
		}
		p.Ops = append(p.Ops, Op{Kind: kind, Source: "/proc/self/fd/" + strconv.Itoa(fd), Dest: a[2], FD: fd})
		return nil
	}}}
}

// made is an option that makes something at a path, with mode bits unless mode is -1.
func made(name string, kind Kind, mode int, short string) row {
	return row{name, option{args: 1, names: "DEST", short: short, one: map[Kind]string{RemountRO: "one argument"}[kind], read: func(p *parser, a []string) error {
		op := Op{Kind: kind, Dest: a[1], FD: -1}
		if mode != -1 {
			op.Perms = p.takePerms(mode)
		}
		if kind == Tmpfs {
			op.Size, p.size = p.size, 0
		}
		p.Ops = append(p.Ops, op)
		return nil
	}}}
}

// filled is an option that makes a file of what a descriptor gives.
func filled(name string, kind Kind, mode int, short string) row {
	return row{name, option{args: 2, names: "FD DEST", short: short, read: func(p *parser, a []string) error {
		fd, ok := number(a[1])
		if !ok {
			return fail("Invalid fd: %s", a[1])
		}
		p.Ops = append(p.Ops, Op{Kind: kind, FD: fd, Dest: a[2], Perms: p.takePerms(mode)})
		return nil
	}}}
}

// overlay is an option that makes an overlay without a writable layer of the host's.
func overlay(name string, kind Kind, least int, word, short string) row {
	return row{name, option{args: 1, names: "DEST", short: short, read: func(p *parser, a []string) error {
		if len(p.layers) < least {
			return fail("%s requires at least %s --overlay-src", name, word)
		}
		p.Ops = append(p.Ops, Op{Kind: kind, Dest: a[1], FD: -1, Layers: p.takeLayers()})
		return nil
	}}}
}

package bwrap

import "bytes"

func generalOptions() []row {
	return []row{
		{"--help", option{short: "print this help", read: func(p *parser, _ []string) error { p.stop = showHelp; return nil }}},
		{"--version", option{short: "print the version of bubblewrap that this stands for", read: func(p *parser, _ []string) error { p.stop = showVersion; return nil }}},
		{"--args", option{args: 1, names: "FD", short: "read further arguments from FD, each ended by a NUL", read: readArgs}},
		{"--argv0", option{args: 1, names: "VALUE", one: "one argument", short: "what the command is told as its own name", read: func(p *parser, a []string) error {
			if p.Argv0 != nil {
				return fail("--argv0 used multiple times")
			}
			p.Argv0 = &a[1]
			return nil
		}}},
		flag("--level-prefix", "messages begin with their level, as <3>", func(p *parser) *bool { return &p.LevelPrefix }),
		flag("--not-a-security-boundary", "a mount whose attributes cannot be set is left as it is", func(p *parser) *bool { return &p.NotABoundary }),
	}
}

// readArgs reads the arguments in a file descriptor, as if they stood there.
func readArgs(p *parser, a []string) error {
	if p.fromFile {
		return fail("--args not supported in arguments file")
	}
	fd, ok := number(a[1])
	if !ok {
		return fail("Invalid fd: %s", a[1])
	}
	data, err := p.caller.Load(fd)
	if err != nil {
		return fail("Can't read --args data: %s", strerror(err))
	}
	var args []string
	for len(data) > 0 {
		arg, rest, _ := bytes.Cut(data, []byte{0})
		args, data = append(args, string(arg)), rest
		if p.total++; p.total > maxArgs {
			return fail("Exceeded maximum number of arguments %d", maxArgs)
		}
	}
	p.fromFile = true
	_, err = p.read(args) // what is left there is dropped
	p.fromFile = false
	return err
}

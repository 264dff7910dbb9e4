package bwrap

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usandbox/usandbox/caps"
)

// maxArgs bounds the arguments of one call, those of the command and of --args included.
const maxArgs = 9000

// Caller is what the arguments are read for.
type Caller struct {
	Env  []string                     // its environment
	Caps caps.Set                     // what the command has if no argument is about it
	Load func(fd int) ([]byte, error) // reads all of a file descriptor and closes it
	Warn func(level, text string)     // tells of an option that has no effect; nil: nobody
}

// parser is the state while arguments are read.
type parser struct {
	Options
	caller   Caller
	fromFile bool // they come from --args
	total    int

	perms  int      // of --perms; -1: none
	size   uint64   // of --size; 0: none
	layers []string // of --overlay-src
	stop   stop     // how reading ended before the command
}

// stop is a request that needs no sandbox.
type stop uint8

const (
	goOn stop = iota
	showHelp
	showVersion
)

// Parse reads arguments, without the program's own name. It touches nothing but what the
// caller's functions do. Help and version are told by the second result. What is wrong is an
// [*Error]; the options that were read until then are returned with it.
func Parse(args []string, caller Caller) (*Options, string, error) {
	p := &parser{caller: caller, total: len(args), perms: -1}
	p.Env = slices.Clone(caller.Env)
	p.Caps = caller.Caps
	for _, fd := range []*int{&p.Userns, &p.Userns2, &p.PIDNS, &p.SyncFD, &p.BlockFD, &p.UsernsBlock, &p.InfoFD, &p.StatusFD, &p.SeccompFD} {
		*fd = -1
	}
	p.UID, p.GID = -1, -1
	rest, err := p.read(args)
	if err == nil && p.stop == goOn && len(p.layers) > 0 {
		err = errLayers
	}
	p.Command = rest
	return &p.Options, [...]string{goOn: "", showHelp: "help", showVersion: "version"}[p.stop], err
}

func fail(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

var errLayers = fail("--overlay-src must be followed by another --overlay-src or one of --overlay, --tmp-overlay, or --ro-overlay")

// read reads options until something that is none, and returns what is left.
func (p *parser) read(args []string) ([]string, error) {
	if p.total > maxArgs {
		return nil, fail("Exceeded maximum number of arguments %d", maxArgs)
	}
	for len(args) > 0 {
		name := args[0]
		if name == "--" {
			return args[1:], nil
		}
		o, ok := options()[name]
		switch {
		case !ok && strings.HasPrefix(name, "-"):
			return nil, fail("Unknown option %s", name)
		case !ok:
			return args, nil
		case len(args) <= o.args:
			return nil, fail("%s takes %s", o.named(name), o.takes())
		}
		if err := o.read(p, args[:o.args+1]); err != nil || p.stop != goOn {
			return nil, err
		}
		if err := p.pending(name); err != nil {
			return nil, err
		}
		args = args[o.args+1:]
	}
	return args, nil
}

// pending refuses an option between one that modifies the next and that.
func (p *parser) pending(name string) error {
	modifier := name == "--perms" || name == "--size"
	switch {
	case !modifier && p.perms >= 0:
		return fail("--perms must be followed by an option that creates a file")
	case !modifier && p.size != 0:
		return fail("--size must be followed by --tmpfs")
	case name != "--overlay-src" && len(p.layers) > 0:
		return errLayers
	}
	return nil
}

// takePerms is what --perms said, or mode.
func (p *parser) takePerms(mode int) int {
	if p.perms >= 0 {
		mode = p.perms
	}
	p.perms = -1
	return mode
}

// takeLayers is what --overlay-src said, the last first.
func (p *parser) takeLayers() []string {
	layers := p.layers
	slices.Reverse(layers)
	p.layers = nil
	return layers
}

// onlyLast warns that an option was there before.
func (p *parser) onlyLast(before bool, name string) {
	if before && p.caller.Warn != nil {
		level := ""
		if p.LevelPrefix {
			level = "<4>"
		}
		p.caller.Warn(level, "Only the last "+name+" option will take effect")
	}
}

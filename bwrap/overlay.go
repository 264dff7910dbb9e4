package bwrap

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// overlay appends an overlayfs. Its layers are named by their real paths in the caller's
// tree, which is where its options lead as long as the tree is being made.
func (c *compiler) overlay(op *Op, rel string) {
	c.mountPoint(op)
	lower := make([]string, len(op.Layers))
	for i, name := range op.Layers {
		lower[i] = oldRoot + escaped(c.sources[name].path)
	}
	params := []string{"lowerdir", strings.Join(lower, ":")}
	switch op.Kind {
	case Overlay:
		params = append(params, "upperdir", oldRoot+escaped(c.sources[op.Source].path), "workdir", oldRoot+escaped(c.sources[op.Work].path))
	case TmpOverlay:
		n := strconv.Itoa(c.overlays)
		c.overlays++
		for _, part := range []struct{ option, name, words string }{{"upperdir", "tmp-overlay-upper-", "upperdir"}, {"workdir", "tmp-overlay-work-", "workdir"}} {
			c.say("Creating --tmp-overlay %s failed", part.words)
			c.Call(unix.SYS_MKDIRAT, unix.AT_FDCWD, "/"+part.name+n, 0o755)
			params = append(params, part.option, "/"+part.name+n)
		}
	}
	c.say("Can't make overlay mount on %s with options %s", shown(op.Dest), optionText(params))
	overlaps, done := c.Label("overlaps"), c.Label("overlaid")
	first := len(c.Steps())
	c.fresh("overlay", 0, append(params, "userxattr", "")...)
	for _, s := range c.Steps()[first:] {
		s.On(unix.ELOOP, overlaps)
	}
	c.attach(rel, false)
	c.Jump(done)
	c.Here(overlaps)
	c.Die("Can't make overlay mount on " + shown(op.Dest) + " with options " + optionText(params) + ": Overlay directories may not overlap")
	c.Here(done)
}

// escaped is a path as a value of a mount option of overlayfs.
func escaped(name string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `:`, `\:`).Replace(name)
}

// optionText are mount options as mount(2) takes them, for messages.
func optionText(params []string) string {
	var list []string
	for i := 0; i < len(params); i += 2 {
		list = append(list, params[i]+"="+params[i+1])
	}
	return strings.Join(append(list, "userxattr"), ",")
}

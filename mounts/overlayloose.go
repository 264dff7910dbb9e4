package mounts

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// compileLoose is compile in a loose tree: the layers are named by their real paths in the
// host's tree, which is where mount options lead as long as the tree is being made, and
// where mountinfo shows them.
func (o Overlay) compileLoose(t *tree) error {
	real := map[string]string{}
	for _, dir := range slices.Concat(o.writes(), o.Lower) {
		name, _, err := t.source(dir)
		if err != nil {
			return err
		}
		real[dir] = "/" + t.base.old + name
	}
	var memory []string
	if o.Upper == "" && !o.ReadOnly {
		memory = []string{"upperdir", o.inBase(t, "upper"), "workdir", o.inBase(t, "work")}
		t.loose.layers++
	}
	options := o.looseOptions(real, memory)
	shown := optionText(options)
	t.loose.detail = shown
	at, err := t.prepare(o.Target, false)
	if err != nil {
		return err
	}
	t.doing(StageMount, shown, "")
	overlap, done := t.p.Label("overlaps"), t.p.Label("overlaid")
	first := len(t.p.Steps())
	fresh := func(options []string) []*launch.Step {
		t.freshWith("overlay", []string{"userxattr"}, attributes{none: true}, options...)
		for _, s := range t.p.Steps()[first:] {
			s.On(unix.ELOOP, overlap)
		}
		return t.p.Steps()[first:]
	}
	if steps := fresh(options); strings.Contains(strings.Join(options, ""), ",") {
		t.withoutCommas(steps, real, func() { first = len(t.p.Steps()); fresh(o.looseOptions(real, memory)) })
	}
	t.moveTo(at)
	t.p.Close(t.tree)
	t.p.Jump(done)
	t.p.Here(overlap)
	t.p.Die(t.loose.words(StageOverlap, shown))
	t.p.Here(done)
	t.mounted(at.path, node{kind: foreign})
	return nil
}

// looseOptions are the mount options with the layers' names.
func (o Overlay) looseOptions(real map[string]string, memory []string) []string {
	var lower []string
	for _, dir := range o.Lower {
		lower = append(lower, layerEscapes.Replace(real[dir]))
	}
	options := append([]string{"lowerdir", strings.Join(lower, ":")}, memory...)
	if o.Upper != "" {
		options = append(options, "upperdir", layerEscapes.Replace(real[o.Upper]), "workdir", layerEscapes.Replace(real[o.Work]))
	}
	return options
}

// withoutCommas appends what is done where fsconfig(2) takes no comma, before Linux 6.5: the
// layers are mounted again, by symlinks to them.
func (t *tree) withoutCommas(steps []*launch.Step, real map[string]string, again func()) {
	comma, done := t.p.Label("comma"), t.p.Label("mounted")
	for _, s := range steps {
		s.On(unix.EINVAL, comma)
	}
	t.p.Jump(done)
	t.p.Here(comma)
	t.p.Close(t.fs)
	for _, dir := range slices.Sorted(maps.Keys(real)) {
		if strings.Contains(real[dir], ",") {
			link := "/tmp-overlay-link-" + strconv.Itoa(t.loose.links)
			t.loose.links++
			t.p.Call(unix.SYS_SYMLINKAT, real[dir], unix.AT_FDCWD, link)
			real[dir] = link
		}
	}
	again()
	t.p.Here(done)
}

// inBase makes a folder for what is written to memory.
func (o Overlay) inBase(t *tree, kind string) string {
	name := "/tmp-overlay-" + kind + "-" + strconv.Itoa(t.loose.layers)
	t.doing(StageLayers, kind+"dir", "")
	t.p.Call(unix.SYS_MKDIRAT, unix.AT_FDCWD, name, 0o755)
	return name
}

// layerEscapes make a path a value of a mount option of overlayfs.
var layerEscapes = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `:`, `\:`)

// optionText are mount options as mount(2) takes them, for messages.
func optionText(options []string) string {
	var list []string
	for i := 0; i < len(options); i += 2 {
		list = append(list, options[i]+"="+options[i+1])
	}
	return strings.Join(append(list, "userxattr"), ",")
}

package mounts

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
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
		real[dir] = "/" + t.base.old + layerEscapes.Replace(name)
	}
	var lower []string
	for _, dir := range o.Lower {
		lower = append(lower, real[dir])
	}
	options := []string{"lowerdir", strings.Join(lower, ":")}
	switch {
	case o.ReadOnly:
	case o.Upper == "":
		options = append(options, "upperdir", o.inBase(t, "upper"), "workdir", o.inBase(t, "work"))
		t.loose.layers++
	default:
		options = append(options, "upperdir", real[o.Upper], "workdir", real[o.Work])
	}
	shown := optionText(options)
	t.loose.detail = shown
	at, err := t.prepare(o.Target, false)
	if err != nil {
		return err
	}
	t.doing(StageMount, shown, "")
	overlap, done := t.p.Label("overlaps"), t.p.Label("overlaid")
	first := len(t.p.Steps())
	t.freshWith("overlay", []string{"userxattr"}, attributes{none: true}, options...)
	for _, s := range t.p.Steps()[first:] {
		s.On(unix.ELOOP, overlap)
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

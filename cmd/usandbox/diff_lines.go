package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cow"
)

// printChanges prints a line for each change, and the sum. What was renamed is one
// line; so is a deleted folder, or a renamed one, with all that was in it.
func printChanges(out *painter, run *cow.Run, changes []cow.Change) {
	layer := -1
	for i := 0; i < len(changes); i++ {
		c := &changes[i]
		if c.Layer != layer && len(run.Layers) > 1 {
			layer = c.Layer
			out.paint(bold, printable(run.Layers[layer].Dir)+":")
			out.WriteByte('\n')
		}
		if c.Kind == cow.Deleted && c.To != "" {
			continue
		}
		end := below(changes, i)
		within := 0
		switch {
		case c.Kind == cow.Deleted && c.Old.Type() == unix.S_IFDIR:
			for _, d := range changes[i+1 : end] {
				if d.To == "" {
					within++
				}
			}
		case c.From != "" && c.New.Type() == unix.S_IFDIR:
			within = end - i - 1
		default:
			end = i + 1
		}
		printChange(out, c, within)
		i = end - 1
	}
	out.WriteString(sumOf(changes) + "\n")
}

// below is the index behind the last change in the folder of change i.
func below(changes []cow.Change, i int) int {
	j := i + 1
	for j < len(changes) && changes[j].Layer == changes[i].Layer && strings.HasPrefix(changes[j].Path, changes[i].Path+"/") {
		j++
	}
	return j
}

func printChange(out *painter, c *cow.Change, within int) {
	letter, color := string(rune(c.Kind)), map[cow.Kind]string{
		cow.Added: green, cow.Deleted: red, cow.Modified: yellow, cow.Replaced: yellow, cow.Unknown: red,
	}[c.Kind]
	name := nameOf(c)
	if c.From != "" {
		letter, color = "R", cyan
		name = printable(c.From) + " => " + name
	}
	out.paint(color, letter+"  "+name)
	if c.New.Type() == unix.S_IFLNK && c.Kind != cow.Modified {
		out.WriteString(" -> " + printable(c.New.Target))
	}
	words := wordsOf(c)
	if within > 0 {
		words = append(words, fmt.Sprintf("with %d in it", within))
	}
	if len(words) > 0 {
		out.WriteString("  (" + strings.Join(words, ", ") + ")")
	}
	if c.Conflict != "" {
		out.paint(red, "  ! "+printable(c.Conflict))
	}
	out.WriteByte('\n')
}

// nameOf is the path, with a slash behind a folder's.
func nameOf(c *cow.Change) string {
	name := printable(c.Path)
	if c.New.Type() == unix.S_IFDIR || c.Kind == cow.Deleted && c.Old.Type() == unix.S_IFDIR {
		name += "/"
	}
	return name
}

// wordsOf say what the letter and the name do not.
func wordsOf(c *cow.Change) (words []string) {
	switch {
	case c.Kind == cow.Replaced:
		words = append(words, cow.TypeName(c.Old.Mode)+" -> "+cow.TypeName(c.New.Mode))
	case c.Kind == cow.Added:
		switch c.New.Type() {
		case unix.S_IFREG, unix.S_IFDIR, unix.S_IFLNK:
		default:
			words = append(words, cow.TypeName(c.New.Mode))
		}
	}
	if c.Kind == cow.Added || c.Kind == cow.Replaced {
		switch bits := c.New.Mode & 0o7777; {
		case c.New.Type() == unix.S_IFREG && bits&(unix.S_ISUID|unix.S_ISGID) != 0:
			words = append(words, fmt.Sprintf("mode %o", bits))
		case c.New.Type() == unix.S_IFREG && bits&0o111 != 0:
			words = append(words, "executable")
		}
	}
	if c.What&cow.Mode != 0 {
		words = append(words, fmt.Sprintf("mode %03o -> %03o", c.Old.Mode&0o7777, c.New.Mode&0o7777))
	}
	if c.What&cow.Symlink != 0 {
		words = append(words, "symlink "+printable(c.Old.Target)+" -> "+printable(c.New.Target))
	}
	for _, x := range c.Xattrs {
		sign := ""
		switch {
		case x.Old == nil:
			sign = "+"
		case x.New == nil:
			sign = "-"
		}
		words = append(words, "xattr "+sign+printable(x.Name))
	}
	return words
}

// sumOf is the last line.
func sumOf(changes []cow.Change) string {
	if len(changes) == 0 {
		return "no changes"
	}
	var added, modified, deleted, replaced, renamed, unknown, conflicts int
	for i := range changes {
		c := &changes[i]
		if c.Conflict != "" {
			conflicts++
		}
		switch {
		case c.From != "":
			renamed++
		case c.To != "":
		case c.Kind == cow.Added:
			added++
		case c.Kind == cow.Deleted:
			deleted++
		case c.Kind == cow.Replaced:
			replaced++
		case c.Kind == cow.Unknown:
			unknown++
		default:
			modified++
		}
	}
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{
		{added, "added"}, {modified, "modified"}, {deleted, "deleted"}, {replaced, "of another type"},
		{renamed, "renamed"}, {unknown, "not readable"}, {conflicts, "in conflict with the host"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	return strings.Join(parts, ", ")
}

// whereIs is the path of a change on the host.
func whereIs(run *cow.Run, c *cow.Change) string {
	return filepath.Join(run.Layers[c.Layer].Dir, c.Path)
}

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cow"
)

// maxPatched is how long a file may be of which a unified diff is made.
const maxPatched = 4 << 20

// printPatch prints what patch -p1 and git apply take, with git's extended headers.
// What neither can take is a line that begins with #, which both skip.
func printPatch(out *painter, view *cow.Review, changes []cow.Change) error {
	layer := -1
	for _, c := range patchOrder(changes) {
		if c.Layer != layer && len(view.Run.Layers) > 1 {
			layer = c.Layer
			note(out, "the folder %s:", printable(view.Run.Layers[layer].Dir))
		}
		if c.Conflict != "" {
			note(out, "%s: %s", printable(c.Path), printable(c.Conflict))
		}
		if err := patchOf(out, view, c); err != nil {
			return fmt.Errorf("%s: %w", c.Path, err)
		}
	}
	return nil
}

// patchOrder has what was in a folder before what takes the folder's place.
func patchOrder(changes []cow.Change) (list []*cow.Change) {
	for i := 0; i < len(changes); i++ {
		c := &changes[i]
		if c.Kind == cow.Replaced && c.Old.Type() == unix.S_IFDIR {
			for end := below(changes, i); i+1 < end; i++ {
				list = append(list, &changes[i+1])
			}
		}
		list = append(list, c)
	}
	return list
}

// note writes a line that is no part of the patch.
func note(out *painter, format string, args ...any) {
	out.paint(bold, "# "+fmt.Sprintf(format, args...))
	out.WriteByte('\n')
}

func patchOf(out *painter, view *cow.Review, c *cow.Change) error {
	for _, x := range c.Xattrs {
		note(out, "%s: attribute %s: %q -> %q", printable(c.Path), printable(x.Name), x.Old, x.New)
	}
	if c.To != "" { // it is in the other half
		return nil
	}
	old, new := inPatch(c.Old), inPatch(c.New)
	if !old && c.Old.Mode != 0 || !new && c.New.Mode != 0 {
		switch words := strings.Join(wordsOf(c), ", "); {
		case c.Kind == cow.Added:
			note(out, "%s: new %s, mode %03o", nameOf(c), cow.TypeName(c.New.Mode), c.New.Mode&0o7777)
		case c.Kind == cow.Deleted:
			note(out, "%s: %s deleted", nameOf(c), cow.TypeName(c.Old.Mode))
		case words != "":
			note(out, "%s: %s", nameOf(c), words)
		}
	}
	switch {
	case c.From != "" && new:
		header(out, c.From, c.Path)
		fmt.Fprintf(out, "similarity index 100%%\nrename from %s\nrename to %s\n", quoted(c.From), quoted(c.Path))
	case c.Kind == cow.Replaced || c.What&cow.Symlink != 0: // as two, like git for types
		if old {
			if err := patchFile(out, view, c, true, false); err != nil {
				return err
			}
		}
		if new {
			return patchFile(out, view, c, false, true)
		}
	case old || new:
		return patchFile(out, view, c, old, new)
	}
	return nil
}

// inPatch reports whether a patch can have it.
func inPatch(i cow.Info) bool { return i.Type() == unix.S_IFREG || i.Type() == unix.S_IFLNK }

// gitMode is the mode as git has it.
func gitMode(i cow.Info) string {
	switch {
	case i.Type() == unix.S_IFLNK:
		return "120000"
	case i.Mode&0o100 != 0:
		return "100755"
	}
	return "100644"
}

func header(out *painter, old, new string) {
	out.paint(bold, "diff --git "+quoted("a/"+old)+" "+quoted("b/"+new))
	out.WriteByte('\n')
}

func patchFile(out *painter, view *cow.Review, c *cow.Change, old, new bool) error {
	before, after := blob{text: true}, blob{text: true} // what is not there is empty
	var err error
	if old {
		if before, err = read(c.Old, func() (*os.File, error) { return view.Old(c) }); err != nil {
			return err
		}
	}
	if new {
		if after, err = read(c.New, func() (*os.File, error) { return view.New(c) }); err != nil {
			return err
		}
	}
	if !before.text || !after.text {
		if c.What == 0 || c.What&cow.Content != 0 {
			note(out, "%s: %s -> %s", printable(c.Path), before, after)
		}
		if old && new && c.What&cow.Mode != 0 {
			note(out, "%s: mode %03o -> %03o", printable(c.Path), c.Old.Mode&0o7777, c.New.Mode&0o7777)
		}
		return nil
	}
	body := diff.Diff("a", before.bytes, "b", after.bytes)
	modes := old && new && gitMode(c.Old) != gitMode(c.New)
	if old && new && c.What&cow.Mode != 0 && (!modes || (c.Old.Mode^c.New.Mode)&0o7777&^0o111 != 0) {
		note(out, "%s: mode %03o -> %03o", printable(c.Path), c.Old.Mode&0o7777, c.New.Mode&0o7777)
	}
	if body == nil && old && new && !modes {
		return nil
	}
	header(out, c.Path, c.Path)
	from, to := "a/"+c.Path, "b/"+c.Path
	switch {
	case !old:
		fmt.Fprintf(out, "new file mode %s\n", gitMode(c.New))
		from = ""
	case !new:
		fmt.Fprintf(out, "deleted file mode %s\n", gitMode(c.Old))
		to = ""
	case modes:
		fmt.Fprintf(out, "old mode %s\nnew mode %s\n", gitMode(c.Old), gitMode(c.New))
	}
	if body == nil {
		return nil
	}
	fmt.Fprintf(out, "--- %s\n+++ %s\n", fileLine(from), fileLine(to))
	for range 3 { // the library's header
		_, body, _ = bytes.Cut(body, []byte("\n"))
	}
	for line := range bytes.Lines(body) {
		printLine(out, string(line))
	}
	return nil
}

// printLine prints a line of a hunk. On a terminal nothing in it is obeyed.
func printLine(out *painter, line string) {
	text := strings.TrimSuffix(line, "\n")
	color := map[byte]string{'+': green, '-': red, '@': cyan}[text[0]]
	if out.terminal {
		parts := strings.Split(text, "\t")
		for i := range parts {
			parts[i] = printable(parts[i])
		}
		text = strings.Join(parts, "\t")
	}
	out.paint(color, text)
	out.WriteByte('\n')
}

// fileLine is a name in a line --- or +++.
func fileLine(name string) string {
	if name == "" {
		return "/dev/null"
	}
	return quoted(name)
}

// quoted is a name as git writes it, in C's quotes if something in it is not printable;
// here also if there is a space: patch(1) would take "Makefile " for "Makefile".
func quoted(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	if b.String() == name && !strings.Contains(name, " ") {
		return name
	}
	return `"` + b.String() + `"`
}

// blob is what a file, or the text of a symlink, is in a patch.
type blob struct {
	text  bool // bytes are all of it
	bytes []byte
	size  int64
	hash  string
	why   string // there is no hash
}

func (b blob) String() string {
	if b.text && b.bytes == nil {
		return "nothing"
	}
	if b.hash == "" {
		return fmt.Sprintf("%d bytes, %s", b.size, cmp.Or(b.why, "not readable"))
	}
	return fmt.Sprintf("%d bytes, SHA-256 %s", b.size, b.hash)
}

// holes reports whether less than half of a long file is on disk.
func holes(f *os.File) bool {
	var st unix.Stat_t
	return unix.Fstat(int(f.Fd()), &st) == nil && st.Size > maxPatched && st.Blocks < st.Size/512/2
}

// read reads a file. Without one, it is an empty text.
func read(i cow.Info, open func() (*os.File, error)) (blob, error) {
	if i.Type() == unix.S_IFLNK {
		return blob{text: true, bytes: []byte(i.Target)}, nil
	}
	f, err := open()
	if errors.Is(err, fs.ErrPermission) {
		return blob{size: i.Size}, nil
	}
	if err != nil {
		return blob{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPatched+1))
	if err != nil {
		return blob{}, err
	}
	b := blob{text: len(text) <= maxPatched && bytes.IndexByte(text, 0) < 0, bytes: text, size: i.Size}
	if b.bytes == nil {
		b.bytes = []byte{}
	}
	if holes(f) { // reading terabytes of nothing takes hours
		b.why = "most of them holes"
		return b, nil
	}
	b.hash, err = cow.Hash(io.MultiReader(bytes.NewReader(text), f))
	return b, err
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/usandbox/usandbox/cow"
)

// jsonChange is a change in JSON. A name or text that is not UTF-8 has U+FFFD for what
// is not, and stands beside with the ending _base64, byte for byte.
type jsonChange struct {
	Kind       string      `json:"kind"`
	Path       string      `json:"path"`
	PathBase64 []byte      `json:"path_base64,omitempty"`
	What       []string    `json:"what,omitempty"`
	From       string      `json:"from,omitempty"`
	FromBase64 []byte      `json:"from_base64,omitempty"`
	To         string      `json:"to,omitempty"`
	ToBase64   []byte      `json:"to_base64,omitempty"`
	Old        *jsonInfo   `json:"old,omitempty"`
	New        *jsonInfo   `json:"new,omitempty"`
	Xattrs     []jsonXattr `json:"xattrs,omitempty"`
	Conflict   string      `json:"conflict,omitempty"`
}

type jsonInfo struct {
	Type         string `json:"type"`
	Mode         string `json:"mode"` // octal
	Size         int64  `json:"size"`
	Target       string `json:"target,omitempty"`
	TargetBase64 []byte `json:"target_base64,omitempty"`
}

type jsonXattr struct {
	Name       string `json:"name"`
	NameBase64 []byte `json:"name_base64,omitempty"`
	Old        []byte `json:"old_base64,omitempty"`
	New        []byte `json:"new_base64,omitempty"`
}

type jsonLayer struct {
	Dir       string       `json:"dir"`
	DirBase64 []byte       `json:"dir_base64,omitempty"`
	Changes   []jsonChange `json:"changes"`
}

var kindNames = map[cow.Kind]string{
	cow.Added: "added", cow.Modified: "modified", cow.Deleted: "deleted", cow.Replaced: "type", cow.Unknown: "unknown",
}

var whatNames = []struct {
	what cow.What
	name string
}{{cow.Content, "content"}, {cow.Mode, "mode"}, {cow.Symlink, "symlink"}, {cow.Xattr, "xattr"}}

func printChangesJSON(w io.Writer, run *cow.Run, running bool, changes []cow.Change) error {
	all := struct {
		ID      string      `json:"id"`
		Running bool        `json:"running"`
		Layers  []jsonLayer `json:"layers"`
	}{ID: run.ID, Running: running}
	for _, l := range run.Layers {
		j := jsonLayer{Changes: []jsonChange{}}
		j.Dir, j.DirBase64 = jsonText(l.Dir)
		all.Layers = append(all.Layers, j)
	}
	for i := range changes {
		l := &all.Layers[changes[i].Layer]
		l.Changes = append(l.Changes, toJSON(&changes[i]))
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(all)
}

func toJSON(c *cow.Change) jsonChange {
	j := jsonChange{Kind: kindNames[c.Kind], Old: infoJSON(c.Old), New: infoJSON(c.New), Conflict: c.Conflict}
	j.Path, j.PathBase64 = jsonText(c.Path)
	j.From, j.FromBase64 = jsonText(c.From)
	j.To, j.ToBase64 = jsonText(c.To)
	for _, w := range whatNames {
		if c.What&w.what != 0 {
			j.What = append(j.What, w.name)
		}
	}
	for _, x := range c.Xattrs {
		name, exact := jsonText(x.Name)
		j.Xattrs = append(j.Xattrs, jsonXattr{name, exact, x.Old, x.New})
	}
	return j
}

func infoJSON(i cow.Info) *jsonInfo {
	if i.Mode == 0 {
		return nil
	}
	j := &jsonInfo{Type: cow.TypeName(i.Mode), Mode: fmt.Sprintf("%04o", i.Mode&0o7777), Size: i.Size}
	j.Target, j.TargetBase64 = jsonText(i.Target)
	return j
}

// jsonText is text for JSON and, if it is not UTF-8, its bytes.
func jsonText(text string) (string, []byte) {
	if utf8.ValidString(text) {
		return text, nil
	}
	return strings.ToValidUTF8(text, "\ufffd"), []byte(text)
}

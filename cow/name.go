package cow

import (
	"encoding/json"
	"unicode/utf8"
)

// name is a path or an argument as JSON: a string, or, where it is not UTF-8, {"base64": "..."}.
type name string

type bytesOf struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON implements json.Marshaler.
func (n name) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(n)) {
		return json.Marshal(string(n))
	}
	return json.Marshal(bytesOf{[]byte(n)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *name) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '{' {
		var b bytesOf
		err := json.Unmarshal(text, &b)
		*n = name(b.Base64)
		return err
	}
	var s string
	err := json.Unmarshal(text, &s)
	*n = name(s)
	return err
}

func toNames(list []string) []name {
	names := make([]name, len(list))
	for i, s := range list {
		names[i] = name(s)
	}
	return names
}

func fromNames(names []name) (list []string) {
	for _, n := range names {
		list = append(list, string(n))
	}
	return list
}

// The types of run.json: fields of the same names lie over those that are embedded.
type (
	plainRun  Run
	runOnDisk struct {
		*plainRun
		Command []name `json:"command"`
	}
	plainLayer  Layer
	layerOnDisk struct {
		*plainLayer
		Dir          name   `json:"dir"`
		Part         name   `json:"part,omitempty"`
		Placeholders []name `json:"placeholders,omitempty"`
	}
)

// MarshalJSON implements json.Marshaler.
func (r *Run) MarshalJSON() ([]byte, error) {
	return json.Marshal(runOnDisk{(*plainRun)(r), toNames(r.Command)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Run) UnmarshalJSON(text []byte) error {
	d := runOnDisk{plainRun: (*plainRun)(r)}
	err := json.Unmarshal(text, &d)
	r.Command = fromNames(d.Command)
	return err
}

// MarshalJSON implements json.Marshaler.
func (l *Layer) MarshalJSON() ([]byte, error) {
	return json.Marshal(layerOnDisk{(*plainLayer)(l), name(l.Dir), name(l.Part), toNames(l.Placeholders)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *Layer) UnmarshalJSON(text []byte) error {
	d := layerOnDisk{plainLayer: (*plainLayer)(l)}
	err := json.Unmarshal(text, &d)
	l.Dir, l.Part, l.Placeholders = string(d.Dir), string(d.Part), fromNames(d.Placeholders)
	return err
}

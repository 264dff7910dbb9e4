package cow

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// encode is the run as run.json: what json.Marshal makes of it, without the time that
// package json needs to look at types when it is used for the first time.
func (r *Run) encode() ([]byte, error) {
	w := &writer{}
	w.text(`{"id":`).name(r.ID).text(`,"command":`).names(r.Command)
	w.text(`,"started":"`)
	w.b = r.Started.AppendFormat(w.b, time.RFC3339Nano)
	w.text(`","pid":`).number(int64(r.PID)).text(`,"layers":[`)
	for i := range r.Layers {
		l := &r.Layers[i]
		if i > 0 {
			w.text(",")
		}
		w.text(`{"dir":`).name(l.Dir).text(`,"dev":`).id(l.Dev).text(`,"ino":`).id(l.Ino)
		w.text(`,"mode":`).id(uint64(l.Mode)).text(`,"mtime":`).time(l.Mtime)
		w.text(`,"placeholders":`).names(l.Placeholders)
		w.text(`,"part":`).name(l.Part).text(`,"split":`)
		w.b = strconv.AppendBool(w.b, l.Split)
		w.text("}")
	}
	w.text(`],"marker":`).time(r.Marker).text("}\n")
	return w.b, w.err
}

// writer appends JSON.
type writer struct {
	b   []byte
	err error
}

func (w *writer) text(s string) *writer  { w.b = append(w.b, s...); return w }
func (w *writer) number(n int64) *writer { w.b = strconv.AppendInt(w.b, n, 10); return w }
func (w *writer) id(n uint64) *writer    { w.b = strconv.AppendUint(w.b, n, 10); return w }

func (w *writer) time(t Time) *writer {
	return w.text(`{"sec":`).number(t.Sec).text(`,"nsec":`).number(t.Nsec).text("}")
}

func (w *writer) names(list []string) *writer {
	w.text("[")
	for i, s := range list {
		if i > 0 {
			w.text(",")
		}
		w.name(s)
	}
	return w.text("]")
}

// name appends a path or an argument. Most need no escapes.
func (w *writer) name(s string) *writer {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) {
		return w.text(`"`).text(s).text(`"`)
	}
	text, err := json.Marshal(name(s))
	if err != nil {
		w.err = err
	}
	w.b = append(w.b, text...)
	return w
}

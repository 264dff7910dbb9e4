package cow

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// Whatever is in a journal, what is read of it is about the run's layers.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"op":"temp","layer":0,"path":"YQ=="}` + "\n" + `{"op":"mode","layer":7}` + "\n" + `{"op":"swap","la`))
	f.Fuzz(func(t *testing.T, text []byte) {
		j := newJournal("")
		if j.parse(bytes.NewReader(text), 2) != nil {
			return
		}
		for key := range j.temps {
			if key.layer < 0 || key.layer > 1 {
				t.Errorf("layer %d", key.layer)
			}
		}
		for key := range j.modes {
			if key.layer < 0 || key.layer > 1 {
				t.Errorf("layer %d", key.layer)
			}
		}
	})
}

// A line that was not written to its end counts for nothing, and does not spoil the
// next one.
func TestTornLines(t *testing.T) {
	r := &Run{dir: t.TempDir(), Layers: make([]Layer, 1)}
	must(t, os.WriteFile(filepath.Join(r.dir, "journal"), []byte(`{"op":"clean","layer":0,"path":"YQ=="}`+"\n"+`{"op":"cle`), 0o600))
	j, err := readJournal(r)
	must(t, err)
	must(t, j.write(entry{Op: "clean", Path: []byte("b")}))
	j.close()
	j, err = readJournal(r)
	must(t, err)
	if !j.clean[folderKey{0, "a"}] || !j.clean[folderKey{0, "b"}] || len(j.clean) != 2 {
		t.Errorf("%v", j.clean)
	}

	l := &Layer{upper: filepath.Join(r.dir, "upper")}
	must(t, os.WriteFile(filepath.Join(r.dir, "modes"), []byte("\n12 700.\n\n13 6"), 0o600))
	m, err := readModes(l, true)
	must(t, err)
	st := unix.Stat_t{Ino: 12, Mode: unix.S_IFDIR | 0o755}
	m.fix(&st)
	if st.Mode != unix.S_IFDIR|0o700 || len(m.was) != 1 {
		t.Errorf("%o, %v", st.Mode, m.was)
	}
}

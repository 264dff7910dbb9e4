package cow

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// modes makes readable what the command has left without permissions in an upper
// folder. Before a mode is changed there, the one that the command gave is written
// to a file of the run, and stands from then on: nothing is to be put back, so a kill
// at any moment loses nothing. Inode numbers are the keys: nothing is made or removed
// in the upper folder of a run that has ended.
type modes struct {
	name string
	may  bool // the run has ended
	was  map[uint64]uint32
}

// readModes reads what was changed before.
func readModes(l *Layer, may bool) (*modes, error) {
	m := &modes{name: filepath.Join(filepath.Dir(l.upper), "modes"), may: may && os.Geteuid() != 0, was: map[uint64]uint32{}}
	f, err := os.Open(m.name)
	if os.IsNotExist(err) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		var ino uint64
		var mode uint32
		// The end mark tells a line that was not written to its end.
		if n, _ := fmt.Sscanf(scan.Text(), "%d %o.", &ino, &mode); n == 2 && scan.Text()[len(scan.Text())-1] == '.' {
			if _, before := m.was[ino]; !before {
				m.was[ino] = mode
			}
		}
	}
	return m, nil
}

// fix puts the command's mode into what was found.
func (m *modes) fix(st *unix.Stat_t) {
	if mode, ok := m.was[st.Ino]; ok {
		st.Mode = st.Mode&unix.S_IFMT | mode
	}
}

// open makes what fd refers to readable for its owner. st is what is really there.
func (m *modes) open(fd int, st *unix.Stat_t) error {
	need := uint32(0o400)
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		need = 0o500
	}
	if !m.may || st.Mode&need == need || int(st.Uid) != os.Geteuid() {
		return nil
	}
	if _, noted := m.was[st.Ino]; !noted {
		f, err := os.OpenFile(m.name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(f, "\n%d %o.\n", st.Ino, st.Mode&0o7777)
		if err := f.Close(); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		m.was[st.Ino] = st.Mode & 0o7777
	}
	return unix.Chmod(procFD(fd), st.Mode&0o7777|0o700)
}

package registry

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Entry is what is known of one sandbox.
type Entry struct {
	Name       string    `json:"name"`
	Command    []string  `json:"command"` // empty: the sandbox is held
	Started    time.Time `json:"started"`
	UID        uint32    `json:"uid"` // of the command, in the sandbox
	GID        uint32    `json:"gid"`
	Detached   bool      `json:"detached"`
	Supervisor Process   `json:"supervisor"`
	Outer      Process   `json:"outer"`
	Ended      *Ended    `json:"ended,omitempty"` // nil: it runs

	dir  string
	lock *os.File // of the process that has claimed it
}

// Ended is how a sandbox ended.
type Ended struct {
	At       time.Time `json:"at"`
	ExitCode int       `json:"exit_code"`
}

// Path is the path of a file in the entry's folder.
func (e *Entry) Path(name string) string { return filepath.Join(e.dir, name) }

func (e *Entry) load() error {
	text, err := os.ReadFile(e.Path("state.json"))
	if err != nil {
		return err
	}
	name := e.Name
	if err := json.Unmarshal(text, e); err != nil {
		return fmt.Errorf("%s: %w", e.Path("state.json"), err)
	}
	e.Name = name
	return nil
}

// Save writes the state, whole or not at all.
func (e *Entry) Save() error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	next := e.Path("state.json.new")
	if err := os.WriteFile(next, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(next, e.Path("state.json"))
}

// Release gives the entry back at the sandbox's end: it is removed, or kept as that
// of a sandbox that has ended.
func (e *Entry) Release(ended *Ended) error {
	defer e.lock.Close()
	if ended == nil {
		return os.RemoveAll(e.dir)
	}
	e.Ended = ended
	os.Remove(e.Path("control"))
	return e.Save()
}

// Alive reports whether the process that claimed the entry lives.
func (e *Entry) Alive() bool {
	if e.lock != nil {
		return true
	}
	lock, err := os.OpenFile(e.Path("lock"), os.O_RDWR|unix.O_NOFOLLOW, 0)
	if err != nil {
		return false
	}
	defer lock.Close()
	return unix.Flock(int(lock.Fd()), unix.LOCK_SH|unix.LOCK_NB) == unix.EWOULDBLOCK
}

package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Entry is what is known of one sandbox.
type Entry struct {
	Name       string    `json:"name"`
	Command    []string  `json:"command"` // empty: the sandbox is held
	Started    time.Time `json:"started"` // zero: it is being set up
	UID        uint32    `json:"uid"`     // of the command, in the sandbox
	GID        uint32    `json:"gid"`
	Detached   bool      `json:"detached"`
	Supervisor Process   `json:"supervisor"`
	Outer      Process   `json:"outer"`
	Ended      *Ended    `json:"ended,omitempty"` // nil: it runs

	registry *Registry
	dir      string
	folder   *os.File // the folder itself, of the process that has claimed it
	lock     *os.File // likewise
}

// Ended is how a sandbox ended.
type Ended struct {
	At       time.Time `json:"at"`
	ExitCode int       `json:"exit_code"`
}

// Path is the path of a file in the entry's folder, for reading.
func (e *Entry) Path(name string) string { return filepath.Join(e.dir, name) }

// At is a path of a file in the claimed folder that stays the same file whatever
// happens to the folder's own path, and is short enough for a socket, unix(7).
func (e *Entry) At(name string) string {
	return "/proc/self/fd/" + strconv.Itoa(int(e.folder.Fd())) + "/" + name
}

// create makes a file anew in the claimed folder. Nothing that lies there under the
// name is opened or followed.
func (e *Entry) create(name string) (*os.File, error) {
	dir := int(e.folder.Fd())
	for {
		if err := unix.Unlinkat(dir, name, 0); err != nil && err != unix.ENOENT {
			return nil, &os.PathError{Op: "remove", Path: e.Path(name), Err: err}
		}
		const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW | unix.O_CLOEXEC
		fd, err := unix.Openat(dir, name, flags, 0o600)
		switch err {
		case nil:
			return os.NewFile(uintptr(fd), e.Path(name)), nil
		case unix.EINTR, unix.EEXIST:
			continue
		}
		return nil, &os.PathError{Op: "create", Path: e.Path(name), Err: err}
	}
}

// open opens a file of the entry for reading, and follows no symlink that lies there
// under its name.
func (e *Entry) open(name string) (*os.File, error) {
	return os.OpenFile(e.Path(name), os.O_RDONLY|unix.O_NOFOLLOW, 0)
}

func (e *Entry) load() error {
	f, err := e.open("state.json")
	if err != nil {
		return err
	}
	defer f.Close()
	name := e.Name
	const most = 16 << 20
	if err := json.NewDecoder(io.LimitReader(f, most)).Decode(e); err != nil {
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
	const next = "state.json.new"
	f, err := e.create(next)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if e := f.Close(); err == nil {
		err = e
	}
	dir := int(e.folder.Fd())
	if err == nil {
		err = unix.Renameat(dir, next, dir, "state.json")
	}
	if err != nil {
		unix.Unlinkat(dir, next, 0)
	}
	return err
}

// Release gives the entry back at the sandbox's end: it is removed, or kept as that
// of a sandbox that has ended. Where there is no room for how it ended, the log goes.
func (e *Entry) Release(ended *Ended) error {
	defer e.lock.Close()
	defer e.folder.Close()
	if ended == nil {
		return e.registry.locked(func() error { return os.RemoveAll(e.dir) })
	}
	e.Ended = ended
	dir := int(e.folder.Fd())
	unix.Unlinkat(dir, "control", 0)
	err := e.Save()
	for _, name := range []string{"log.1", "log"} {
		if !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.EDQUOT) {
			break
		}
		unix.Unlinkat(dir, name, 0)
		err = e.Save()
	}
	return err
}

// Alive reports whether the process that claimed the entry lives. What cannot be told
// counts as alive: nothing of a living sandbox may be removed.
func (e *Entry) Alive() bool {
	if e.lock != nil {
		return true
	}
	lock, err := e.open("lock")
	if err != nil {
		return !errors.Is(err, os.ErrNotExist)
	}
	defer lock.Close()
	return unix.Flock(int(lock.Fd()), unix.LOCK_SH|unix.LOCK_NB) != nil
}

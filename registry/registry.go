package registry

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Registry is the folder of all sandboxes of the user that have names.
type Registry struct {
	dir string
}

// Open finds the folder, and makes it if it is not there: usandbox in
// $XDG_RUNTIME_DIR; without one, usandbox-UID in the system's folder for temporary
// files. It fails if the folder is not the user's own, or others may look into it.
func Open() (*Registry, error) { return OpenAt(Dir()) }

// Dir is the path of the folder, which need not be there.
func Dir() string {
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(runtime) {
		return filepath.Join(runtime, "usandbox")
	}
	temporary := os.TempDir()
	if !filepath.IsAbs(temporary) {
		temporary = "/tmp"
	}
	return filepath.Join(temporary, "usandbox-"+strconv.Itoa(os.Geteuid()))
}

// OpenAt is Open for a folder that is named.
func OpenAt(dir string) (*Registry, error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("make the folder for the state of sandboxes: %w", err)
	}
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return nil, &os.PathError{Op: "stat", Path: dir, Err: err}
	}
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFDIR:
		return nil, fmt.Errorf("%s is no folder", dir)
	case int(st.Uid) != os.Geteuid():
		return nil, fmt.Errorf("%s belongs to another user (%d)", dir, st.Uid)
	case st.Mode&0o077 != 0:
		return nil, fmt.Errorf("%s is open to other users (mode %#o)", dir, st.Mode&0o777)
	}
	return &Registry{dir}, nil
}

const (
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	maxName = 63
)

// CheckName says what is wrong with a sandbox's name: it has 1 to 63 ASCII letters,
// digits, '_', '-' and '.', and begins with a letter or digit.
func CheckName(name string) error {
	first := name != "" && strings.Contains(letters, name[:1])
	if !first || len(name) > maxName || strings.Trim(name, letters+"_.-") != "" {
		return fmt.Errorf("%q is no name of a sandbox: up to 63 letters, digits, '_', '-' and '.', a letter or digit first", name)
	}
	return nil
}

// NotFoundError says that there is no sandbox of a name.
type NotFoundError struct{ Name string }

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no sandbox named %s", e.Name) }

// TakenError says that a name belongs to a sandbox that runs.
type TakenError struct{ Entry *Entry }

func (e *TakenError) Error() string {
	return fmt.Sprintf("a sandbox named %s runs already, as process %d", e.Entry.Name, e.Entry.Supervisor.PID)
}

// locked calls f while no other process changes which folders there are.
func (r *Registry) locked(f func() error) error {
	lock, err := openLock(filepath.Join(r.dir, ".lock"))
	if err != nil {
		return err
	}
	defer lock.Close()
	for {
		if err = unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return os.NewSyscallError("flock", err)
	}
	return f()
}

func openLock(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
}

// Claim makes the entry of a new sandbox. What is left of one of that name that has
// ended is removed; if one runs, the error is a *[TakenError]. The entry is this
// process's until it ends or calls Release.
func (r *Registry) Claim(name string) (e *Entry, err error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	err = r.locked(func() error {
		if old := r.entry(name); old.Alive() {
			old.load()
			return &TakenError{old}
		}
		dir := filepath.Join(r.dir, name)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		e = r.entry(name)
		if err := e.take(); err != nil {
			return err
		}
		if e.Supervisor, err = ProcessOf(os.Getpid()); err != nil {
			return fmt.Errorf("look at the own process: %w", err)
		}
		return e.Save()
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// take opens and locks the folder of e, which has just been made.
func (e *Entry) take() (err error) {
	if e.folder, err = os.OpenFile(e.dir, unix.O_DIRECTORY|unix.O_NOFOLLOW, 0); err != nil {
		return err
	}
	file, err := e.create("lock")
	if err != nil {
		return err
	}
	// Somebody who looks whether it is held may hold it for a moment.
	for range 1000 {
		if err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != unix.EWOULDBLOCK && err != unix.EINTR {
			break
		}
		time.Sleep(time.Millisecond)
	}
	e.lock = file
	return os.NewSyscallError("flock", err)
}

// Get is the entry of a name; a *[NotFoundError] if there is none.
func (r *Registry) Get(name string) (*Entry, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	e := r.entry(name)
	err := e.load()
	if errors.Is(err, os.ErrNotExist) {
		return nil, &NotFoundError{name}
	}
	return e, err
}

func (r *Registry) entry(name string) *Entry {
	return &Entry{Name: name, registry: r, dir: filepath.Join(r.dir, name)}
}

// List is all entries, by name. What sandboxes that were killed have left is removed
// first; those that have ended by themselves are kept if they were detached.
func (r *Registry) List() (list []*Entry, err error) {
	err = r.locked(func() error {
		names, err := os.ReadDir(r.dir)
		if err != nil {
			return err
		}
		for _, n := range names {
			if CheckName(n.Name()) != nil {
				continue
			}
			e := r.entry(n.Name())
			alive, known := e.Alive(), e.load() == nil
			switch {
			case known && (alive || e.Ended != nil):
				list = append(list, e)
			case !alive:
				os.RemoveAll(e.dir)
			}
		}
		return nil
	})
	return list, err
}

// Clear removes the entry of a sandbox that does not run.
func (r *Registry) Clear(e *Entry) error {
	return r.locked(func() error {
		if e.Alive() {
			return &TakenError{e}
		}
		return os.RemoveAll(e.dir)
	})
}

package cow

import "golang.org/x/sys/unix"

// A file that comes to a path because a folder above it was renamed has an old ctime. So
// it is looked at whether folders were renamed. The attribute origin would tell which
// folder the command saw, but the kernel leaves it empty in a user namespace.

// enterMoved notes, until what it returns is called, that what is looked at lies in
// another folder than the command saw.
func (w *walker) enterMoved() func() {
	was := w.elsewhere
	w.elsewhere = true
	return func() { w.elsewhere = was }
}

// relocated reports whether a folder of the host may have been renamed since the run
// began. That sets its ctime only, as a new mode does; what comes and goes in it sets its
// mtime, too. If something did after it was renamed, that cannot be told.
func (w *walker) relocated(path string, st *unix.Stat_t) bool {
	changed := Time{st.Ctim.Sec, st.Ctim.Nsec}
	return changed.After(w.v.Run.Marker) && changed != (Time{st.Mtim.Sec, st.Mtim.Nsec}) && !w.v.journal.modal[folderKey{w.layer, path}]
}

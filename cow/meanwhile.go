package cow

import "golang.org/x/sys/unix"

// Why a change is a conflict.
const (
	changedOnHost = "it was changed on the host meanwhile"
	goneOnHost    = "it is gone on the host"
	newOnHost     = "it was made on the host meanwhile"
	movedOnHost   = "a folder that it is in was renamed, or got another mode, on the host meanwhile"
	keptBelow     = "something in it was made or changed on the host meanwhile"
)

// meanwhile is why what lies on the host may have been changed there since the run
// began; empty if it was not. The ctime of a folder tells nothing, as it changes with
// every name in it.
func (w *walker) meanwhile(st *unix.Stat_t) string {
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return ""
	}
	if w.elsewhere {
		return movedOnHost
	}
	t := Time{st.Ctim.Sec, st.Ctim.Nsec}
	if w.v.journal.touched[st.Ino] { // by Apply; a write would have set its mtime
		t = Time{st.Mtim.Sec, st.Mtim.Nsec}
	}
	if t.After(w.v.Run.Marker) {
		return changedOnHost
	}
	return ""
}

// clean reports whether nothing has come or gone in a folder of the host since the
// run began, but what Apply did.
func (w *walker) clean(path string, st *unix.Stat_t) bool {
	return w.v.journal.clean[folderKey{w.layer, path}] || !(Time{st.Mtim.Sec, st.Mtim.Nsec}).After(w.v.Run.Marker)
}

// made reports whether a folder was made after a time, where its file system tells.
func made(dir int, name string, after Time) bool {
	var st unix.Statx_t
	err := unix.Statx(dir, name, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BTIME, &st)
	return err == nil && st.Mask&unix.STATX_BTIME != 0 && (Time{st.Btime.Sec, int64(st.Btime.Nsec)}).After(after)
}

// vanished finds the files that came from the host, were not renamed, and are not
// there any more.
func (w *walker) vanished() {
	for _, o := range w.origins {
		if c := &w.out[o.index]; !o.clean && c.From == "" && !(c.inode != 0 && w.sources[c.inode]) {
			c.Conflict = goneOnHost
		}
	}
}

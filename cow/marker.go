package cow

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// mark sets the marker: what has a ctime after it was changed later than now.
//
// File systems take the time from a clock that ticks a few hundred times a second, so
// two changes in one tick look alike. From Linux 6.13 on a file that somebody has
// looked at gets the exact time at its next change, and no other file an earlier one after
// that. So the status file is looked at and changed. If its ctime is ahead of the
// clock, it is exact, and the marker is just before it. Else the marker is that tick, and
// the command has to wait for the next one, which is noted in the file.
func (r *Run) mark() error {
	fd := int(r.status.Fd())
	var st unix.Stat_t
	var now unix.Timespec
	err := unix.Fstat(fd, &st)
	if err == nil {
		err = unix.Fchmod(fd, 0o600)
	}
	if err == nil {
		err = unix.Fstat(fd, &st)
	}
	if err == nil {
		err = unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now)
	}
	if err != nil {
		return err
	}
	r.Marker = Time{st.Ctim.Sec, st.Ctim.Nsec}
	if r.Marker.After(Time{now.Sec, now.Nsec}) && st.Ctim.Nsec > 0 {
		r.Marker.Nsec--
		now = unix.Timespec{}
	}
	b := binary.LittleEndian.AppendUint64(nil, uint64(now.Sec))
	_, err = r.status.WriteAt(binary.LittleEndian.AppendUint64(b, uint64(now.Nsec)), TickOffset)
	return err
}

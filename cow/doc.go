// Package cow keeps copy-on-write runs: what a command changed in a folder that it
// saw through an overlay (kernel document filesystems/overlayfs.rst), until it is
// brought onto the host or thrown away.
//
// A run is a folder of its own in $XDG_STATE_HOME/usandbox/runs:
//
//	ID/run.json   what ran, when, and on which folders ([Run])
//	ID/status     the number of the sandbox's last process and the command's wait
//	              status, 8 bytes each, little-endian; locked (flock(2)) by who waits
//	ID/0/upper    what was changed in the first folder, as overlayfs writes it
//	ID/0/work     overlayfs's own
//	ID/0/modes    modes that the command gave to what had to be made readable
//	ID/journal    what [Run.Apply] is about to do on the host
//
// What is in an upper folder was written by a command that nobody trusts. The
// package must never: follow a symlink in it, or one of the host's out of the folder
// that a run is about, open what is no regular file or folder, or change anything on the
// host but by Apply.
package cow

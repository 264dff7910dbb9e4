// Package cache gives a sandbox the caches of build tools copy-on-write: what the
// host has is read, what the sandbox writes is kept in a layer of the project's own
// (kernel document filesystems/overlayfs.rst). So builds are fast, and neither the
// host's caches nor those of other projects can be poisoned.
//
// The layers are in $XDG_CACHE_HOME/usandbox/layers:
//
//	PROJECT/path      the project's folder; PROJECT is a hash of it,
//	                  and of its inode and the time it was made
//	PROJECT/N/lock    locked (flock(2)) as long as a sandbox uses the layers beside
//	                  it; the process id of one of ours that lives as long
//	PROJECT/N/boot    the boot of the machine in which they were used last
//	PROJECT/N/NAME/   upper and work folder of one cache
//
// Sandboxes of one project that run at once have different N. What is in a layer was
// written by a command that nobody trusts: nothing in it is opened but to be removed,
// and no symlink is followed.
package cache

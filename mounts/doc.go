// Package mounts builds the file tree of a sandbox: a list of entries, each of
// which compiles itself to steps of a [launch.Program].
//
// The steps run in a new mount namespace. They mount a private tmpfs, the base,
// and pivot into it: the host's tree is then base/old, and the sandbox's tree is
// a mount of its own on base/new. A source is opened from the one and a
// destination from the other by openat2(2) with RESOLVE_IN_ROOT, so that no
// symlink and no ".." leads out of either, and a detached clone of the source is
// moved onto exactly what was opened. At the end the process pivots into the new
// tree and detaches the base with all of the host.
//
// The package must never: create, change or remove anything in a file system
// that is not its own, resolve a path twice, pass a path of the host to a call
// that follows symlinks, or go on when an attribute that was asked for could not
// be set. Mount points are made only in file systems of the sandbox's own, and in
// overlays. The one function that changes the host is [Make]. A [Loose] tree is another
// matter: it makes, and follows, what it is told to, but never out of the new root.
//
// It follows mount_namespaces(7), openat2(2), open_tree(2), move_mount(2),
// mount_setattr(2), fsopen(2), pivot_root(2), statx(2), proc(5), sysfs(5), cgroups(7), mq_overview(7), devpts (kernel document
// filesystems/devpts.rst). Linux 5.12 or newer.
package mounts

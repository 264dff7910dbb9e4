// Package userns names the kinds of Linux namespaces, compiles creating and setting
// them up to steps of a [launch.Program], and tells which there are: those of a
// process ([Of]), all that the caller may see ([List]), and one that is held open
// ([Handle]).
//
// A user namespace is created first, by unshare(2) in a process that has been
// executed in the old one; the others are created by a process inside it and so
// belong to it. In a sandbox no other namespace is created; the bare ones of
// usandbox unshare may belong to the caller's user namespace. The package must never
// leave a namespace that was asked for uncreated. In what it tells it must never take
// one process for another that had its number before, or open a file that is no
// namespace.
//
// It follows namespaces(7), ioctl_ns(2), user_namespaces(7), pid_namespaces(7),
// network_namespaces(7), time_namespaces(7), uts_namespaces(7),
// cgroup_namespaces(7), mount_namespaces(7), unshare(1) and netdevice(7).
package userns

// Package userns names the kinds of Linux namespaces, and compiles creating and
// setting them up to steps of a [launch.Program].
//
// A user namespace is created first, by unshare(2) in a process that has been
// executed in the old one; the others are created by a process inside it and so
// belong to it. In a sandbox no other namespace is created; the bare ones of
// usandbox unshare may belong to the caller's user namespace. The package must never
// leave a namespace that was asked for uncreated.
//
// It follows namespaces(7), user_namespaces(7), pid_namespaces(7),
// network_namespaces(7), time_namespaces(7), uts_namespaces(7),
// cgroup_namespaces(7), mount_namespaces(7), unshare(1) and netdevice(7).
package userns

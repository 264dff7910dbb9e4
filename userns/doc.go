// Package userns names the kinds of Linux namespaces, and compiles creating and
// setting them up to steps of a [launch.Program].
//
// A user namespace is created first, by unshare(2) in a process that has been
// executed in the old one; the others are created by a process inside it and so
// belong to it. The package must never create a namespace that no user namespace
// of the sandbox owns, and never leave one that was asked for uncreated.
//
// It follows namespaces(7), user_namespaces(7), pid_namespaces(7),
// network_namespaces(7), time_namespaces(7), uts_namespaces(7),
// cgroup_namespaces(7) and netdevice(7).
package userns

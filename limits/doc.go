// Package limits bounds what a sandbox uses of the machine, by a cgroup of its own: memory,
// swap, processes, processor time, processors, input and output. It finds a cgroup in which
// the caller may make others, makes one, and reads what was used from it.
//
// It must never move a process that is not the caller's own, never write to a cgroup that
// was not delegated, never take a limit that cannot be had for one that is, and leave no
// cgroup behind.
//
// It follows cgroups(7), the kernel's Documentation/admin-guide/cgroup-v2.rst,
// Documentation/accounting/psi.rst, systemd's org.freedesktop.systemd1(5) and
// "Control Group APIs and Delegation" (https://systemd.io/CGROUP_DELEGATION).
package limits

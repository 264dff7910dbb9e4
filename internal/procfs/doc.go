// Package procfs reads the text of files in /proc/PID.
//
// Its parsers are plain functions of text. What a process says of itself, its name
// and its arguments, is handed on as it is and may hold any byte: whoever prints
// it has to escape it. The package must never guess at a line that it does not
// understand.
//
// It follows proc_pid_stat(5), proc_pid_status(5), proc_pid_cmdline(5),
// proc_pid_mountinfo(5), proc_pid_mounts(5), proc_pid_mountstats(5) and cgroups(7).
package procfs

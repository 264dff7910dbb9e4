// Package attrs sets what a process hands on to whatever it forks and executes, as
// steps of a [launch.Program]: the limit of core dumps, the execution domain, the
// score for being killed for want of memory, the ban on memory that becomes
// executable, resource limits, the nice value, the processors.
//
// Most are set before the command is forked, and hold for all that is forked beside it
// later; resource limits by each command for itself. The package must never lower what the caller has forbidden, and never take an
// attribute that cannot be had for one that is.
//
// It follows core(5), getrlimit(2), personality(2), setarch(8), proc_pid_oom_score_adj(5),
// PR_SET_MDWE(2const), setpriority(2) and sched_setaffinity(2).
package attrs

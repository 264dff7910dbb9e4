// Package registry keeps what is known of the sandboxes that have names: a folder
// for each, with its state, its lock, its control socket and its log, in a folder
// that is the user's alone.
//
//	$XDG_RUNTIME_DIR/usandbox/NAME/state.json   written atomically
//	                              /lock         locked (flock(2)) as long as the supervisor lives
//	                              /control      unix socket, while it runs
//	                              /log, /log.1  output of a detached sandbox
//
// A sandbox lives if its lock is held: the kernel gives a lock back when its holder
// dies, however that happens. The process id in the state counts only together
// with the start time, so that a number that was given to another process meanwhile
// is never signalled.
//
// The package must never follow a folder that somebody else owns or may write to,
// and never remove what belongs to a sandbox that lives. It knows nothing of what a
// sandbox is.
//
// It follows flock(2), proc_pid_stat(5) and the XDG Base Directory Specification.
package registry

// Package sandbox runs commands that are not trusted, as an ordinary user.
//
// It is shaped after os/exec: a [Cmd] is prepared by [Command], started, and
// waited for. What it may see and do is its [Policy], a plain value whose zero
// value allows nothing; presets such as [BuildPolicy] return one to start from.
//
// The package alone knows in which order the parts of a sandbox are made:
// it compiles a policy to a [launch.Program] from what [idmap], [userns], [mounts]
// and [caps] know of their own kernel interfaces. It must never weaken a policy
// that cannot be had: then nothing runs, and the error says which step failed.
//
// Importing it has no effect, no init hook is needed, and the calling program is
// never executed again. Everything may be called from many goroutines at once.
//
// It follows user_namespaces(7), namespaces(7), capabilities(7), credentials(7)
// and the order of set-up in docs/design.md. Linux 5.14 or newer.
package sandbox

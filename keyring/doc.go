// Package keyring gives a sandbox a session keyring of its own, as steps of a
// [launch.Program].
//
// A process inherits its session keyring, and with it the right to search the keys
// that its user has there: those of file systems, Kerberos tickets, login secrets. The
// user keyrings need nothing: each user namespace has its own. The package must never
// leave the caller's session keyring to a command that can reach it without a word.
//
// A key that grants its user more than to view it can be used by its number alone,
// whoever possesses it; only a system call filter keeps a command from that.
//
// It follows keyrings(7), session-keyring(7), keyctl(2) and
// keyctl_join_session_keyring(3).
package keyring

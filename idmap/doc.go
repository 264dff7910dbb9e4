// Package idmap describes the uid and gid maps of user namespaces, finds out
// which ids an administrator has delegated to a user, and has the set-user-id
// helpers newuidmap and newgidmap write maps that go beyond the caller's own id.
//
// A [Map] is a plain value: it can be parsed, printed, checked and compared
// without touching the system. Two functions act: [Delegated] reads the
// delegation, by getsubids or from /etc/subuid and /etc/subgid; [Install] runs
// newuidmap or newgidmap on a process that is already in its new namespace.
//
// What this package must never do:
//
//   - Read /etc/subgid by group. Its first field is the name or number of a
//     user, exactly as in /etc/subuid; keyed by group, it would hand out gids
//     that belong to somebody else.
//   - Widen a map silently. A range that is malformed, overlapping, overflowing
//     or not delegated is an error, never something nearby that would work.
//   - Call a shell, look a helper up in PATH, or pass the caller's environment
//     on to one.
//
// All arithmetic on ids is done in 64 bits: the end of a range does not always
// fit into 32. The id 4294967295 is (uid_t)-1, which the kernel uses for "no
// id"; it is in no valid range.
//
// See user_namespaces(7), subuid(5), subgid(5), newuidmap(1), newgidmap(1) and
// getsubids(1).
package idmap

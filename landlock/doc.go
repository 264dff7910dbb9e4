// Package landlock restricts what a process may do with files, TCP ports, abstract unix
// sockets and signals by a Landlock domain, which no process leaves and which every
// process that it makes is in. No privilege is needed but no_new_privs.
//
// A [Policy] is what is wanted. [Policy.Downgrade] says which [Ruleset] a kernel can have of
// it, and what is lost; it asks no kernel. [ABI] asks the running one. [Ruleset.Compile]
// appends the system calls to a [launch.Program].
//
// The package must never enforce less than a ruleset says without having told what is
// lost, never take a list that is empty for one that is not there, and never make two
// domains of one policy: processes in different domains are strangers, who can neither
// signal nor trace each other.
//
// The rights of a path are those of all rules for it and for the folders above it, through
// all mounts, together: a rule can add rights below another, but none can take any away.
//
// A domain that handles no file still refuses renames and links between folders (EXDEV) to
// whoever is in another one too that handles files.
//
// It follows landlock(7), landlock_create_ruleset(2), landlock_add_rule(2),
// landlock_restrict_self(2) and the kernel's Documentation/userspace-api/landlock.rst.
package landlock

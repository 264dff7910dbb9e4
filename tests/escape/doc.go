// Package escape holds the attack suite: programs that run in a sandbox, or
// beside one, and try to get at what they were not given.
//
// Each attack is a value of type attack, in the file of its subject: what it
// tries, the defence that has to stop it, and a function. The part that runs
// inside is this test binary itself, shown in the sandbox as /attack. It makes the
// raw system calls and reports every one that did not fail as it should; what has
// to be unchanged outside is compared there.
//
// Every attack is tried under each policy in policies_test.go: the default one for
// builds, the command as root in its own eyes, ranges of ids, every capability,
// further user namespaces, and no system call filter, behind which the other defences
// have to hold as well. What a policy gives away is said beside the attack
// and checked as well. When root runs the tests, everything runs twice: as root,
// and as a user without privilege.
//
// An attack must do no harm where its defence is missing, for that is when it is
// needed, and root runs it too. What belongs to the machine is opened and not
// written, or given the mode that it has; only what the scene made is changed. An
// attack that sends signals asks first whether it is in a PID namespace.
//
// Environment: USANDBOX_ESCAPE_ROUNDS is how often a race is run (short by
// default; 100000 is thorough).
package escape

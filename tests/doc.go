// Package tests holds the end-to-end tests: what the program does, seen from
// outside, by a user.
//
// Each file in testdata/script is one behaviour, a script in the language of
// [testscript]; its first line says which. A script begins in the folder
// $WORK/project, with the home folder $WORK/home. usandbox is first in PATH, in
// $BIN, beside probe, which asks the kernel what no common tool asks. Beside the
// commands and conditions of testscript a script may use:
//
//	exits CODE program [args...]   like exec; the exit code has to be CODE
//	ended CODE                     the same for the last background program, after wait;
//	                               128+N, as in a shell, if signal N ended it
//	signal NAME                    send a signal to the last background program
//	state LETTER                   wait until that program is in a state, as in ps
//	answers FILE PROGRAM [ARG ...] run a program of ours with a terminal; a line of FILE is typed when it asks, one that begins with < at once
//	appears FILE                   wait until a file exists and is not empty
//	descendant VARIABLE NAME       wait until that program, or one below it, is called NAME,
//	                               and set the variable to its process id
//	gone                           wait until nothing is left of what ran below
//	                               that program when it was sent its first signal
//	owned UID:GID FILE...          the files belong to these ids
//	serve KIND VARIABLE [ADDRESS] [ARG ...]
//	                               start a server of package servers for the rest of the
//	                               script, and set the variable to its port
//	heard VARIABLE [REGEXP]        that server was connected to, or heard what matches
//	reported FILE [FIELD=REGEXP | FIELD>NUMBER | !FIELD ...]
//	                               a file is a report, with these fields (a.b.0)
//	measured FILE [SAMPLE=REGEXP | SAMPLE>NUMBER | !SAMPLE ...]
//	                               a file is OpenMetrics text, with these samples
//	peak MIB                       the last background program has never used more memory
//
//	[root] [user]                  who runs the script
//	[subids]                       subordinate ids are delegated to the user, and
//	                               newuidmap and newgidmap are installed
//	[tun]                          the user can open /dev/net/tun, as most can
//	[binfmt]                       the kernel has binfmt_misc for user namespaces
//	[nsid]                         namespaces have unique ids
//	[landlock]                     the kernel has all of Landlock that sandboxes use (ABI 6)
//
// When root runs the tests, every script runs twice: as root, and as a user
// without privilege, one who has subordinate ids if there is one.
//
// Each file in testdata/world is such a script too, about the network. It runs in a
// world of its own, where usandbox is run on a machine with the addresses 11.0.0.1 and
// 2a0a::1, and a server can have every address of the world beyond. There is more:
//
//	name NAME ADDRESS[,ADDRESS...] ...
//	                               what the resolver answers, at first, the next time ...
//	asked [-only] REGEXP           it was asked for it: "A www.example"
//	crossed [-only] REGEXP         a packet left the machine: "udp 8.8.8.8:53"
//	link-resolv.conf               make /etc/resolv.conf a symlink into /run
//
// A test that cannot run says why: a script with skip, a test in Go by
// t.Skip("skip: ..."). Which reasons are accepted where is in skips.txt; the program
// report, run in continuous integration, fails for any other.
package tests

package main

// unshareHelp is what usandbox unshare --help prints.
const unshareHelp = `usandbox unshare [flags] [--] [command [args]]

Run a command in new namespaces, and nothing else: the primitive that the kernel
gives, with the flags of unshare(1). It is no sandbox: the command keeps the files,
the open file descriptors, the environment, the terminal and the session of the
caller. So a Ctrl-C reaches both, and the command can signal the caller's process
group and type into its terminal. For a command that is not trusted use usandbox run.

The default command is $SHELL, as a login shell, else /bin/sh. An ordinary user adds
-U, which makes a user namespace; mostly with -r.

Namespaces; with =FILE the namespace stays after the command, until FILE, which has to
exist, is unmounted. That is for those who may mount: root, or a user inside usandbox
unshare -U -r -m.
  -i, --ipc[=FILE]          System V IPC, POSIX message queues
  -m, --mount[=FILE]        mounts
  -n, --net[=FILE]          network: devices, addresses, ports; no device but lo, which is down
  -p, --pid[=FILE]          process ids. The command itself stays outside without -f; its first
                            child is PID 1, and after the end of that one no other can be forked
  -u, --uts[=FILE]          host and domain name
  -U, --user[=FILE]         user and group ids, capabilities
  -C, --cgroup[=FILE]       the root of the cgroups
  -T, --time[=FILE]         boot-time and monotonic clocks. Add -f: older kernels need it

User and group ids; each implies -U.
  -r, --map-root-user       be root inside: --map-user 0 --map-group 0
  -c, --map-current-user    be the same user and group inside
      --map-user USER       your own user id is USER inside, a number or name
      --map-group GROUP     your own group id is GROUP inside; setgroups(2) is denied
      --map-users SPEC      map user ids: IN:OUT:COUNT, repeatable; auto: the first block of
                            your subordinate ids, on 0; subids: that block, on itself; all:
                            every id there is, on itself. With --map-user that one has its place
      --map-groups SPEC     map group ids, likewise
      --map-auto            --map-users auto --map-groups auto
      --map-subids          --map-users subids --map-groups subids
      --owner UID:GID       for root: who owns the user namespace
      --setgroups allow|deny  whether setgroups(2) is allowed inside
      --keep-caps           the command has every capability inside, also if it is not root there
  -S, --setuid UID          become that user inside
  -G, --setgid GID          become that group inside, and drop the others where that is allowed

Files
      --mount-proc[=DIR]    mount a proc on DIR, or /proc; implies -m. Add -p -f
      --mount-binfmt[=DIR]  mount a binfmt_misc on DIR, or /proc/sys/fs/binfmt_misc after
                            --mount-proc; implies -U -m. Linux 6.7
      --propagation private|slave|shared|unchanged
                            what mounts inside and outside see of each other; default private:
                            nothing. shared and unchanged may show outside what is mounted inside
  -R, --root DIR            change the root to DIR. This confines nobody who is root
  -w, --wd DIR              change the working directory to DIR, in the new root

Processes
  -f, --fork                run the command as a child. The parent ignores SIGINT and SIGTERM
      --forward-signals     the parent passes SIGINT and SIGTERM on to the command; implies -f.
                            A command that is PID 1 gets only what it handles
      --kill-child[=SIGNAL] when the parent ends, the command gets SIGNAL, or KILL; implies -f

Clocks; with -T.
      --monotonic SECONDS   offset of the monotonic clock
      --boottime SECONDS    offset of the boot-time clock

Exit code: the command's, 128+n if signal n ended it; 125 if the namespaces could not be
set up, 126 if the command cannot be executed, 127 if it is not found.
`

//go:build ignore

/*
 * The floor: a sandbox made by a plain C program that makes the system calls of
 * usandbox and does nothing else. It is what a careful program in C, with libc and
 * no safety net, needs for the same namespaces, the same mounts and the same drop
 * of privileges; benchmarks compare with it. No sandbox to rely on: it looks at
 * none of its arguments, and paths are resolved by the kernel as they come.
 *
 *	floor [-r|-w SOURCE TARGET] [-l LINK TARGET] [-t OPTIONS TARGET]
 *	      [-p|-d - TARGET] ... -- DIR COMMAND [ARG ...]
 *
 * -r and -w bind read-only and writable, -l makes a symlink, -t mounts a tmpfs, -p a
 * proc, -d makes devices. Targets are absolute. Without arguments it does nothing: that
 * is what a static C program costs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVERYTHING (AT_RECURSIVE | AT_EMPTY_PATH)
#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

static int old_root, new_root;

/* check ends the program if a call failed, else returns its result. */
static int check(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		_exit(125);
	}
	return result;
}

static void write_file(const char *name, const char *text)
{
	int fd = check(open(name, O_WRONLY | O_CLOEXEC), name);
	check(write(fd, text, strlen(text)), name);
	close(fd);
}

static int open_in(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	return check(syscall(SYS_openat2, root, path + (path[0] == '/'), &how, sizeof how), path);
}

/* make_target makes a folder, or an empty file, and what leads to it. */
static void make_target(const char *target, int file)
{
	char path[4096];

	for (size_t i = 1; i <= strlen(target); i++) {
		if (target[i] != '/' && target[i] != 0)
			continue;
		snprintf(path, sizeof path, "%.*s", (int)i - 1, target + 1);
		if (target[i] == 0 && file)
			mknodat(new_root, path, S_IFREG | 0444, 0);
		else
			mkdirat(new_root, path, 0755);
	}
}

/* set_and_move gives a detached mount its attributes and moves it to path in dir. */
static void set_and_move(int tree, unsigned long set, int dir, const char *path)
{
	struct mount_attr attr = {.attr_set = set};

	if (set)
		check(mount_setattr(tree, "", EVERYTHING, &attr, sizeof attr), "mount_setattr");
	check(move_mount(tree, "", dir, path, MOVE_MOUNT_F_EMPTY_PATH | (*path ? 0 : MOVE_MOUNT_T_EMPTY_PATH)), "move_mount");
}

static void bind_one(const char *source, const char *target, unsigned long set)
{
	struct stat st;
	int src = open_in(old_root, source), dst, tree;

	check(fstat(src, &st), source);
	make_target(target, !S_ISDIR(st.st_mode));
	tree = check(open_tree(src, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | EVERYTHING), source);
	dst = open_in(new_root, target);
	set_and_move(tree, set, dst, "");
	close(tree);
	close(dst);
	close(src);
}

/* fresh makes a new file system; options are key=value. */
static int fresh(const char *type, const char *options, unsigned long attr)
{
	int fs = check(fsopen(type, FSOPEN_CLOEXEC), type), tree;
	char copy[256], *key, *value, *rest = copy;

	snprintf(copy, sizeof copy, "%s", options);
	while ((key = strsep(&rest, ",")) && (value = strchr(key, '='))) {
		*value++ = 0;
		check(fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0), key);
	}
	check(fsconfig(fs, FSCONFIG_CMD_CREATE, 0, 0, 0), type);
	tree = check(fsmount(fs, FSMOUNT_CLOEXEC, attr), type);
	close(fs);
	return tree;
}

static int mount_fresh(const char *type, const char *options, unsigned long attr, const char *target)
{
	int tree = fresh(type, options, attr), dst;

	make_target(target, 0);
	dst = open_in(new_root, target);
	set_and_move(tree, 0, dst, "");
	close(dst);
	return tree;
}

static void mount_proc(const char *target)
{
	static const char *system_wide[] = {"sys", "sysrq-trigger", "irq", "bus", "acpi", "fs"};
	int proc = mount_fresh("proc", "", SAFE | MOUNT_ATTR_NOEXEC, target);

	for (int i = 0; i < 6; i++) {
		int tree = open_tree(proc, system_wide[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		if (tree < 0)
			continue;
		set_and_move(tree, SAFE | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, proc, system_wide[i]);
		close(tree);
	}
	close(proc);
}

static void make_devices(const char *target)
{
	static const char *nodes[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};
	static const char *links[][2] = {{"/proc/self/fd", "fd"}, {"/proc/self/fd/0", "stdin"},
		{"/proc/self/fd/1", "stdout"}, {"/proc/self/fd/2", "stderr"}, {"pts/ptmx", "ptmx"}};
	int dev = mount_fresh("tmpfs", "mode=755", SAFE | MOUNT_ATTR_NOEXEC, target), tree;

	for (int i = 0; i < 6; i++) {
		int src = open_in(old_root, nodes[i]);
		tree = check(open_tree(src, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | EVERYTHING), nodes[i]);
		check(mknodat(dev, nodes[i] + 5, S_IFREG | 0666, 0), nodes[i]);
		set_and_move(tree, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, dev, nodes[i] + 5);
		close(tree);
		close(src);
	}
	for (int i = 0; i < 5; i++)
		check(symlinkat(links[i][0], dev, links[i][1]), links[i][1]);
	check(mkdirat(dev, "pts", 0755), "pts");
	tree = fresh("devpts", "ptmxmode=666,mode=620", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	set_and_move(tree, 0, dev, "pts");
	close(tree);
	check(mkdirat(dev, "shm", 0755), "shm");
	tree = fresh("tmpfs", "mode=1777", SAFE);
	set_and_move(tree, 0, dev, "shm");
	close(tree);
	close(dev);
}

/* make_files builds the file tree that argv asks for and returns what follows. */
static char **make_files(char **argv)
{
	struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};

	check(mount(0, "/", 0, MS_REC | MS_PRIVATE, 0), "make every mount private");
	check(mount("tmpfs", "/proc", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), "base");
	check(chdir("/proc"), "base");
	check(mkdir("old", 0755) | mkdir("new", 0755), "base");
	check(mount("tmpfs", "new", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), "root");
	check(syscall(SYS_pivot_root, ".", "old"), "pivot_root");
	old_root = check(open("/old", O_PATH | O_DIRECTORY | O_CLOEXEC), "old");
	new_root = check(open("/new", O_PATH | O_DIRECTORY | O_CLOEXEC), "new");
	for (; strcmp(argv[0], "--"); argv += 3) {
		switch (argv[0][1]) {
		case 'r': bind_one(argv[1], argv[2], SAFE | MOUNT_ATTR_RDONLY); break;
		case 'w': bind_one(argv[1], argv[2], SAFE); break;
		case 'l': check(symlinkat(argv[1], new_root, argv[2] + 1), argv[2]); break;
		case 't': close(mount_fresh("tmpfs", argv[1], SAFE, argv[2])); break;
		case 'p': mount_proc(argv[2]); break;
		case 'd': make_devices(argv[2]); break;
		}
	}
	check(mount_setattr(new_root, "", AT_EMPTY_PATH, &read_only, sizeof read_only), "read-only root");
	check(fchdir(new_root), "new");
	check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	check(umount2(".", MNT_DETACH), "umount2");
	close(old_root);
	close(new_root);
	check(chdir("/"), "/");
	return argv + 1;
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	check(syscall(SYS_capset, &header, none), "capset");
}

static void loopback_up(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	check(ioctl(fd, SIOCSIFFLAGS, &lo), "lo");
	close(fd);
}

/* in_sandbox is PID 1: it makes the rest, runs the command and reports its end. */
static int in_sandbox(char **argv, int report, mode_t mask, const sigset_t *signals)
{
	int status;
	pid_t command, ended;

	check(prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG");
	check(setsid(), "setsid");
	write_file("/proc/sys/user/max_user_namespaces", "0");
	check(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP), "unshare");
	loopback_up();
	argv = make_files(argv);
	for (int number = 0; prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0; number++)
		;
	check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "PR_CAP_AMBIENT");
	drop_capabilities();
	check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
	check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE");
	command = check(fork(), "fork");
	if (command == 0) {
		setpgid(0, 0);
		check(chdir(argv[0]), argv[0]);
		umask(mask);
		sigprocmask(SIG_SETMASK, signals, 0);
		execv(argv[1], argv + 1);
		check(-1, argv[1]);
	}
	drop_capabilities();
	while ((ended = wait(&status)) != command)
		;
	check(write(report, &status, sizeof status), "report");
	return 0;
}

int main(int argc, char **argv)
{
	char map[64];
	int report[2], status = 125 << 8;
	sigset_t all, signals;
	mode_t mask = umask(0);
	uid_t uid = geteuid();
	gid_t gid = getegid();
	pid_t init;

	if (argc == 1)
		return 0;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &signals);
	check(close_range(3, ~0U, 0), "close_range");
	check(unshare(CLONE_NEWUSER), "user namespace");
	snprintf(map, sizeof map, "%u %u 1\n", uid, uid);
	write_file("/proc/self/uid_map", map);
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof map, "%u %u 1\n", gid, gid);
	write_file("/proc/self/gid_map", map);
	check(pipe2(report, O_CLOEXEC), "pipe");
	init = check(syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0), "PID namespace");
	if (init == 0)
		return in_sandbox(argv + 1, report[1], mask, &signals);
	close(report[1]);
	drop_capabilities();
	check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE");
	check(read(report[0], &status, sizeof status), "report");
	waitpid(init, 0, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

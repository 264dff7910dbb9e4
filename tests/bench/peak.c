//go:build ignore

/* Runs a program and prints the largest resident size, in KiB, of it and of its children that
 * were waited for. It is small itself: a forked process begins with the size of its parent. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execv(argv[1], argv + 2);
		_exit(127);
	}
	if (pid < 0 || argc < 3 || wait4(pid, &status, 0, &usage) != pid || status != 0)
		return 1;
	printf("%ld\n", usage.ru_maxrss);
	return 0;
}

//go:build ignore

// crowd N: N processes that do nothing. Prints how many there are, a line, when all
// are; ends when its standard input does, and with it they: each is killed when the
// first, which is their parent, is no more.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int wanted = argc == 2 ? atoi(argv[1]) : 0, n;
	pid_t *pids = calloc(wanted + 1, sizeof *pids), self = getpid();
	if (!pids)
		return 1;
	for (n = 0; n < wanted; n++) {
		pids[n] = fork();
		if (pids[n] < 0)
			break;
		if (pids[n] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != self)
				_exit(0);
			for (;;)
				pause();
		}
	}
	printf("%d\n", n);
	fflush(stdout);
	char c;
	while (read(0, &c, 1) > 0)
		;
	for (int i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}

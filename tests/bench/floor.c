/*
 * The least that a PID 1 can do: block every signal, start the app, forward signals, reap, and end
 * as the app ended. No figure of a program that does more can be below it; it stands beside the
 * others as the floor, and as the "static musl tini" where a musl compiler is there.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start_app(char **command)
{
	sigset_t none;
	pid_t app = fork();

	if (app != 0)
		return app;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(command[0], command);
	_exit(127);
}

static void reap(pid_t app)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == app)
			_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	}
}

int main(int argc, char **argv)
{
	sigset_t all;
	pid_t app;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (argc < 2)
		return 64;
	app = start_app(argv + 1);
	for (;;) {
		int number = sigwaitinfo(&all, NULL);

		if (number == SIGCHLD)
			reap(app);
		else if (number > 0)
			kill(app, number);
	}
}

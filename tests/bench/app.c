/*
 * The apps that the bench runs under a PID 1. Each writes a byte to stdout when it is ready.
 *
 *   app pause       sleeps; TERM ends it
 *   app echo        answers each USR1 with a byte
 *   app orphans N   on a byte from stdin makes N orphans that end at once, then writes a byte
 *   app stamp       writes CLOCK_REALTIME in nanoseconds, and ends
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void write_byte(void)
{
	if (write(STDOUT_FILENO, "x", 1) != 1)
		_exit(1);
}

static void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static int run_pause(int count)
{
	(void)count;
	write_byte();
	sleep_for_ever();
	return 0;
}

static void answer(int number)
{
	(void)number;
	write_byte();
}

static int run_echo(int count)
{
	struct sigaction action = {.sa_handler = answer, .sa_flags = SA_RESTART};

	(void)count;
	sigaction(SIGUSR1, &action, NULL);
	write_byte();
	sleep_for_ever();
	return 0;
}

/* A double fork: the grandchild loses its parent, and init inherits it. */
static void make_orphan(void)
{
	pid_t child = fork();

	if (child < 0)
		_exit(1);
	if (child == 0) {
		fork();
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static int run_orphans(int count)
{
	char byte;

	write_byte();
	if (read(STDIN_FILENO, &byte, 1) != 1)
		return 1;
	for (int i = 0; i < count; i++)
		make_orphan();
	write_byte();
	sleep_for_ever();
	return 0;
}

static int run_stamp(int count)
{
	struct timespec time;

	(void)count;
	clock_gettime(CLOCK_REALTIME, &time);
	printf("%" PRId64 "\n", (int64_t)time.tv_sec * 1000000000 + time.tv_nsec);
	return 0;
}

static const struct app {
	const char *name;
	int (*run)(int count);
} apps[] = {
	{"pause", run_pause},
	{"echo", run_echo},
	{"orphans", run_orphans},
	{"stamp", run_stamp},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(apps) / sizeof(apps[0]); i++) {
		if (strcmp(argv[1], apps[i].name) == 0)
			return apps[i].run(argc > 2 ? atoi(argv[2]) : 0);
	}
	fprintf(stderr, "usage: app pause|echo|orphans N|stamp\n");
	return 64;
}

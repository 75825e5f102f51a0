/*
 * recorder FILE [--own-session] [--copies N] [--end SIGNAL=STATUS]...: tells which signals reach
 * it.
 *
 * Writes "ready" and then the number of each signal it receives to FILE, a line each. It takes them
 * with rt_sigtimedwait(2) through the kernel's own 64-bit mask: the C library hides 32 and 33.
 * With --own-session it leads a session of its own. With --copies it forks N processes more, which
 * stay in its process group and write to FILE.1, FILE.2, ...
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int file;
static int ends[65]; /* exit status of each signal, -1 = go on */

static void record(const char *line)
{
	if (write(file, line, strlen(line)) < 0)
		_exit(99);
}

static void record_number(int number)
{
	char line[16];
	(void)snprintf(line, sizeof line, "%d\n", number);
	record(line);
}

/* A group's leader cannot call setsid(2): it joins a helper's group first. */
static void lead_session(void)
{
	pid_t helper = fork();
	if (helper == 0) {
		for (;;)
			pause();
	}
	(void)setpgid(helper, helper);
	(void)setpgid(0, helper);
	if (setsid() < 0)
		_exit(98);
	(void)kill(helper, SIGKILL);
	(void)waitpid(helper, NULL, 0);
}

static void open_file(const char *name, int copy)
{
	char path[4096];
	(void)snprintf(path, sizeof path, copy > 0 ? "%s.%d" : "%s", name, copy);
	file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (file < 0)
		_exit(97);
}

int main(int argc, char **argv)
{
	uint64_t all = ~(uint64_t)0;
	int copies = 0;
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all);
	memset(ends, -1, sizeof ends);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--own-session") == 0)
			lead_session();
		else if (strcmp(argv[i], "--copies") == 0)
			copies = atoi(argv[++i]);
		else if (strcmp(argv[i], "--end") == 0) {
			char *status;
			long number = strtol(argv[++i], &status, 10);
			ends[number & 63] = atoi(status + 1);
		}
	}
	int copy = 0;
	while (copy < copies && fork() != 0)
		copy++;
	copy = copies > 0 ? (copy + 1) % (copies + 1) : 0;
	open_file(argv[1], copy);
	record("ready\n");
	for (;;) {
		long number = syscall(SYS_rt_sigtimedwait, &all, NULL, NULL, sizeof all);
		if (number <= 0 || number == SIGCHLD)
			continue;
		record_number((int)number);
		if (ends[number & 63] >= 0)
			_exit(ends[number & 63]);
	}
}

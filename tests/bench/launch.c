/*
 * Runs a program as PID 1 of a new PID namespace and measures it from outside, with
 * CLOCK_MONOTONIC. All numbers are nanoseconds, one per line. The program gets the caller's
 * environment, default signal dispositions and an empty mask; it is killed when this process ends.
 *
 *   launch run FD PROGRAM...    says its pid on FD, waits for its end
 *   launch start PROGRAM...     clone to end
 *   launch stop PROGRAM...      TERM to end; PROGRAM's app writes a byte when it is ready
 *   launch lost NS PROGRAM...   TERM NS after exec: "STATE ABLE"; see measure_lost
 *   launch relay PROGRAM...     reads counts, sends that many USR1; PROGRAM's app answers each
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* No measurement takes longer; SIGALRM then ends this process, and so the namespace. */
#define LIMIT_SECONDS 30
/* After this a TERM that has not ended the app is taken for lost. */
#define LOST_AFTER_MS 200
/* Time for PID 1 to be asleep in its loop once the app has said that it is ready. */
#define SETTLE_NS 5000000
#define MILLISECOND 1000000

struct guest {
	pid_t pid;
	int output; /* what the program writes to its stdout */
};

static void die(const char *what)
{
	fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void nap(long nanoseconds)
{
	nanosleep(&(struct timespec){.tv_nsec = nanoseconds}, NULL);
}

/* fork() into a new PID namespace; with CLONE_VFORK the caller goes on once exec has succeeded. */
static pid_t fork_as_init(uint64_t flags)
{
	struct clone_args arguments = {.flags = CLONE_NEWPID | flags, .exit_signal = SIGCHLD};
	pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (pid < 0)
		die("clone3");
	return pid;
}

static void exec_or_die(char **program)
{
	execv(program[0], program);
	die(program[0]);
}

/* A /proc that shows the new namespace, as every container has. */
static void mount_proc(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("mount /");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		die("mount /proc");
}

static void become_guest(char **program)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	mount_proc();
	exec_or_die(program);
}

/* The program with its stdout in a pipe; returns once it has been executed. */
static struct guest start_guest(char **program)
{
	struct guest guest;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		die("pipe2");
	guest.pid = fork_as_init(CLONE_NEWNS | CLONE_VFORK);
	if (guest.pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		become_guest(program);
	}
	close(ends[1]);
	guest.output = ends[0];
	return guest;
}

static void await_byte(const struct guest *guest)
{
	char byte;

	if (read(guest->output, &byte, 1) != 1) {
		fprintf(stderr, "launch: the app ended before it answered\n");
		exit(1);
	}
}

static int await_end(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void end_guest(const struct guest *guest)
{
	kill(guest->pid, SIGKILL);
	await_end(guest->pid);
}

static int run(char **arguments)
{
	int report = atoi(arguments[0]);
	pid_t pid = fork_as_init(CLONE_NEWNS);

	if (pid == 0) {
		close(report);
		become_guest(arguments + 1);
	}
	dprintf(report, "%d\n", pid);
	close(report);
	alarm(0);
	return await_end(pid);
}

/* The namespace keeps the caller's /proc here: a mount would be measured with the program. */
static int measure_start(char **program)
{
	int64_t begin = now();
	pid_t pid = fork_as_init(0);
	int status;

	if (pid == 0)
		exec_or_die(program);
	status = await_end(pid);
	printf("%" PRId64 "\n", now() - begin);
	return status;
}

static int measure_stop(char **program)
{
	struct guest guest = start_guest(program);
	int64_t begin;

	await_byte(&guest);
	nap(SETTLE_NS);
	begin = now();
	kill(guest.pid, SIGTERM);
	await_end(guest.pid);
	printf("%" PRId64 "\n", now() - begin);
	return 0;
}

/* A signal mask from the text of /proc/PID/status; 0 when it is not there. */
static uint64_t signal_mask(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? strtoull(line + strlen(name), NULL, 16) : 0;
}

static bool has_term(int status_fd, const char *first, const char *second)
{
	char text[4096];
	ssize_t length = pread(status_fd, text, sizeof(text) - 1, 0);
	uint64_t mask;

	if (length <= 0)
		return false;
	text[length] = '\0';
	mask = signal_mask(text, first) | signal_mask(text, second);
	return mask >> (SIGTERM - 1) & 1;
}

static int open_status(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	return fd;
}

/* Whether the namespace goes on though the app is ready and TERM is pending nowhere. */
static bool outlives_term(const struct guest *guest, int status_fd)
{
	struct pollfd ready = {.fd = guest->output, .events = POLLIN};
	int64_t since = now();

	while (waitpid(guest->pid, NULL, WNOHANG) == 0) {
		bool over = now() - since > (int64_t)LOST_AFTER_MS * MILLISECOND;

		if (over && poll(&ready, 1, 0) == 1 && !has_term(status_fd, "SigPnd:", "ShdPnd:"))
			return true;
		nap(MILLISECOND);
	}
	return false;
}

/*
 * Sends TERM so many nanoseconds after exec. The kernel drops a signal to an init that neither
 * blocks nor catches it (pid_namespaces(7)): then it is lost, and the app never hears of it.
 * Prints "lost" or "kept", and 1 when TERM was blocked or caught just before it was sent.
 */
static int measure_lost(char **arguments)
{
	int64_t delay = atoll(arguments[0]);
	struct guest guest = start_guest(arguments + 1);
	int64_t begin = now();
	int status_fd = open_status(guest.pid);
	bool able, lost;

	while (now() - begin < delay)
		;
	able = has_term(status_fd, "SigBlk:", "SigCgt:");
	kill(guest.pid, SIGTERM);
	lost = outlives_term(&guest, status_fd);
	if (lost)
		end_guest(&guest);
	printf("%s %d\n", lost ? "lost" : "kept", able);
	return 0;
}

/* Signal to answer. The pause before it is long enough for PID 1 and app to sleep, and varies. */
static int64_t relay_once(const struct guest *guest, int round)
{
	int64_t begin;

	nap(200000 + round % 7 * 30000);
	begin = now();
	kill(guest->pid, SIGUSR1);
	await_byte(guest);
	return now() - begin;
}

static int measure_relay(char **program)
{
	struct guest guest = start_guest(program);
	int count;

	alarm(0);
	await_byte(&guest);
	nap(SETTLE_NS);
	while (scanf("%d", &count) == 1) {
		for (int round = 0; round < count; round++)
			printf("%" PRId64 "\n", relay_once(&guest, round));
		fflush(stdout);
	}
	end_guest(&guest);
	return 0;
}

static const struct mode {
	const char *name;
	int arguments; /* before PROGRAM */
	int (*measure)(char **arguments);
} modes[] = {
	{"run", 1, run},
	{"start", 0, measure_start},
	{"stop", 0, measure_stop},
	{"lost", 1, measure_lost},
	{"relay", 0, measure_relay},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].name) != 0 || argc < 3 + modes[i].arguments)
			continue;
		alarm(LIMIT_SECONDS);
		return modes[i].measure(argv + 2);
	}
	fprintf(stderr, "usage: launch run FD|start|stop|lost NS|relay PROGRAM...\n");
	return 64;
}

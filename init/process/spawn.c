#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process/borrow.h"
#include "process/exec.h"
#include "process/signals.h"
#include "process/terminal.h"

#define CHANNEL_DESCRIPTOR 3
#define DESCRIPTORS_MOST 1024

/* A PID 1 takes its whole namespace along when it dies; any other parent has to ask for that. */
static void die_with_parent(pid_t parent)
{
	if (parent == 1)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STATUS_INTERNAL);
}

static int refuse_folder(const struct command *command, int number, struct error *error)
{
	return error_set_errno(error, STATUS_CANNOT_RUN, number,
		"cannot change to its folder (workdir) %s", command->workdir);
}

/* The folder is entered as the user who is to work there; a change of user clears the parent-death
 * signal. prctl(2) */
static int become(const struct command *command, pid_t parent, struct error *error)
{
	for (int i = 0; command->outputs != NULL && i < 2; i++)
		(void)dup2(command->outputs[i], STDOUT_FILENO + i);
	if (command->identity != NULL && identity_assume(command->identity, error) != 0)
		return -1;
	die_with_parent(parent);
	if (command->workdir != NULL && chdir(command->workdir) != 0)
		return refuse_folder(command, errno, error);
	signals_unblock();
	(void)exec_command(command->argv, command->environment, error);
	signals_block();
	return -1;
}

int spawn_become(const struct command *command, struct error *error)
{
	return become(command, 1, error);
}

static _Noreturn void report_and_exit(const struct error *error, int report)
{
	ssize_t ignored = write(report, error, sizeof *error);
	(void)ignored;
	_exit(error->status);
}

static void explain(const struct command *command, const struct borrow_failure *failure, int report)
{
	struct error error = {0};
	if (failure->entered)
		(void)exec_explain(command->argv, command->environment, failure->file,
			failure->number, &error);
	else
		(void)refuse_folder(command, failure->number, &error);
	report_and_exit(&error, report);
}

static pid_t fork_command(const struct command *command, int report)
{
	pid_t parent = getpid();
	bool in_front = terminal_is_ours(command->terminal); /* the child's group is soon its own */
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	if (command->become != NULL)
		_exit(command->become(command->argv, command->environment));
	(void)setpgid(0, 0);
	if (in_front)
		terminal_give(command->terminal, getpid());
	struct error error = {0};
	(void)become(command, parent, &error);
	report_and_exit(&error, report);
}

/* errno stays what it was: whoever asked looks at it. */
static int refused(struct error *error, int number, const char *what, const char *name)
{
	(void)error_set_errno(error, STATUS_INTERNAL, number, "cannot start %s: %s", name, what);
	errno = number;
	return -1;
}

int spawn_command(const struct command *command, struct spawned *child, struct error *error)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return refused(error, errno, "pipe", command->argv[0]);
	pid_t pid = borrow_start(command, ends[1], explain);
	if (pid < 0)
		pid = fork_command(command, ends[1]);
	int number = errno;
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return refused(error, number, "fork", command->argv[0]);
	}
	if (command->become == NULL)
		(void)setpgid(pid, pid);
	*child = (struct spawned){.pid = pid, .descriptor = ends[0]};
	return 0;
}

/* close_range(2) is of Linux 5.9, and filters of that time refuse it. Ours are the lowest that were
 * free, and few. */
static void close_from(int first)
{
	if (syscall(SYS_close_range, (unsigned)first, UINT_MAX, 0) == 0)
		return;
	for (int descriptor = first; descriptor < DESCRIPTORS_MOST; descriptor++)
		(void)close(descriptor);
}

/* Keeps nothing but the standard descriptors and its channel: a sibling's channel that stayed open
 * here would keep that sibling from seeing its end. */
static _Noreturn void run_function(spawn_function *entry, void *context, pid_t parent, int channel)
{
	(void)setpgid(0, 0);
	die_with_parent(parent);
	if (channel != CHANNEL_DESCRIPTOR &&
		dup3(channel, CHANNEL_DESCRIPTOR, O_CLOEXEC) == CHANNEL_DESCRIPTOR)
		channel = CHANNEL_DESCRIPTOR;
	close_from(channel + 1);
	signals_unblock();
	_exit(entry(context, channel));
}

int spawn_child(spawn_function *entry, void *context, struct spawned *child, struct error *error)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return refused(error, errno, "socketpair", "a child");
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(ends[0]); /* or it would never see its own end of file */
		run_function(entry, context, parent, ends[1]);
	}
	int number = errno;
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return refused(error, number, "fork", "a child");
	}
	(void)setpgid(pid, pid);
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*child = (struct spawned){.pid = pid, .descriptor = ends[0]};
	return 0;
}

enum spawn_report spawn_report(int descriptor)
{
	struct pollfd report = {.fd = descriptor, .events = POLLIN};
	if (poll(&report, 1, 0) <= 0)
		return SPAWN_PENDING;
	return (report.revents & POLLIN) != 0 ? SPAWN_FAILED : SPAWN_SUCCEEDED;
}

void spawn_error(int descriptor, struct error *error)
{
	if (read(descriptor, error, sizeof *error) != (ssize_t)sizeof *error)
		(void)error_set(error, STATUS_CANNOT_RUN, "exec failed and could not tell why");
	error->message[sizeof error->message - 1] = '\0';
}

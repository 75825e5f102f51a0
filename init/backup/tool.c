#include "backup/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/signal_name.h"
#include "config/variables.h"
#include "process/exec.h"

#define SAID_SIZE 300 /* of what the tools said last */

/* The tools while they run. */
struct running {
	const struct tool_run *run;
	pid_t pids[TOOLS_MOST];
	size_t count;
	int said;  /* the end of their stderr that we read; -1 when it is over */
	int taken; /* likewise of the last one's output */
	char last[SAID_SIZE + 1];
	size_t length;
};

/* --- starting -------------------------------------------------------------------------------- */

static void put_at(int descriptor, int number)
{
	if (descriptor == number)
		(void)fcntl(number, F_SETFD, 0);
	else
		(void)dup2(descriptor, number);
}

/* PR_SET_PDEATHSIG: prctl(2); the child itself has it from PID 1. */
static _Noreturn void become(
	const struct tool_run *run, char *const *argv, pid_t parent, const int standard[3])
{
	struct error error;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STATUS_INTERNAL);
	for (int i = 0; i < 3; i++)
		put_at(standard[i], i);
	if (run->secret >= 0)
		(void)fcntl(run->secret, F_SETFD, 0);
	(void)exec_command(argv, run->environment, &error);
	(void)dprintf(STDERR_FILENO, "%s\n", error.message);
	_exit(error.status);
}

static int start(struct running *running, char *const *argv, const int standard[3])
{
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0)
		become(running->run, argv, parent, standard);
	if (pid < 0)
		return -1;
	running->pids[running->count++] = pid;
	return 0;
}

/* null and said are the ends that the tools get; each pipe's are closed here once they have them.
 */
static int start_all(struct running *running, int null, int said, int output)
{
	const struct tool_run *run = running->run;
	int result = 0;
	int input = run->input >= 0 ? run->input : null;
	for (size_t i = 0; result == 0 && i < TOOLS_MOST && run->tools[i] != NULL; i++) {
		bool joined = i + 1 < TOOLS_MOST && run->tools[i + 1] != NULL;
		int ends[2] = {-1, -1};
		if (joined && pipe2(ends, O_CLOEXEC) != 0)
			return -1;
		const int standard[3] = {input, joined ? ends[1] : output, said};
		result = start(running, run->tools[i], standard);
		if (i > 0)
			(void)close(input);
		if (joined)
			(void)close(ends[1]);
		input = ends[0];
	}
	return result;
}

static int start_with_pipes(struct running *running)
{
	const struct tool_run *run = running->run;
	int ends[2];
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	running->said = ends[0];
	autoclose int said = ends[1];
	if (run->take == NULL)
		return start_all(running, null, said, run->output >= 0 ? run->output : null);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	running->taken = ends[0];
	autoclose int output = ends[1];
	return start_all(running, null, said, output);
}

/* --- while they run -------------------------------------------------------------------------- */

/* Keeps the end of what they say. */
static void keep_said(struct running *running, const char *bytes, size_t length)
{
	if (length > SAID_SIZE) {
		bytes += length - SAID_SIZE;
		length = SAID_SIZE;
	}
	size_t kept = running->length;
	if (kept > SAID_SIZE - length)
		kept = SAID_SIZE - length;
	memmove(running->last, running->last + running->length - kept, kept);
	memcpy(running->last + kept, bytes, length);
	running->length = kept + length;
}

/* Reads what is there; at the end of file *descriptor is closed and becomes -1. */
static void take(struct running *running, int *descriptor)
{
	char bytes[16384];
	ssize_t count = read(*descriptor, bytes, sizeof bytes);
	if (count < 0 && errno == EINTR)
		return;
	if (count <= 0) {
		(void)close(*descriptor);
		*descriptor = -1;
	} else if (descriptor == &running->said) {
		keep_said(running, bytes, (size_t)count);
	} else {
		running->run->take(running->run->context, bytes, (size_t)count);
	}
}

static void watch(struct running *running)
{
	int64_t deadline = clock_deadline(TOOL_TICK);
	while (running->said >= 0 || running->taken >= 0) {
		struct pollfd polled[] = {{.fd = running->said, .events = POLLIN},
			{.fd = running->taken, .events = POLLIN}};
		(void)poll(polled, 2, clock_left(deadline));
		if (clock_left(deadline) == 0) {
			deadline = clock_deadline(TOOL_TICK);
			if (running->run->tick != NULL)
				running->run->tick(running->run->context);
		}
		if (polled[0].revents != 0)
			take(running, &running->said);
		if (polled[1].revents != 0)
			take(running, &running->taken);
	}
}

/* --- the end --------------------------------------------------------------------------------- */

/* mariadb warns of an option that MySQL's client alone knows ("loose-") before it says what failed.
 */
static void drop_warnings(struct running *running)
{
	const char *end;
	while (text_starts_with(running->last, "Warning: ") &&
		(end = strchr(running->last, '\n')) != NULL) {
		running->length -= (size_t)(end + 1 - running->last);
		memmove(running->last, end + 1, running->length + 1);
	}
}

/* Blanks for newlines, and none at the end. */
static const char *tidy(struct running *running)
{
	while (running->length > 0 && (unsigned char)running->last[running->length - 1] <= ' ')
		running->length--;
	running->last[running->length] = '\0';
	drop_warnings(running);
	for (size_t i = 0; i < running->length; i++)
		if ((unsigned char)running->last[i] < ' ')
			running->last[i] = ' ';
	return running->last;
}

static int tell(struct running *running, size_t index, int how, int status, struct error *error)
{
	char name[SIGNAL_NAME_SIZE];
	char ended[48];
	const char *said = tidy(running);
	if (WIFSIGNALED(how))
		(void)snprintf(ended, sizeof ended, "was killed by SIG%s",
			signal_name(WTERMSIG(how), name, sizeof name));
	else
		(void)snprintf(ended, sizeof ended, "ended with status %d", WEXITSTATUS(how));
	return error_set(error, status, "%s %s%s%s", running->run->tools[index][0], ended,
		said[0] != '\0' ? ": " : "", said);
}

/* A reader that goes first kills the writer by SIGPIPE: that is not the failure. */
static bool is_worse(int how, int than)
{
	return how != 0 && (than == 0 || (WIFSIGNALED(than) && WTERMSIG(than) == SIGPIPE));
}

static int reap(struct running *running, int status, struct error *error)
{
	int worst = 0;
	size_t which = 0;
	for (size_t i = 0; i < running->count; i++) {
		int how = 0;
		while (waitpid(running->pids[i], &how, 0) < 0 && errno == EINTR)
			;
		if (is_worse(how, worst)) {
			worst = how;
			which = i;
		}
	}
	return worst == 0 ? 0 : tell(running, which, worst, status, error);
}

int tool_run(const struct tool_run *run, int status, struct error *error)
{
	struct running running = {.run = run, .said = -1, .taken = -1};
	int started = start_with_pipes(&running);
	int number = errno;
	for (size_t i = 0; started != 0 && i < running.count; i++)
		(void)kill(running.pids[i], SIGKILL);
	watch(&running);
	int result = reap(&running, status, error);
	if (started != 0)
		return error_set_errno(error, status, number, "cannot start %s", run->tools[0][0]);
	return result;
}

/* Tools take no file that others can read: libpq's PGPASSFILE, mysql's option files. */
int tool_secret(const char *contents)
{
	int descriptor = memfd_create("tminus", MFD_CLOEXEC);
	size_t length = strlen(contents);
	if (descriptor >= 0 && fchmod(descriptor, 0600) == 0 &&
		write(descriptor, contents, length) == (ssize_t)length)
		return descriptor;
	if (descriptor >= 0)
		(void)close(descriptor);
	return -1;
}

static void add_bytes(void *context, const char *bytes, size_t length)
{
	text_add_bytes(context, bytes, length);
}

char *tool_version_of(
	const struct list *command, char *const *environment, int status, struct error *error)
{
	struct text text = {0};
	struct list argv = {0};
	tool_add_command(&argv, command, "");
	list_append(&argv, "--version");
	const struct tool_run run = {.tools = {argv.items},
		.environment = environment,
		.input = -1,
		.output = -1,
		.secret = -1,
		.take = add_bytes,
		.context = &text};
	int result = tool_run(&run, status, error);
	char *version = text_take(&text);
	version[strcspn(version, "\n")] = '\0';
	list_clear(&argv);
	if (result == 0)
		return version;
	memory_free_at(&version);
	return NULL;
}

void tool_add_command(struct list *argv, const struct list *command, const char *program)
{
	for (size_t i = 0; i < command->count; i++)
		list_append(argv, command->items[i]);
	if (command->count == 0)
		list_append(argv, program);
}

/* Of the release whose dump tool command names by its folder. */
char *tool_beside(const struct list *command, const char *program)
{
	const char *dump = command->count > 0 ? command->items[command->count - 1] : "";
	const char *slash = strrchr(dump, '/');
	struct text path = {0};
	if (slash != NULL)
		text_add_bytes(&path, dump, (size_t)(slash + 1 - dump));
	text_add(&path, program);
	if (slash != NULL && access(path.bytes, X_OK) != 0) {
		text_free(&path);
		text_add(&path, program);
	}
	return text_take(&path);
}

char *tool_version(const char *program, char *const *environment, int status, struct error *error)
{
	struct list command = {0};
	list_append(&command, program);
	char *version = tool_version_of(&command, environment, status, error);
	list_clear(&command);
	return version;
}

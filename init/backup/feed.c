#include "backup/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

static _Noreturn void run_client(struct tool_run *client, pid_t parent, int input, int report)
{
	struct error error = {0};
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	client->input = input;
	if (getppid() == parent)
		(void)tool_run(client, STATUS_RESTORE, &error);
	ssize_t ignored = write(report, &error, sizeof error);
	(void)ignored;
	_exit(error.status);
}

int feed_begin(struct feed *feed, struct tool_run client, struct error *error)
{
	int streams[2];
	int reports[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, streams) != 0)
		return error_set_errno(error, STATUS_RESTORE, errno, "cannot make a socket pair");
	autoclose int input = streams[1];
	feed->input = streams[0];
	if (pipe2(reports, O_CLOEXEC) != 0) {
		(void)close(feed->input);
		return error_set_errno(error, STATUS_RESTORE, errno, "cannot make a pipe");
	}
	autoclose int report = reports[1];
	feed->report = reports[0];
	pid_t parent = getpid();
	feed->pid = fork();
	if (feed->pid == 0) {
		(void)close(feed->input); /* or the client would never see its end */
		run_client(&client, parent, input, report);
	}
	if (feed->pid > 0)
		return 0;
	(void)close(feed->input);
	(void)close(feed->report);
	return error_set_errno(error, STATUS_RESTORE, errno, "cannot start a child: fork");
}

int feed_write(const struct feed *feed, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(feed->input, bytes, length, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -1;
		bytes += sent;
		length -= (size_t)sent;
	}
	return 0;
}

int feed_end(struct feed *feed, struct error *error)
{
	struct error how = {.status = STATUS_RESTORE, .message = "its client was killed"};
	(void)close(feed->input);
	ssize_t ignored = read(feed->report, &how, sizeof how);
	(void)ignored;
	(void)close(feed->report);
	while (waitpid(feed->pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (how.status == 0)
		return 0;
	*error = how;
	return -1;
}

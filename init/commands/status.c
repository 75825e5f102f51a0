/* status and health: what the tminus of this container does, out of its document. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/inotify.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "commands/commands.h"
#include "process/descendants.h"
#include "process/signals.h"
#include "run/status.h"
#include "steps/probe.h"

/* How long PID 1 may need to act on its own limits, in ms. */
#define LIMIT_MARGIN 5000

/* A PID 1 younger than this may not have written its document yet, in s. */
#define DOCUMENT_TAKES 5

/* Looks for one that may come yet, and how long each of them is worth, in ms. */
#define LOOKS 10
#define LOOK_SOON 20

/* A document does not change when its writer is killed: who watches looks again, in ms. */
#define LOOK_AGAIN 1000

#define VALUE_SIZE 1024
#define CLEAR_SCREEN "\033[H\033[J"

struct document {
	char path[STATUS_PATH_SIZE];
	char text[STATUS_SIZE + 1];
};

static bool runs_as_first(void)
{
	char own[PROCESS_NAME_SIZE];
	char first[PROCESS_NAME_SIZE];
	return process_name(getpid(), own) && process_name(1, first) && text_equal(own, first);
}

/* Its document may come yet. proc_pid_stat(5), starttime */
static bool has_just_started(void)
{
	struct timespec now = {0};
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec - process_start_time(1) / (int64_t)getauxval(AT_CLKTCK) < DOCUMENT_TAKES;
}

/* In the usual places. It is written a moment behind the start, and who asks earlier waits for it.
 */
static bool find_usual(struct document *document)
{
	int left = LOOKS;
	while (!status_read(NULL, document->path, document->text)) {
		if (left-- == 0 || !runs_as_first() || !has_just_started())
			return false;
		(void)poll(NULL, 0, LOOK_SOON);
	}
	return true;
}

/* The usual places need no configuration: no fault of it is in the way. */
static bool find(const struct command_line *line, struct document *document)
{
	if (find_usual(document))
		return true;
	struct config *config = commands_load(line);
	bool found = config != NULL && config->status_path != NULL &&
		     status_read(config->status_path, document->path, document->text);
	config_free(config);
	return found;
}

/* room is of VALUE_SIZE. */
static const char *value(const struct document *document, const char *key, char *room)
{
	return status_value(document->text, key, room, VALUE_SIZE);
}

static bool is(const struct document *document, const char *key, const char *wanted)
{
	char room[VALUE_SIZE];
	const char *found = value(document, key, room);
	return found != NULL && text_equal(found, wanted);
}

/* "boot, upgrade, db:5432: connection refused", "app, ready": the whole in one line. The caller
 * frees it. */
static char *summary(const struct document *document)
{
	static const char *const keys[] = {"state", "step", "waits_for", "reason", "app_says"};
	struct text text = {0};
	char room[VALUE_SIZE];
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (value(document, keys[i], room) != NULL)
			text_add_format(&text, "%s%s", i > 0 ? ", " : "", room);
	if (is(document, "ready", "true"))
		text_add(&text, ", ready");
	return text_take(&text);
}

/* --- status ---------------------------------------------------------------------------------- */

/* Every field that has a value; those with a _ in front are for programs. */
static void show_table(const struct document *document)
{
	char key[40];
	char room[VALUE_SIZE];
	for (const char *at = document->text; (at = strstr(at, "\n\"")) != NULL;) {
		at += 2;
		(void)snprintf(key, sizeof key, "%.*s", (int)strcspn(at, "\""), at);
		if (key[0] != '_' && value(document, key, room) != NULL)
			(void)printf("%-15s %s\n", key, room);
	}
}

static void show_change(const struct document *document)
{
	char now[CLOCK_UTC_SIZE];
	autofree char *line = summary(document);
	(void)printf("%s %s\n", clock_utc(clock_now(), now), line);
}

static void show(const struct document *document, unsigned options)
{
	bool watch = (options & OPTION_WATCH) != 0;
	bool screen = watch && isatty(STDOUT_FILENO) == 1;
	if ((options & OPTION_JSON) != 0)
		(void)fputs(document->text, stdout);
	else if (watch && !screen)
		show_change(document);
	else
		(void)printf("%s", screen ? CLEAR_SCREEN : "");
	if ((options & OPTION_JSON) == 0 && (!watch || screen))
		show_table(document);
}

/* Until the tminus is gone, or nobody reads any more. inotify(7) */
static void watch(struct document *document, unsigned options)
{
	char events[4096];
	char folder[STATUS_PATH_SIZE];
	struct document next = *document;
	autoclose int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	(void)snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(next.path, '/') - next.path),
		next.path);
	(void)inotify_add_watch(changes, folder, IN_MOVED_TO | IN_DELETE);
	struct pollfd ready = {.fd = changes, .events = POLLIN};
	while (fflush(stdout) == 0 && status_read(folder, next.path, next.text)) {
		if (!text_equal(next.text, document->text)) {
			*document = next;
			show(document, options);
			continue;
		}
		(void)poll(&ready, 1, LOOK_AGAIN);
		while (read(changes, events, sizeof events) > 0)
			;
	}
}

int command_status(struct command_line *line)
{
	struct document document;
	signals_unblock();
	if (!find(line, &document)) {
		log_error(runs_as_first() ? "tminus could write its status nowhere here"
					  : "no tminus runs here");
		return STATUS_UNAVAILABLE;
	}
	show(&document, line->options);
	if ((line->options & OPTION_WATCH) != 0)
		watch(&document, line->options);
	return commands_flush();
}

/* --- health ---------------------------------------------------------------------------------- */

/* Nothing is known of a container whose every place is read-only, but that its tminus lives. One
 * that works must not be killed for that. */
static int without_document(bool live)
{
	bool first = runs_as_first();
	if (first && !live && has_just_started()) {
		log_error("tminus has just started");
		return EXIT_FAILURE;
	}
	if (first) {
		log_warn("taken for healthy: tminus runs, but could write its status nowhere");
		return EXIT_SUCCESS;
	}
	log_error("no tminus runs here");
	return EXIT_FAILURE;
}

static int unhealthy(const struct document *document)
{
	autofree char *line = summary(document);
	log_error("%s", line);
	return EXIT_FAILURE;
}

/* Boot is at work within its limits; the app, or a step that may finish, is there. */
static int check_live(const struct document *document)
{
	char room[VALUE_SIZE];
	const char *limit = value(document, "_limit", room);
	bool late = limit != NULL && clock_now() > strtoll(limit, NULL, 10) + LIMIT_MARGIN;
	bool leaves = is(document, "state", "stopping") &&
		      value(document, "app_pid", room) == NULL &&
		      value(document, "step", room) == NULL;
	return late || leaves ? unhealthy(document) : EXIT_SUCCESS;
}

static void time_over(int number)
{
	static const char message[] =
		"tminus: error: health.url: no answer within health.timeout\n";
	(void)number;
	ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
	(void)ignored;
	_exit(EXIT_FAILURE);
}

static int ask(const char *url, int64_t limit)
{
	struct failure failure = {0};
	const struct itimerval timer = {.it_value = {.tv_sec = (time_t)(limit / 1000),
						.tv_usec = (suseconds_t)(limit % 1000 * 1000)}};
	(void)signal(SIGALRM, time_over);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
	if (probe_target(url, 0, 0, &failure) == 0)
		return EXIT_SUCCESS;
	log_error("%s", failure.message);
	return EXIT_FAILURE;
}

/* The URL decides where there is one: it is asked now, READY=1 was said once. */
static int check_ready(const struct document *document)
{
	char url[VALUE_SIZE];
	char limit[VALUE_SIZE];
	if (!is(document, "state", "app"))
		return unhealthy(document);
	if (value(document, "health_url", url) != NULL &&
		value(document, "health_timeout", limit) != NULL)
		return ask(url, strtoll(limit, NULL, 10));
	return is(document, "ready", "true") ? EXIT_SUCCESS : unhealthy(document);
}

int command_health(struct command_line *line)
{
	struct document document;
	bool live = (line->options & OPTION_LIVE) != 0;
	signals_unblock();
	if (!find(line, &document))
		return without_document(live);
	return live ? check_live(&document) : check_ready(&document);
}

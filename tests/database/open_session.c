/*
 * What the tests of the database room run: opens one session and prints the outcome as one line of
 * JSON. open_session URL [--level tcp|ready|query] [--writable] [--connect MS] [--handshake MS]
 * [--check N]: checks again N times, whenever a line comes on stdin. A URL that is no database's is
 * probed as a wait target. Its status is 99 where descriptors stay open; the leak sanitizer has a
 * status of its own.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "database/session.h"
#include "steps/probe.h"

struct arguments {
	const char *url;
	struct session_options options;
	int checks;
};

static enum wait_level level_of(const char *name)
{
	if (text_equal(name, "tcp"))
		return WAIT_TCP;
	return text_equal(name, "ready") ? WAIT_READY : WAIT_QUERY;
}

static struct arguments read_arguments(char **argv)
{
	struct arguments arguments = {
		.url = argv[1],
		.options = {.level = WAIT_QUERY,
			.connect_limit = 1000,
			.handshake_limit = 5000,
			.application_name = "open_session"},
	};
	for (char **word = argv + 2; *word != NULL; word++) {
		if (text_equal(*word, "--writable"))
			arguments.options.writable = true;
		else if (text_equal(*word, "--level"))
			arguments.options.level = level_of(*++word);
		else if (text_equal(*word, "--connect"))
			arguments.options.connect_limit = atoll(*++word);
		else if (text_equal(*word, "--handshake"))
			arguments.options.handshake_limit = atoll(*++word);
		else if (text_equal(*word, "--check"))
			arguments.checks = atoi(*++word);
	}
	return arguments;
}

static void print_string(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static double milliseconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void print_outcome(
	const struct session *session, const struct failure *failure, double began)
{
	static const char *const verdicts[] = {"retry", "grace", "refuse"};
	printf("{\"ms\": %.2f, ", milliseconds() - began);
	if (failure == NULL) {
		printf("\"verdict\": \"ok\", \"server\": ");
		print_string(session != NULL ? session_server(session) : "");
	} else {
		printf("\"verdict\": \"%s\", \"status\": %d, \"starting\": %s, \"code\": ",
			verdicts[failure->verdict], failure->status,
			failure->starting ? "true" : "false");
		print_string(failure->code);
		printf(", \"message\": ");
		print_string(failure->message);
	}
	printf("}\n");
	(void)fflush(stdout);
}

static void check_again(struct session *session, const struct arguments *arguments)
{
	for (int i = 0; i < arguments->checks && getchar() != EOF; i++) {
		struct failure failure = {0};
		double began = milliseconds();
		bool good = session_check(session, arguments->options.writable, &failure) == 0;
		print_outcome(session, good ? NULL : &failure, began);
	}
}

static int open_and_print(const struct database_url *url, const struct arguments *arguments)
{
	struct session *session = NULL;
	struct failure failure = {0};
	double began = milliseconds();
	int result = session_open(url, &arguments->options, &session, &failure);
	print_outcome(session, result == 0 ? NULL : &failure, began);
	if (session != NULL)
		check_again(session, arguments);
	session_close(session);
	return result == 0 ? 0 : 1;
}

static int probe_and_print(const struct arguments *arguments)
{
	const struct session_options *options = &arguments->options;
	struct failure failure = {0};
	double began = milliseconds();
	int result = probe_target(
		arguments->url, options->connect_limit, options->handshake_limit, &failure);
	print_outcome(NULL, result == 0 ? NULL : &failure, began);
	return result == 0 ? 0 : 1;
}

static int run(const struct arguments *arguments)
{
	struct database_url *url = NULL;
	struct error error;
	if (!database_url_scheme(arguments->url, NULL))
		return probe_and_print(arguments);
	if (database_url_parse(arguments->url, "the test", &url, &error) != 0) {
		(void)fprintf(stderr, "%s\n", error.message);
		return error.status;
	}
	int status = open_and_print(url, arguments);
	database_url_free(url);
	return status;
}

static int count_descriptors(void)
{
	int count = 0;
	for (int descriptor = 0; descriptor < 1024; descriptor++)
		if (fcntl(descriptor, F_GETFD) >= 0)
			count++;
	return count;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 64;
	struct arguments arguments = read_arguments(argv);
	int before = count_descriptors();
	int status = run(&arguments);
	int more = count_descriptors() - before;
	if (more != 0)
		(void)fprintf(stderr, "%d descriptors are still open\n", more);
	return more != 0 ? 99 : status;
}

/* What stands behind the name of tini, dumb-init or catatonit: a word a line, the first of them the
 * name, variables behind a form feed. Whatever it is, what is asked for stays within its range, and
 * every text has an end. The source is part of this program: it is asked up to where it would start
 * something. */
#include <stdint.h>

#include "../../init/commands/dropin.c" /* NOLINT(bugprone-suspicious-include) */

#define WORDS_MOST 32

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
void __wrap_log_plain(int descriptor, const char *line); /* NOLINT(bugprone-reserved-identifier) */

void __wrap_log_plain(int descriptor, const char *line)
{
	size_t length = strlen(line);
	if (descriptor < 0 || length == 0 || line[length - 1] != '\n')
		abort();
}

/* Cuts text at its line ends; how many words there are, with a NULL behind them. */
static size_t cut(char *text, char **words)
{
	size_t count = 0;
	for (char *rest; text != NULL && count < WORDS_MOST; text = rest) {
		rest = strchr(text, '\n');
		if (rest != NULL)
			*rest++ = '\0';
		words[count++] = text;
	}
	words[count] = NULL;
	return count;
}

static void check(int status, int at, size_t count)
{
	if (status != GO_ON && status != EXIT_SUCCESS && status != EXIT_FAILURE)
		abort();
	if (at < 1 || (size_t)at > count || self.line.length != 0)
		abort();
	if (status == GO_ON && (self.death_signal < 0 || self.death_signal > SIGNAL_LAST))
		abort();
	for (int number = 0; number <= SIGNAL_LAST; number++)
		if (self.manner.becomes[number] > SIGNAL_LAST)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *argv[WORDS_MOST + 1];
	char *environment[WORDS_MOST + 1];
	autofree char *text = memory_copy_bytes((const char *)bytes, size);
	char *variables = strchr(text, '\f');
	if (variables != NULL)
		*variables++ = '\0';
	size_t count = cut(text, argv);
	(void)cut(variables, environment);
	int at = 1;
	self.program = program_find(argv[0]);
	self.called = argv[0];
	if (self.program != NULL) {
		int status = prepare(argv, environment, &at);
		check(status, at, count);
	}
	text_free(&self.line);
	memset(&self, 0, sizeof self);
	return 0;
}

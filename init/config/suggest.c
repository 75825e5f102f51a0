#include "config/suggest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int smallest(int one, int two, int three)
{
	int least = one < two ? one : two;
	return least < three ? least : three;
}

/* The classic table, of which three rows are kept: swaps look two rows back. */
static int distance_between(const char *one, size_t one_length, const char *other, size_t length)
{
	int rows[3][SUGGEST_LENGTH + 1];
	for (size_t j = 0; j <= length; j++)
		rows[0][j] = (int)j;
	for (size_t i = 1; i <= one_length; i++) {
		int *row = rows[i % 3];
		const int *above = rows[(i - 1) % 3];
		row[0] = (int)i;
		for (size_t j = 1; j <= length; j++) {
			int differs = one[i - 1] != other[j - 1];
			row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + differs);
			if (i < 2 || j < 2 || one[i - 1] != other[j - 2] ||
				one[i - 2] != other[j - 1])
				continue;
			int swapped = rows[(i - 2) % 3][j - 2] + 1;
			row[j] = swapped < row[j] ? swapped : row[j];
		}
	}
	return rows[one_length % 3][length];
}

/* What others call it: of compose files, systemd's units, other inits and one's own scripts. One
 * word may stand for several, of which the candidates have one. */
static const struct {
	const char *ours;
	const char *others;
} synonyms[] = {
	{"all", "command cmd run seed up"},
	{"undo", "down"},
	{"command", "cmd run exec script entrypoint exec_start up migrate"},
	{"env", "environment variables vars"},
	{"upgrade", "migrate migration migrations migrating"},
	{"wait", "database db depends_on"},
	{"database", "db postgres mysql"},
	{"app", "main web server process cmd"},
	{"boot", "init start general tminus"},
	{"health", "healthcheck"},
	{"log", "logging logs"},
	{"step", "task hook command pre"},
	{"service", "worker program process daemon"},
	{"job", "cron timer schedule"},
	{"dir", "directory folder volume"},
	{"template", "file config"},
	{"key", "secret"},
	{"targets", "host hosts for services depends_on"},
	{"workdir", "cwd chdir working_dir working_directory directory dir"},
	{"url", "dsn uri"},
	{"name", "db dbname database"},
	{"kind", "type driver engine"},
	{"user", "username uid"},
	{"group", "gid"},
	{"after", "depends_on depends requires needs"},
	{"if", "condition only_if enabled"},
	{"from", "source src template"},
	{"vars", "variables env"},
	{"file", "path"},
	{"directory", "path dir folder"},
	{"owner", "user chown uid"},
	{"mode", "permissions perm perms chmod"},
	{"keep", "retention"},
	{"schedule", "cron every interval at"},
	{"grace", "timeout stop_timeout shutdown_timeout stop_grace_period"},
	{"restart_limit", "retries max_restarts"},
	{"limits", "ulimits"},
	{"TMINUS_WAIT_TIMEOUT", "TMINUS_TIMEOUT"},
	{"TMINUS_APP_COMMAND", "TMINUS_COMMAND TMINUS_CMD TMINUS_APP_CMD"},
	{"TMINUS_APP_USER", "TMINUS_USER"},
	{"TMINUS_DATABASE_URL", "TMINUS_DB_URL TMINUS_URL"},
	{"TMINUS_UPGRADE_COMMAND", "TMINUS_MIGRATE"},
	{"TMINUS_SEED_ALL", "TMINUS_SEED TMINUS_SEED_COMMAND"},
	{"TMINUS_ENVIRONMENT", "TMINUS_ENV"},
};

static bool is_among(const char *word, const char *words)
{
	size_t length = strlen(word);
	for (; *words != '\0'; words += strspn(words, " ")) {
		size_t size = strcspn(words, " ");
		if (size == length && strncasecmp(words, word, length) == 0)
			return true;
		words += size;
	}
	return false;
}

static bool is_synonym(const char *word, const char *candidate)
{
	for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
		if (strcmp(synonyms[i].ours, candidate) == 0 && is_among(word, synonyms[i].others))
			return true;
	return false;
}

/* Is candidate the word with whole words more in it? */
static bool lacks_words(const char *word, size_t length, const char *candidate, size_t other)
{
	size_t same = 0;
	while (same < length && word[same] == candidate[same])
		same++;
	while (same > 0 && same < length && strchr("_.", word[same - 1]) == NULL)
		same--;
	size_t rest = length - same;
	if (other <= length)
		return false;
	if (rest == 0)
		return strchr("_.", candidate[same]) != NULL;
	return strcmp(candidate + other - rest, word + same) == 0 &&
	       strchr("_.", candidate[other - rest - 1]) != NULL;
}

struct suggestion suggest_for(const char *word)
{
	size_t length = strlen(word);
	/* Near enough is a third of the word, but one slip in any case. */
	int limit = length > SUGGEST_LENGTH ? 0 : (int)length / 3;
	struct suggestion suggestion = {.word = word, .distance = (limit < 1 ? 1 : limit) + 1};
	return suggestion;
}

void suggest_offer(struct suggestion *suggestion, const char *candidate)
{
	size_t length = strlen(suggestion->word);
	size_t other = strlen(candidate);
	if (length == 0 || length > SUGGEST_LENGTH || other > SUGGEST_LENGTH)
		return;
	int distance = 1;
	if (strcasecmp(suggestion->word, candidate) == 0 || is_synonym(suggestion->word, candidate))
		distance = 0;
	else if (!lacks_words(suggestion->word, length, candidate, other))
		distance = distance_between(suggestion->word, length, candidate, other);
	if (distance >= suggestion->distance)
		return;
	suggestion->distance = distance;
	memcpy(suggestion->best, candidate, other + 1);
}

const char *suggest_text(const struct suggestion *suggestion, char *room)
{
	room[0] = '\0';
	if (suggestion->best[0] != '\0')
		(void)snprintf(room, SUGGEST_TEXT_SIZE, "; did you mean \"%s\"?", suggestion->best);
	return room;
}

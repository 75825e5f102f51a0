#include "commands/commands.h"
#include "config/given.h"
#include "process/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/variables.h"
#include "process/signals.h"

/* clang-format off */
static const struct subcommand subcommands[] = {
	{"run", command_run, "[--] COMMAND...",
	 "wait, upgrade, seed, then run COMMAND and look after it (the default)", WORDS_COMMAND, 0},
	{"boot", command_boot, "",
	 "the steps alone, without the app: a pre-deploy command, an init container", WORDS_NONE, 0},
	{"wait", command_wait, "[TARGET...]",
	 "wait until the database and every target can be used, then end", WORDS_OWN, 0},
	{"backup", command_backup, "[--list [--json]]",
	 "back the database up into backup.directory, under the lock; show the backups there", WORDS_NONE,
	 OPTION_LIST | OPTION_JSON | OPTION_JOB},
	{"restore", command_restore,
	 "FILE|latest [--into URL] [--exclude TABLE]... [--data-only [--truncate]] [--force]",
	 "put a backup back, after a backup of what is there", WORDS_OWN,
	 OPTION_FORCE | OPTION_DATA_ONLY | OPTION_TRUNCATE | OPTION_INTO | OPTION_EXCLUDE},
	{"guard", command_guard, "[--backup] -- COMMAND...",
	 "run COMMAND (a downgrade, a stamp, a repair) under the lock, written down in the ledger",
	 WORDS_COMMAND, OPTION_BACKUP | OPTION_JOB},
	{"check", command_check, "[--history] [--json]",
	 "what a start would do now: settings, migrations, what is due; changes nothing", WORDS_COMMAND,
	 OPTION_HISTORY | OPTION_JSON},
	{"explain", command_explain, "[--json] [-- COMMAND...]",
	 "what a start runs and what it leaves out, in order, and why; asks no database", WORDS_COMMAND,
	 OPTION_JSON},
	{"new", command_new, "[--force]",
	 "look at the project here and write a tminus.ini and a Dockerfile.tminus for it", WORDS_NONE,
	 OPTION_FORCE},
	{"status", command_status, "[--json] [--watch]",
	 "what tminus does in this container: the step, why it waits, the app; 69 when none runs", false,
	 OPTION_JSON | OPTION_WATCH},
	{"health", command_health, "[--live]",
	 "0 when the app is ready, else 1; with --live 0 while boot is at work or the app lives", false,
	 OPTION_LIVE},
	{"config", command_config, "[--json | --example]",
	 "every effective setting and where it came from; an example tminus.ini", WORDS_NONE,
	 OPTION_JSON | OPTION_EXAMPLE},
	{"version", command_version, "", "the version, and the database drivers inside", WORDS_NONE, 0},
	{"help", command_help, "", "this text and every setting", WORDS_NONE, 0},
	{NULL, NULL, NULL, NULL, WORDS_NONE, 0},
};

/* --config and --set are every subcommand's: bit 0. */
static const struct option {
	const char *word;
	unsigned bit;
	bool has_value;
} options[] = {
	{"--config", 0, true},
	{"--set", 0, true},
	{"--json", OPTION_JSON, false},
	{"--example", OPTION_EXAMPLE, false},
	{"--list", OPTION_LIST, false},
	{"--backup", OPTION_BACKUP, false},
	{"--force", OPTION_FORCE, false},
	{"--data-only", OPTION_DATA_ONLY, false},
	{"--truncate", OPTION_TRUNCATE, false},
	{"--history", OPTION_HISTORY, false},
	{"--live", OPTION_LIVE, false},
	{"--watch", OPTION_WATCH, false},
	{"--into", OPTION_INTO, true},
	{"--exclude", OPTION_EXCLUDE, true},
	{"--job", OPTION_JOB, true},
};
#define OPTIONS (sizeof options / sizeof options[0])
/* clang-format on */

const struct subcommand *commands_all(void)
{
	return subcommands;
}

const struct subcommand *commands_find(const char *name)
{
	for (const struct subcommand *at = subcommands; at->name != NULL; at++)
		if (text_equal(at->name, name))
			return at;
	return NULL;
}

/* These choose a subcommand. */
static bool take_alias(const char *word, struct command_line *line)
{
	bool help = text_equal(word, "--help") || text_equal(word, "-h");
	if (!help && !text_equal(word, "--version") && !text_equal(word, "-V"))
		return false;
	line->subcommand = commands_find(help ? "help" : "version");
	return true;
}

static void keep_value(const struct option *option, char *value, struct command_line *line)
{
	if (text_equal(option->word, "--config"))
		line->request.file = value;
	else if (text_equal(option->word, "--set"))
		list_append(&line->request.set, value);
	else if (option->bit == OPTION_JOB)
		line->job = value;
	else if (option->bit == OPTION_EXCLUDE)
		list_append(&line->excluded, value);
	else
		line->request.into = value;
}

static const struct option *find_option(const char *word)
{
	size_t length = strcspn(word, "=");
	for (size_t i = 0; i < OPTIONS; i++)
		if (strlen(options[i].word) == length &&
			strncmp(word, options[i].word, length) == 0 &&
			(options[i].has_value || word[length] == '\0'))
			return &options[i];
	return NULL;
}

/* Takes the option at argv[*at], and its value when that is a word of its own. */
static int take_option(char **argv, int *at, struct command_line *line, struct error *error)
{
	char *word = argv[*at];
	const struct option *option = find_option(word);
	if (take_alias(word, line))
		return 0;
	if (option == NULL)
		return error_set(error, STATUS_USAGE,
			"unknown option %s; options of the app stand behind \"--\": tminus -- APP "
			"%s",
			word, word);
	line->options |= option->bit;
	if (!option->has_value)
		return 0;
	char *value = strchr(word, '=');
	value = value != NULL ? value + 1 : argv[++*at];
	if (value == NULL)
		return error_set(error, STATUS_USAGE, "%s needs a value", word);
	keep_value(option, value, line);
	return 0;
}

/* What stands on the line must mean something to the subcommand. */
static int check(const struct command_line *line, struct error *error)
{
	const struct subcommand *subcommand = line->subcommand;
	const char *word = line->request.app_argv[0];
	if (subcommand->run == command_help)
		return 0;
	if (word != NULL && subcommand->words == WORDS_NONE)
		return error_set(error, STATUS_USAGE, "tminus %s takes no command: \"%s\"",
			subcommand->name, word);
	for (size_t i = 0; i < OPTIONS; i++)
		if ((options[i].bit & line->options & ~subcommand->options) != 0)
			return error_set(error, STATUS_USAGE, "tminus %s knows no %s",
				subcommand->name, options[i].word);
	return 0;
}

static int parse(char **argv, struct command_line *line, struct error *error)
{
	int at = 1;
	int words = 1; /* a subcommand's own are moved together */
	bool named = false;
	for (; argv[at] != NULL && !text_equal(argv[at], "--"); at++) {
		if (argv[at][0] == '-') {
			if (take_option(argv, &at, line, error) != 0)
				return -1;
			continue;
		}
		const struct subcommand *found = named ? NULL : commands_find(argv[at]);
		if (found == NULL && line->subcommand->words != WORDS_OWN)
			break;
		if (found == NULL)
			argv[words++] = argv[at];
		else
			line->subcommand = found;
		named = true;
	}
	line->dashes = argv[at] != NULL && text_equal(argv[at], "--");
	if (line->dashes)
		at++;
	if (line->subcommand->words == WORDS_OWN) {
		while (argv[at] != NULL)
			argv[words++] = argv[at++];
		argv[words] = NULL;
		at = 1;
	}
	line->request.app_argv = argv + at;
	return check(line, error);
}

int commands_main(int argc, char **argv, char **environment)
{
	struct command_line line = {.request.environment = environment};
	struct error error = {0};
	int status = argc < 1 ? -1 : commands_as_another(argv, environment);
	if (status >= 0)
		return status;
	line.subcommand = commands_find("run");
	if (argc < 1 || parse(argv, &line, &error) != 0) {
		log_error("%s", error.message);
		log_error("tminus --help shows how it is called");
		status = STATUS_USAGE;
	} else {
		status = line.subcommand->run(&line);
	}
	list_clear(&line.request.set);
	list_clear(&line.excluded);
	return status;
}

/* Capabilities have their names from libcap, which the configuration does not know. */
static int check_capabilities(const struct config *config, struct faults *faults)
{
	uint64_t capabilities;
	struct error error;
	const struct given *given = origins_plain(config->origins, "security", "keep_caps");
	if (identity_capabilities(&config->security_keep_caps, &capabilities, &error) == 0)
		return 0;
	faults->log_format = config->log_format;
	faults->log_color = config->log_color;
	faults_add(faults, "%s: %s%s", given->origin,
		given->source == SOURCE_INI ? "keep_caps: " : "", error.message);
	return -1;
}

static void take_variable(const struct config *config, const char *name)
{
	const char *value = variable_value(config->environment.items, name);
	if (value != NULL)
		(void)setenv(name, value, 1);
	else
		(void)unsetenv(name);
}

/* Client libraries, the readers of migrations and localtime(3) look into our own environment: what
 * [env] and env_file say is for them, too. The one that we were called with stays as it is: jobs
 * call us with it again. */
static void take_environment(const struct config *config, char *const *called)
{
	const struct given_variables *set = &config->origins->variables;
	size_t count = 0;
	if (set->count + config->env_unset.count == 0)
		return;
	while (called[count] != NULL)
		count++;
	char **own = memory_zeroed(count + 1, sizeof *own);
	memcpy(own, called, count * sizeof *own);
	environ = own;
	for (size_t i = 0; i < set->count; i++)
		take_variable(config, set->items[i].name);
	for (size_t i = 0; i < config->env_unset.count; i++)
		take_variable(config, config->env_unset.items[i]);
	tzset();
}

struct config *commands_load(const struct command_line *line)
{
	struct config *config = NULL;
	struct faults faults = {0};
	if (config_load(&line->request, &config, &faults) == 0 &&
		check_capabilities(config, &faults) == 0) {
		take_environment(config, line->request.environment);
		return config;
	}
	config_free(config);
	log_configure(
		LOG_INFO, (enum log_format)faults.log_format, (enum log_color)faults.log_color);
	for (size_t i = 0; i < faults.messages.count; i++)
		log_error("%s", faults.messages.items[i]);
	faults_free(&faults);
	return NULL;
}

int commands_flush(void)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return 0;
	log_error("stdout: %s", strerror(errno));
	return STATUS_INTERNAL;
}

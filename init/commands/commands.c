#include "commands/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "process/signals.h"

/* clang-format off */
static const struct subcommand subcommands[] = {
	{"run", command_run, "[--] COMMAND...",
	 "wait, upgrade, seed, then run COMMAND and look after it (the default)", true, false},
	{"boot", command_boot, "",
	 "the steps alone, without the app: a pre-deploy command, an init container", false, false},
	{"wait", command_wait, "[TARGET...]",
	 "wait until the database and every target can be used, then end", true, false},
	{"config", command_config, "[--json | --example]",
	 "every effective setting and where it came from; an example tminus.ini", false, true},
	{"version", command_version, "", "the version, and the database drivers inside", false, false},
	{"help", command_help, "", "this text and every setting", false, false},
	{NULL, NULL, NULL, NULL, false, false},
};
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

/* An option without a value sets a flag or chooses a subcommand; one with a value keeps it. */
static int take_flag(const char *word, struct command_line *line, struct error *error)
{
	if (text_equal(word, "--help") || text_equal(word, "-h"))
		line->subcommand = commands_find("help");
	else if (text_equal(word, "--version") || text_equal(word, "-V"))
		line->subcommand = commands_find("version");
	else if (text_equal(word, "--json"))
		line->json = true;
	else if (text_equal(word, "--example"))
		line->example = true;
	else
		return error_set(error, STATUS_USAGE,
			"unknown option %s; options of the app stand behind \"--\": tminus -- APP "
			"%s",
			word, word);
	return 0;
}

static int keep_value(
	const char *option, char *value, struct command_line *line, struct error *error)
{
	if (value == NULL)
		return error_set(error, STATUS_USAGE, "%s needs a value", option);
	if (text_equal(option, "--config"))
		line->request.file = value;
	else
		list_append(&line->request.set, value);
	return 0;
}

/* Takes the option at argv[*at], and its value when that is a word of its own. */
static int take_option(char **argv, int *at, struct command_line *line, struct error *error)
{
	static const char *const with_value[] = {"--config", "--set"};
	char *word = argv[*at];
	for (size_t i = 0; i < sizeof with_value / sizeof with_value[0]; i++) {
		size_t length = strlen(with_value[i]);
		if (strncmp(word, with_value[i], length) != 0)
			continue;
		if (word[length] == '=')
			return keep_value(with_value[i], word + length + 1, line, error);
		if (word[length] == '\0')
			return keep_value(with_value[i], argv[++*at], line, error);
	}
	return take_flag(word, line, error);
}

/* What stands on the line must mean something to the subcommand. */
static int check(const struct command_line *line, struct error *error)
{
	const struct subcommand *subcommand = line->subcommand;
	const char *word = line->request.app_argv[0];
	if (word != NULL && !subcommand->takes_words && subcommand->run != command_help &&
		subcommand->run != command_version)
		return error_set(error, STATUS_USAGE, "tminus %s takes no command: \"%s\"",
			subcommand->name, word);
	if ((line->json || line->example) && !subcommand->takes_options)
		return error_set(error, STATUS_USAGE, "tminus %s knows no %s", subcommand->name,
			line->json ? "--json" : "--example");
	return 0;
}

static int parse(char **argv, struct command_line *line, struct error *error)
{
	int at = 1;
	bool named = false;
	for (; argv[at] != NULL && !text_equal(argv[at], "--"); at++) {
		if (argv[at][0] == '-') {
			if (take_option(argv, &at, line, error) != 0)
				return -1;
			continue;
		}
		const struct subcommand *found = named ? NULL : commands_find(argv[at]);
		if (found == NULL)
			break;
		line->subcommand = found;
		named = true;
	}
	line->dashes = argv[at] != NULL && text_equal(argv[at], "--");
	if (line->dashes)
		at++;
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
	return status;
}

struct config *commands_load(const struct command_line *line)
{
	struct config *config = NULL;
	struct faults faults = {0};
	if (config_load(&line->request, &config, &faults) == 0)
		return config;
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

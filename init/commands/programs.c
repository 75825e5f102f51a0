#include "commands/programs.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define SIGNALS_OF_FAULTS                                                                      \
	(SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGABRT) | SIGNAL_BIT(SIGBUS) | \
		SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGSYS))

/* clang-format off */
static const struct program programs[] = {
	{
		.names = "tini\0tini-static\0docker-init\0",
		.version = "tini version 0.19.0",
		.usage = "Usage: @ [OPTIONS] PROGRAM -- [ARGS] | --version\n",
		.prefix = "[@ tini (#)] ",
		.fatal = "FATAL",
		.refused = "exec @ failed: @",
		.flags = (const struct flag[]){
			{'h', EFFECT_HELP, NULL, NULL, "this text"},
			{' ', EFFECT_VERSION, "version", NULL, "the version"},
			{'l', EFFECT_LICENCE, NULL, NULL, "the licence"},
			{'s', EFFECT_SUBREAPER, NULL, NULL, "be a subreaper"},
			{'p', EFFECT_DEATH_SIGNAL, NULL, "SIGNAL", "get it when the parent dies"},
			{'g', EFFECT_GROUP, NULL, NULL, "signals go to the app's process group"},
			{'e', EFFECT_REMAP, NULL, "STATUS", "of the app, 0 to 255, becomes 0"},
			{'v', EFFECT_VERBOSE, NULL, NULL, "say more, up to -vvv"},
			{'w', EFFECT_WARN_OF_REAPED, NULL, NULL, "warn of each reaped orphan"},
			{0}},
		.variables = (const struct variable[]){
			{"TINI_SUBREAPER", NULL, EFFECT_SUBREAPER},
			{"TINI_KILL_PROCESS_GROUP", NULL, EFFECT_GROUP},
			{"TINI_VERBOSITY", NULL, EFFECT_VERBOSITY},
			{0}},
		.messages = (const struct message[MESSAGES]){
			[MANNER_STARTED] = {LEVEL_INFO, "Spawned child process '@' with pid '#'"},
			[MANNER_FORWARDED] = {LEVEL_DEBUG, "Passing signal: '#'"},
			[MANNER_REAPED] = {LEVEL_DEBUG, "Reaped child with pid: '#'"},
			[REAPED_KILLED] = {LEVEL_DEBUG, "Reaped child with pid: '#'"},
			[MANNER_ENDED] = {LEVEL_INFO, "Main child exited normally (with status '#')"},
			[ENDED_KILLED] = {LEVEL_INFO, "Main child exited with signal (with signal '#')"}},
		.wrong_flag = ADVICE_HELP,
		.no_command = ADVICE_HELP,
		.verbosity = LEVEL_WARN,
		.help_to = STDOUT_FILENO,
		.version_to = STDOUT_FILENO,
		.not_found = 127, .denied = 126, .failed = 1,
		.keeps = SIGNALS_OF_FAULTS | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU),
		.inherits = true,
		.warns_of_place = true,
		.splits = true,
	},
	{
		.names = "dumb-init\0",
		.version = "dumb-init v1.2.5",
		.usage = "Usage: @ [option] program [args]\nTry @ --help for full usage.\n",
		.prefix = "[dumb-init] ",
		.refused = "@: @",
		.flags = (const struct flag[]){
			{'h', EFFECT_HELP, "help", NULL, "this text"},
			{'V', EFFECT_VERSION, "version", NULL, "the version"},
			{'c', EFFECT_SINGLE, "single-child", NULL, "no session: signals go to the app alone"},
			{'r', EFFECT_REWRITE, "rewrite", "s:r", "signal s becomes r; 0: nothing"},
			{'v', EFFECT_VERBOSE, "verbose", NULL, "say more"},
			{0}},
		.variables = (const struct variable[]){
			{"DUMB_INIT_DEBUG", "1", EFFECT_VERBOSE},
			{"DUMB_INIT_SETSID", "0", EFFECT_SINGLE},
			{0}},
		.messages = (const struct message[MESSAGES]){
			[MANNER_STARTED] = {LEVEL_INFO, "Child spawned with PID #."},
			[MANNER_RECEIVED] = {LEVEL_INFO, "Received signal #."},
			[MANNER_REWRITTEN] = {LEVEL_INFO, "Translating signal # to #."},
			[MANNER_FORWARDED] = {LEVEL_INFO, "Forwarded signal # to children."},
			[MANNER_DROPPED] = {LEVEL_INFO, "Not forwarding signal # to children (ignored)."},
			[MANNER_SUSPENDED] = {LEVEL_INFO, "Suspending self due to TTY signal."},
			[MANNER_REAPED] = {LEVEL_INFO, "A child with PID # exited with exit status #."},
			[REAPED_KILLED] = {LEVEL_INFO, "A child with PID # was terminated by signal #."},
			[MANNER_ENDED] = {LEVEL_INFO, "Child exited with status #. Goodbye."},
			[ENDED_KILLED] = {LEVEL_INFO, "Child was killed by signal #. Goodbye."}},
		.no_command = ADVICE_USAGE,
		.verbosity = LEVEL_WARN,
		.help_to = STDERR_FILENO,
		.version_to = STDERR_FILENO,
		.not_found = 2, .denied = 2, .failed = 2,
		.session = true,
	},
	{
		.names = "catatonit\0",
		.version = "tini version 0.1.7_catatonit",
		.usage = "usage: @ [-ghLPV] [--] <progname> [<arguments>...]\n",
		.prefix = "@ (catatonit:#): ",
		.fatal = "ERROR",
		.missing = "missing program name",
		.refused = "cannot run @: @",
		.flags = (const struct flag[]){
			{'h', EFFECT_HELP, NULL, NULL, "this text"},
			{'V', EFFECT_VERSION, "version", NULL, "the version"},
			{'L', EFFECT_LICENCE, NULL, NULL, "the licence"},
			{'g', EFFECT_GROUP, NULL, NULL, "signals go to the app's process group"},
			{'P', EFFECT_PAUSE, NULL, NULL, "no program: reap, until INT or TERM"},
			{0}},
		.variables = (const struct variable[]){
			{"CATATONIT_DEBUG", NULL, EFFECT_VERBOSE},
			{"CATATONIT_LOG", NULL, EFFECT_RESERVED},
			{0}},
		.messages = (const struct message[MESSAGES]){
			[MANNER_STARTED] = {LEVEL_DEBUG, "@ runs as pid #"},
			[MANNER_ENDED] = {LEVEL_DEBUG, "it ended with status #"},
			[ENDED_KILLED] = {LEVEL_DEBUG, "it was killed by signal #"}},
		.wrong_flag = ADVICE_USAGE,
		.no_command = ADVICE_USAGE,
		.verbosity = LEVEL_INFO,
		.help_to = STDERR_FILENO,
		.version_to = STDOUT_FILENO,
		.not_found = 1, .denied = 1, .failed = 1,
		.keeps = SIGNALS_OF_FAULTS | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) |
			 SIGNAL_BIT(SIGTTOU),
		.subreaper = true,
		.inherits = true,
	},
};
/* clang-format on */

const struct program *program_find(const char *name)
{
	for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
		for (const char *at = programs[i].names; *at != '\0'; at += strlen(at) + 1)
			if (text_equal(at, name))
				return &programs[i];
	return NULL;
}

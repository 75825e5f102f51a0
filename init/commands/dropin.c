/* Under the name of tini, dumb-init or catatonit: that program's flags, variables, exit statuses
 * and messages, as rows of tables; what it does is run/run.c's, in the manner that they add up to.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "commands/commands.h"
#include "commands/programs.h"
#include "process/descendants.h"
#include "process/exec.h"
#include "process/signals.h"
#include "process/terminal.h"
#include "run/run.h"

#define GO_ON (-1) /* in place of an exit status */
#define CLASSIC_SIGNALS 31
#define LINE_ROOM 8192 /* the kernel's longest path twice */

/* What was asked for; the callbacks of the loop have no other place to find it. */
static struct {
	const struct program *program;
	const char *called; /* as argv[0] says */
	const char *command;
	int verbosity;
	int death_signal;
	bool subreaper, warns, group, single, pauses;
	uint64_t rewritten;
	unsigned char remapped[256]; /* by exit status: 1 becomes 0 */
	struct manner manner;
	pid_t app;
	struct text line; /* room for what the loop says, which allocates nothing */
} self;

/* --- texts ----------------------------------------------------------------------------------- */

struct arguments {
	int numbers[2];
	const char *words[2];
};

static void expand(struct text *text, const char *pattern, struct arguments given)
{
	const int *number = given.numbers;
	const char *const *word = given.words;
	for (; *pattern != '\0'; pattern++) {
		if (*pattern == '#')
			text_add_format(text, "%d", *number++);
		else if (*pattern == '@')
			text_add(text, *word++);
		else
			text_add_byte(text, *pattern);
	}
}

static void put(struct text *text, int descriptor)
{
	log_plain(descriptor, text->bytes);
	text->length = 0;
}

static void say(enum level level, const char *pattern, struct arguments given)
{
	static const char *const levels[] = {"", "WARN ", "INFO ", "DEBUG"};
	const struct program *program = self.program;
	if (pattern == NULL || (int)level > self.verbosity)
		return;
	expand(&self.line, program->prefix,
		(struct arguments){.numbers = {getpid()},
			.words = {level == LEVEL_FATAL ? program->fatal : levels[level]}});
	expand(&self.line, pattern, given);
	text_add_byte(&self.line, '\n');
	put(&self.line, program->splits && level >= LEVEL_INFO ? STDOUT_FILENO : STDERR_FILENO);
}

static void show_version(void)
{
	text_add_format(
		&self.line, "%s (tminus %s)\n", self.program->version, command_version_number());
}

static void show_usage(void)
{
	expand(&self.line, self.program->usage,
		(struct arguments){.words = {self.called, self.called}});
}

static void show_help(void)
{
	struct text *text = &self.line;
	show_version();
	show_usage();
	text_add_byte(text, '\n');
	for (const struct flag *at = self.program->flags; at->effect != EFFECT_NONE; at++) {
		if (at->letter != ' ')
			text_add_format(text, "  -%c", at->letter);
		if (at->name != NULL)
			text_add_format(text, "  --%s", at->name);
		text_add_format(text, " %s  %s\n", at->value != NULL ? at->value : "", at->help);
	}
	for (const struct variable *at = self.program->variables; at->effect != EFFECT_NONE; at++)
		text_add_format(text, "  environment: %s=%s\n", at->name,
			at->only != NULL ? at->only : "...");
}

static void advise(enum advice advice)
{
	if (advice == ADVICE_NONE)
		return;
	if (advice == ADVICE_HELP)
		show_help();
	else
		show_usage();
	put(&self.line, STDERR_FILENO);
}

static int report(void (*show)(void), int descriptor)
{
	show();
	put(&self.line, descriptor);
	return EXIT_SUCCESS;
}

static void show_licence(void)
{
	text_add(&self.line,
		"tminus, not the program of this name\nMIT License\nCopyright (c) 2026 the "
		"tminus maintainers\n");
}

/* --- flags and variables --------------------------------------------------------------------- */

static int refuse_value(char letter, const char *value)
{
	char flag[] = {letter, '\0'};
	say(LEVEL_FATAL, "Not a valid option for -@: @",
		(struct arguments){.words = {flag, value}});
	return EXIT_FAILURE;
}

static int set_death_signal(const char *value)
{
	self.death_signal = text_starts_with(value, "SIG") ? signal_number(value) : -1;
	return self.death_signal > 0 ? GO_ON : refuse_value('p', value);
}

static int remap(const char *value)
{
	char *end;
	long status = strtol(value, &end, 10);
	if (*end != '\0' || status < 0 || status > UINT8_MAX)
		return refuse_value('e', value);
	self.remapped[status] = 1;
	return GO_ON;
}

static int rewrite(const char *value)
{
	char *end;
	long from = strtol(value, &end, 10);
	bool both = *end == ':' && isdigit((unsigned char)end[1]);
	long to = both ? strtol(end + 1, NULL, 10) : -1;
	if (from < 1 || from > CLASSIC_SIGNALS || to < 0 || to > CLASSIC_SIGNALS) {
		text_add(&self.line, "Usage: -r option takes <signum>:<signum>, where <signum> is "
				     "between 1 and 31.\n");
		put(&self.line, STDERR_FILENO);
		return EXIT_FAILURE;
	}
	self.manner.becomes[from] = (unsigned char)to;
	self.rewritten |= SIGNAL_BIT(from);
	return GO_ON;
}

static int apply(enum effect effect, const char *value)
{
	switch (effect) {
	case EFFECT_NONE:
		break;
	case EFFECT_HELP:
		return report(show_help, self.program->help_to);
	case EFFECT_VERSION:
		return report(show_version, self.program->version_to);
	case EFFECT_LICENCE:
		return report(show_licence, STDOUT_FILENO);
	case EFFECT_SUBREAPER:
		self.subreaper = true;
		break;
	case EFFECT_DEATH_SIGNAL:
		return set_death_signal(value);
	case EFFECT_VERBOSE:
		self.verbosity++;
		break;
	case EFFECT_VERBOSITY:
		self.verbosity = atoi(value); // NOLINT(cert-err34-c): as tini does
		break;
	case EFFECT_WARN_OF_REAPED:
		self.warns = true;
		break;
	case EFFECT_GROUP:
		self.group = true;
		break;
	case EFFECT_SINGLE:
		self.single = true;
		break;
	case EFFECT_REMAP:
		return remap(value);
	case EFFECT_REWRITE:
		return rewrite(value);
	case EFFECT_PAUSE:
		self.pauses = true;
		break;
	case EFFECT_RESERVED:
		say(LEVEL_FATAL, "CATATONIT_LOG is reserved", (struct arguments){0});
		return EXIT_FAILURE;
	}
	return GO_ON;
}

/* In the words of getopt(3). */
static int refuse_flag(const char *what, const char *name)
{
	text_add_format(&self.line, "%s: %s '%s'\n", self.called, what, name);
	put(&self.line, STDERR_FILENO);
	advise(self.program->wrong_flag);
	return EXIT_FAILURE;
}

static const struct flag *find_letter(char letter)
{
	const struct flag *flag = self.program->flags;
	while (flag->effect != EFFECT_NONE && flag->letter != letter)
		flag++;
	return flag;
}

static const char *next_word(char **argv, int *at)
{
	return argv[*at] != NULL ? argv[(*at)++] : NULL;
}

/* The letters of one word; a value is the rest of it, or the next. */
static int take_letters(const char *letter, char **argv, int *at)
{
	int status = GO_ON;
	for (; *letter != '\0' && status == GO_ON; letter++) {
		const char name[] = {*letter, '\0'};
		const struct flag *flag = find_letter(*letter);
		if (flag->effect == EFFECT_NONE)
			return refuse_flag("invalid option --", name);
		if (flag->value == NULL) {
			status = apply(flag->effect, "");
			continue;
		}
		const char *value = letter[1] != '\0' ? letter + 1 : next_word(argv, at);
		return value != NULL ? apply(flag->effect, value)
				     : refuse_flag("option requires an argument --", name);
	}
	return status;
}

/* --name, --name=value or --name value; the beginning of a name is enough. */
static int take_long(const char *word, char **argv, int *at)
{
	const char *name = word + 2;
	size_t length = strcspn(name, "=");
	const struct flag *flag = self.program->flags;
	while (flag->effect != EFFECT_NONE &&
		(flag->name == NULL || strncmp(flag->name, name, length) != 0))
		flag++;
	if (flag->effect == EFFECT_NONE)
		return refuse_flag("unrecognized option", word);
	if (flag->value == NULL)
		return apply(flag->effect, "");
	const char *value = name[length] == '=' ? name + length + 1 : next_word(argv, at);
	return value != NULL ? apply(flag->effect, value)
			     : refuse_flag("option requires an argument", word);
}

/* Moves *at to the command. Flags end at the first word that is none, on every C library. */
static int take_flags(char **argv, int *at)
{
	int status = GO_ON;
	while (status == GO_ON && argv[*at] != NULL && argv[*at][0] == '-' &&
		argv[*at][1] != '\0') {
		const char *word = argv[(*at)++];
		if (text_equal(word, "--"))
			break;
		status = word[1] == '-' ? take_long(word, argv, at)
					: take_letters(word + 1, argv, at);
	}
	return status;
}

static int take_variables(char *const *environment)
{
	int status = GO_ON;
	const struct variable *at = self.program->variables;
	for (; at->effect != EFFECT_NONE && status == GO_ON; at++) {
		const char *value = exec_environment_value(environment, at->name);
		if (value != NULL && (at->only == NULL || text_equal(at->only, value)))
			status = apply(at->effect, value);
	}
	return status;
}

/* --- the app's life -------------------------------------------------------------------------- */

static void enter_group(void)
{
	autoclose int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
	(void)setpgid(0, 0);
	terminal_give(terminal >= 0 ? terminal : STDIN_FILENO, getpid());
}

static void enter_session(void)
{
	(void)setsid();
	(void)ioctl(STDIN_FILENO, TIOCSCTTY, 0);
}

/* Socket activation: sd_listen_fds(3) wants the app's own pid. */
static void name_listener(void)
{
	char pid[16];
	(void)snprintf(pid, sizeof pid, "%d", (int)getpid());
	if (getenv("LISTEN_PID") != NULL)
		(void)setenv("LISTEN_PID", pid, 1);
}

static int become(char *const *argv, char *const *environment)
{
	const struct program *program = self.program;
	(void)environment;
	if (!program->session)
		enter_group();
	else if (!self.single)
		enter_session();
	name_listener();
	if (program->inherits)
		signals_restore();
	else
		signals_unblock();
	int number = exec_as_libc(argv, environ);
	say(LEVEL_FATAL, program->refused,
		(struct arguments){.words = {argv[0], strerror(number)}});
	if (number == ENOENT)
		return program->not_found;
	return number == EACCES ? program->denied : program->failed;
}

static void tell(enum manner_event event, int first, int second)
{
	const struct message *messages = self.program->messages;
	struct arguments given = {.numbers = {first, second}, .words = {self.command}};
	size_t row = event;
	int status = event == MANNER_REAPED ? second : first;
	if (event == MANNER_STARTED)
		self.app = first;
	if (event == MANNER_STARTED && self.program->session)
		(void)!chdir("/"); /* no file system is kept in use */
	if (event == MANNER_REAPED || event == MANNER_ENDED) {
		given.numbers[event == MANNER_REAPED] =
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			row = event == MANNER_REAPED ? REAPED_KILLED : ENDED_KILLED;
	}
	say(messages[row].level, messages[row].text, given);
	if (event == MANNER_REAPED && self.warns && first != self.app)
		say(LEVEL_WARN, "Reaped zombie process with pid=#", given);
}

/* The session leader that gives its terminal away gets HUP and CONT for that. ioctl_tty(2) */
static void leave_terminal(void)
{
	if (ioctl(STDIN_FILENO, TIOCNOTTY) == 0 && getsid(0) == getpid())
		self.manner.once = SIGNAL_BIT(SIGHUP) | SIGNAL_BIT(SIGCONT);
}

/* As by Ctrl-Z of a shell: an app in its own session would not be stopped by TSTP. */
static void settle_stops(void)
{
	static const unsigned char numbers[] = {SIGTSTP, SIGTTIN, SIGTTOU};
	for (size_t i = 0; i < sizeof numbers; i++) {
		self.manner.suspends |= SIGNAL_BIT(numbers[i]);
		if (!self.single && (self.rewritten & SIGNAL_BIT(numbers[i])) == 0)
			self.manner.becomes[numbers[i]] = SIGSTOP;
	}
}

static void settle(void)
{
	const struct program *program = self.program;
	for (int number = 1; number <= SIGNAL_LAST; number++)
		if ((program->keeps & SIGNAL_BIT(number)) != 0)
			self.manner.becomes[number] = 0;
	self.manner.follows = true;
	self.manner.tell = tell;
	if (program->session) {
		settle_stops();
		self.group = self.manner.ends_group = !self.single;
	}
}

static void warn_of_place(void)
{
	int subreaper = 0;
	(void)prctl(PR_GET_CHILD_SUBREAPER, &subreaper, 0, 0, 0);
	if (self.program->warns_of_place && getpid() != 1 && subreaper == 0)
		say(LEVEL_WARN,
			"Neither PID 1 nor a subreaper: orphans are not reaped. Use -s or "
			"TINI_SUBREAPER, or run it as PID 1.",
			(struct arguments){0});
}

static int pause_for_ever(int signals)
{
	struct arrival arrival = {0};
	while (arrival.number != SIGTERM && arrival.number != SIGINT) {
		(void)signals_take(signals, &arrival, 1);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
	}
	return EXIT_SUCCESS;
}

static int look_after(char **argv, char **environment, int signals)
{
	struct config config = {
		.app = {.items = argv},
		.environment = {.items = environment},
		.app_signal_to = self.group ? SIGNAL_TO_GROUP : SIGNAL_TO_PROCESS,
	};
	const struct plan_request request = {.scope = PLAN_RUN, .terminal = -1};
	struct plan *plan = plan_new(&config, &request);
	plan->app->kind.command.become = become;
	self.command = argv[0];
	int status = run_plan(&config, plan, &self.manner, signals);
	return self.remapped[status & UINT8_MAX] ? EXIT_SUCCESS : status;
}

static int run(char **argv, char **environment)
{
	autoclose int signals = signals_open();
	if (self.death_signal > 0)
		(void)prctl(PR_SET_PDEATHSIG, self.death_signal);
	if (self.subreaper || self.program->subreaper)
		(void)descendants_adopt();
	warn_of_place();
	if (self.pauses)
		return pause_for_ever(signals);
	settle();
	if (self.program->session && !self.single)
		leave_terminal();
	_exit(look_after(argv, environment, signals));
}

/* Everything up to the app's start. Moves *at to the command. */
static int prepare(char **argv, char **environment, int *at)
{
	self.line = (struct text){.bytes = memory_zeroed(LINE_ROOM, 1), .capacity = LINE_ROOM};
	signal_map_identity(self.manner.becomes);
	self.verbosity = (int)self.program->verbosity;
	int status = take_flags(argv, at);
	if (status != GO_ON)
		return status;
	if (argv[*at] == NULL && !self.pauses) {
		say(LEVEL_FATAL, self.program->missing, (struct arguments){0});
		advise(self.program->no_command);
		return EXIT_FAILURE;
	}
	return take_variables(environment);
}

static int begin(char **argv, char **environment)
{
	int at = 1;
	int status = prepare(argv, environment, &at);
	return status != GO_ON ? status : run(argv + at, environment);
}

int commands_as_another(char **argv, char **environment)
{
	static const char as[] = "--as=";
	bool asked = argv[1] != NULL && text_starts_with(argv[1], as);
	self.called = asked ? argv[1] + strlen(as) : argv[0];
	self.program = program_find(asked ? self.called : text_last_part(self.called));
	if (self.program != NULL)
		return begin(argv + asked, environment);
	if (!asked)
		return -1;
	log_error("--as=%s: there is no such program that tminus can stand for", self.called);
	return STATUS_USAGE;
}

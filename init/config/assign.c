#include "config/assign.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/signal_name.h"
#include "base/text.h"
#include "config/condition.h"
#include "config/config.h"
#include "config/expand.h"
#include "config/url_text.h"
#include "config/value.h"
#include "config/words.h"

#define SHOWN_MAX 80 /* bytes of a faulty value in a message */

/* One value on its way; text is expanded already where that is its type's way. */
struct assignment {
	const struct setting *setting;
	const struct words_options *words;
	const char *text;
	const char *origin;
	void *field;
	struct error *error; /* filled by an assigner that has more to say than "no duration" */
};

/* What one type's assigner says. */
enum verdict { ASSIGNED, NOT_UNDERSTOOD, EXPLAINED };

static enum verdict assign_string(const struct assignment *assignment)
{
	char **string = assignment->field;
	*string = assignment->text[0] != '\0' ? memory_copy(assignment->text) : NULL;
	return ASSIGNED;
}

static enum verdict assign_url(const struct assignment *assignment)
{
	char **string = assignment->field;
	autofree char *url = url_trimmed(assignment->text);
	*string = url[0] != '\0' ? memory_copy(url) : NULL;
	return ASSIGNED;
}

static enum verdict assign_duration(const struct assignment *assignment)
{
	return value_duration(assignment->text, assignment->field) == 0 ? ASSIGNED : NOT_UNDERSTOOD;
}

static enum verdict assign_size(const struct assignment *assignment)
{
	return value_size(assignment->text, assignment->field) == 0 ? ASSIGNED : NOT_UNDERSTOOD;
}

static enum verdict assign_integer(const struct assignment *assignment)
{
	return value_integer(assignment->text, assignment->field) == 0 ? ASSIGNED : NOT_UNDERSTOOD;
}

static enum verdict assign_boolean(const struct assignment *assignment)
{
	return value_boolean(assignment->text, assignment->field) == 0 ? ASSIGNED : NOT_UNDERSTOOD;
}

static enum verdict assign_signal(const struct assignment *assignment)
{
	int number = signal_number(assignment->text);
	if (number < 0)
		return NOT_UNDERSTOOD;
	*(int *)assignment->field = number;
	return ASSIGNED;
}

static enum verdict assign_user(const struct assignment *assignment)
{
	if (assignment->text[0] == '\0')
		return ASSIGNED;
	int status = account_find(assignment->text, assignment->origin, ACCOUNT_FILES,
		assignment->field, assignment->error);
	return status == 0 ? ASSIGNED : EXPLAINED;
}

static enum verdict assign_group(const struct assignment *assignment)
{
	gid_t gid;
	if (assignment->text[0] == '\0')
		return ASSIGNED;
	if (account_find_group(assignment->text, ACCOUNT_FILES, &gid, assignment->error) != 0)
		return EXPLAINED;
	*(int64_t *)assignment->field = gid;
	return ASSIGNED;
}

static enum verdict assign_mask(const struct assignment *assignment)
{
	return value_mask(assignment->text, assignment->field) == 0 ? ASSIGNED : NOT_UNDERSTOOD;
}

static enum verdict assign_mode(const struct assignment *assignment)
{
	return value_mode(assignment->text, assignment->field) == 0 ? ASSIGNED : NOT_UNDERSTOOD;
}

static enum verdict assign_words(const struct assignment *assignment)
{
	int status = words_split(
		assignment->text, assignment->words, assignment->field, assignment->error);
	return status == 0 ? ASSIGNED : EXPLAINED;
}

static enum verdict assign_limits(const struct assignment *assignment)
{
	struct list words = {0};
	bool read =
		words_split(assignment->text, assignment->words, &words, assignment->error) == 0 &&
		limits_read(&words, assignment->field, assignment->error) == 0;
	list_clear(&words);
	return read ? ASSIGNED : EXPLAINED;
}

static enum verdict assign_exits(const struct assignment *assignment)
{
	struct list words = {0};
	bool read =
		words_split(assignment->text, assignment->words, &words, assignment->error) == 0 &&
		exits_read(&words, assignment->field, assignment->error) == 0;
	list_clear(&words);
	return read ? ASSIGNED : EXPLAINED;
}

static enum verdict assign_condition(const struct assignment *assignment)
{
	if (condition_check(assignment->text, assignment->error) != 0)
		return EXPLAINED;
	return assign_string(assignment);
}

static enum verdict assign_schedule(const struct assignment *assignment)
{
	int status = schedule_parse(assignment->text, assignment->field, assignment->error);
	return status == 0 ? ASSIGNED : EXPLAINED;
}

static enum verdict assign_choice(const struct assignment *assignment)
{
	const char *choices = assignment->setting->choices;
	int status = value_choice(assignment->text, choices, assignment->field);
	return status == 0 ? ASSIGNED : NOT_UNDERSTOOD;
}

static const struct {
	enum verdict (*assign)(const struct assignment *assignment);
	bool expands; /* as a whole; words are expanded one by one */
	const char *expected;
} types[] = {
	[TYPE_STRING] = {assign_string, true, NULL},
	[TYPE_SECRET] = {assign_string, true, NULL},
	[TYPE_URL] = {assign_url, true, NULL},
	[TYPE_DURATION] = {assign_duration, true, "a duration (250ms, 60s, 5m, 2h, 1d)"},
	[TYPE_SIZE] = {assign_size, true, "a size (4096, 64k, 10MiB, 1G)"},
	[TYPE_INTEGER] = {assign_integer, true, "a number"},
	[TYPE_BOOLEAN] = {assign_boolean, true, "yes or no (1 true yes on, 0 false no off)"},
	[TYPE_SIGNAL] = {assign_signal, true, "a signal (TERM, SIGINT, RTMIN+3, 15)"},
	[TYPE_USER] = {assign_user, true, NULL},
	[TYPE_GROUP] = {assign_group, true, NULL},
	[TYPE_MASK] = {assign_mask, true, "an octal mask (022, 027, 077)"},
	[TYPE_MODE] = {assign_mode, true, "an octal mode (0750, 755, 2775)"},
	[TYPE_LIMITS] = {assign_limits, false, NULL},
	[TYPE_EXITS] = {assign_exits, false, NULL},
	[TYPE_LIST] = {assign_words, false, NULL},
	[TYPE_COMMAND] = {assign_words, false, NULL},
	[TYPE_CONDITION] = {assign_condition, false, NULL},
	[TYPE_SCHEDULE] = {assign_schedule, true, NULL},
	[TYPE_CHOICE] = {assign_choice, true, NULL},
};

/* "tminus.ini:14: [wait] timeout: ", "TMINUS_WAIT_TIMEOUT: " */
static void begin_message(
	struct text *message, const struct setting *setting, const struct given *given)
{
	text_add_format(message, "%s: ", given->origin != NULL ? given->origin : "default");
	if (given->source == SOURCE_INI)
		text_add_format(message, "%s: ", setting->key);
}

static void add_expected(struct text *message, const struct setting *setting)
{
	if (types[setting->type].expected != NULL) {
		text_add(message, types[setting->type].expected);
		return;
	}
	text_add(message, "one of ");
	for (const char *byte = setting->choices; *byte != '\0'; byte++) {
		if (*byte == '|')
			text_add(message, ", ");
		else
			text_add_byte(message, *byte);
	}
}

/* Shows the text as it was given: what it was expanded to may be a secret. */
static void refuse(const struct setting *setting, const struct given *given, struct faults *faults)
{
	struct text message = {0};
	bool shown = given->source != SOURCE_FILE && !setting_is_secret(setting);
	begin_message(&message, setting, given);
	const char *text = given->text != NULL ? given->text : setting->fallback;
	if (text[0] == '\0')
		text_add(&message, "an empty value");
	else if (shown)
		text_add_format(&message, "\"%.*s\"", SHOWN_MAX, text);
	else
		text_add(&message, "the value");
	text_add(&message, " is not ");
	add_expected(&message, setting);
	faults_add(faults, "%s", message.bytes);
	text_free(&message);
}

static void explain(const struct setting *setting, const struct given *given,
	const struct error *error, struct faults *faults)
{
	struct text message = {0};
	begin_message(&message, setting, given);
	/* A faulty "${" is shown with what stands behind it, which may be a part of a password. */
	bool hidden = given->source == SOURCE_FILE || setting_is_secret(setting) ||
		      setting->type == TYPE_URL;
	text_add(&message, hidden ? expand_fault(error) : error->message);
	faults_add(faults, "%s", message.bytes);
	text_free(&message);
}

static void *field_of(const struct setting *setting, void *structure)
{
	return (char *)structure + setting->offset;
}

void assign_value(const struct setting *setting, const struct given *given,
	const struct expand_names *names, void *structure, struct faults *faults)
{
	struct error error;
	bool expand = given->text != NULL && given->source == SOURCE_INI;
	bool is_command = setting->type == TYPE_COMMAND;
	const struct expand_names its_names = {
		names->environment, names->later, names->strict && !is_command};
	const struct words_options words = {
		.kind = is_command ? WORDS_COMMAND : WORDS_LIST,
		.names = expand ? &its_names : NULL,
	};
	struct assignment assignment = {
		setting, &words, given->text, given->origin, field_of(setting, structure), &error};
	if (setting->type == TYPE_INTEGER || setting->type == TYPE_GROUP ||
		setting->type == TYPE_MASK || setting->type == TYPE_MODE)
		*(int64_t *)assignment.field = -1;
	if (assignment.text == NULL)
		assignment.text = setting->fallback;
	if (assignment.text == NULL)
		return;
	autofree char *expanded = NULL;
	if (expand && types[setting->type].expands) {
		int (*expansion)(const char *, const struct expand_names *, char **,
			struct error *) = setting->type == TYPE_URL ? expand_url : expand_text;
		if (expansion(given->text, &its_names, &expanded, &error) != 0) {
			explain(setting, given, &error, faults);
			return;
		}
		assignment.text = expanded;
	}
	enum verdict verdict = types[setting->type].assign(&assignment);
	if (verdict == NOT_UNDERSTOOD)
		refuse(setting, given, faults);
	else if (verdict == EXPLAINED)
		explain(setting, given, &error, faults);
}

void assign_clear(const struct setting *setting, void *structure)
{
	void *field = field_of(setting, structure);
	switch (setting->type) {
	case TYPE_STRING:
	case TYPE_SECRET:
	case TYPE_URL:
	case TYPE_CONDITION:
		free(*(char **)field);
		break;
	case TYPE_USER:
		account_free(*(struct account **)field);
		break;
	case TYPE_LIMITS:
		free(((struct limits *)field)->rows);
		break;
	case TYPE_LIST:
	case TYPE_COMMAND:
		list_clear(field);
		break;
	case TYPE_DURATION:
	case TYPE_SIZE:
	case TYPE_INTEGER:
	case TYPE_GROUP:
	case TYPE_MASK:
	case TYPE_MODE:
	case TYPE_BOOLEAN:
	case TYPE_SIGNAL:
	case TYPE_SCHEDULE:
	case TYPE_EXITS:
	case TYPE_CHOICE:
		break;
	}
}

#include "migrations/alembic_script.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "migrations/alembic_token.h"

struct reading {
	struct alembic_source source;
	struct alembic_token token;
	struct alembic_value *values;
	bool lost[ALEMBIC_NAMES]; /* uncertain whatever is assigned later */
	bool in_body;		  /* of a function or class */
};

static const char *const names[ALEMBIC_NAMES] = {
	[ALEMBIC_REVISION] = "revision",
	[ALEMBIC_DOWN_REVISION] = "down_revision",
	[ALEMBIC_BRANCH_LABELS] = "branch_labels",
	[ALEMBIC_DEPENDS_ON] = "depends_on",
};

const char *alembic_name_text(enum alembic_name name)
{
	return names[name];
}

const char *alembic_script_id(const struct alembic_script *script)
{
	return script->values[ALEMBIC_REVISION].strings.items[0];
}

static bool is_one_of(const struct alembic_token *token, const char *const *words)
{
	for (; *words != NULL; words++)
		if (**words == *token->text && alembic_token_is(token, *words))
			return true;
	return false;
}

/* ALEMBIC_NAMES when the token is none of them. */
static enum alembic_name name_of(const struct alembic_token *token)
{
	enum alembic_name name = 0;
	if (token->kind != TOKEN_NAME || strchr("rdb", *token->text) == NULL)
		return ALEMBIC_NAMES;
	while (name < ALEMBIC_NAMES && !alembic_token_is(token, names[name]))
		name++;
	return name;
}

static void forget(struct reading *reading, enum alembic_name name)
{
	list_clear(&reading->values[name].strings);
	reading->values[name].kind = ALEMBIC_UNCERTAIN;
}

static void forget_all(struct reading *reading)
{
	for (enum alembic_name name = 0; name < ALEMBIC_NAMES; name++)
		forget(reading, name);
}

static void lose_all(struct reading *reading)
{
	for (enum alembic_name name = 0; name < ALEMBIC_NAMES; name++)
		reading->lost[name] = true;
}

static bool at_line_end(const struct reading *reading)
{
	return reading->token.kind >= TOKEN_LINE_END;
}

static bool at_statement_end(const struct reading *reading)
{
	return at_line_end(reading) ||
	       (reading->token.depth == 0 && alembic_token_is(&reading->token, ";"));
}

/* Code in an f-string is not read. */
static bool may_mention(const struct alembic_token *string)
{
	for (enum alembic_name name = 0; name < ALEMBIC_NAMES; name++)
		if (memmem(string->text, string->length, names[name], strlen(names[name])) != NULL)
			return true;
	return false;
}

/* What stands at module level and assigns nothing that can be read: a name that it mentions may
 * have another value behind it. After some words every name may, even later. */
static void doubt(struct reading *reading)
{
	static const char *const words[] = {
		"exec", "eval", "globals", "locals", "vars", "setattr", "__dict__", NULL};
	const struct alembic_token *token = &reading->token;
	enum alembic_name name = name_of(token);
	if (name != ALEMBIC_NAMES)
		forget(reading, name);
	else if (token->kind == TOKEN_NAME && (!token->is_plain || is_one_of(token, words)))
		lose_all(reading);
	else if (token->is_formatted && may_mention(token))
		forget_all(reading);
}

/* Goes on to the next token. A fault makes code of what was none, so nothing is certain then. */
static void advance(struct reading *reading)
{
	alembic_token_next(&reading->source, &reading->token);
	if (reading->token.kind == TOKEN_FAULT)
		lose_all(reading);
}

static void doubt_rest(struct reading *reading, bool (*stops)(const struct reading *))
{
	bool after_import = false;
	for (; !stops(reading); advance(reading)) {
		if (after_import && alembic_token_is(&reading->token, "*"))
			forget_all(reading);
		after_import = alembic_token_is(&reading->token, "import");
		doubt(reading);
	}
}

static bool at_equals(const struct reading *reading)
{
	return at_statement_end(reading) ||
	       (reading->token.depth == 0 && alembic_token_is(&reading->token, "="));
}

/* A string or None. */
static bool read_element(struct reading *reading, struct alembic_value *value)
{
	const struct alembic_token *token = &reading->token;
	if (alembic_token_is(token, "None") && value->kind == ALEMBIC_ABSENT)
		value->kind = ALEMBIC_NONE;
	else if (token->kind == TOKEN_STRING && token->is_plain && value->kind != ALEMBIC_NONE)
		list_append_owned(&value->strings, memory_copy_bytes(token->text, token->length));
	else
		return false;
	if (value->kind == ALEMBIC_ABSENT)
		value->kind = ALEMBIC_STRING;
	advance(reading);
	return true;
}

static bool skip_comma(struct reading *reading)
{
	if (!alembic_token_is(&reading->token, ","))
		return false;
	advance(reading);
	return true;
}

/* Elements with commas between, up to closing ("" for the end of the statement). */
static void read_elements(struct reading *reading, struct alembic_value *value, const char *closing)
{
	while (!at_statement_end(reading) && !alembic_token_is(&reading->token, closing)) {
		if (!read_element(reading, value)) {
			value->kind = ALEMBIC_UNCERTAIN;
			return;
		}
		if (!skip_comma(reading))
			return;
		value->kind = value->kind == ALEMBIC_NONE ? ALEMBIC_UNCERTAIN : ALEMBIC_TUPLE;
	}
}

/* "..." or ("...") or ["..."], None, and several of them. */
static void read_value(struct reading *reading, struct alembic_value *value)
{
	bool is_list = alembic_token_is(&reading->token, "[");
	const char *closing = is_list ? "]" : alembic_token_is(&reading->token, "(") ? ")" : "";
	if (*closing != '\0')
		advance(reading);
	read_elements(reading, value, closing);
	if (value->kind == ALEMBIC_ABSENT && *closing != '\0')
		value->kind = ALEMBIC_TUPLE;
	if (is_list)
		value->kind = value->kind == ALEMBIC_NONE || value->kind == ALEMBIC_UNCERTAIN
				      ? ALEMBIC_UNCERTAIN
				      : ALEMBIC_TUPLE;
	if (*closing == '\0')
		return;
	if (alembic_token_is(&reading->token, closing))
		advance(reading);
	else
		value->kind = ALEMBIC_UNCERTAIN;
}

/* At one of the names, which begins a statement: NAME = VALUE or NAME: ANNOTATION = VALUE. */
static void read_assignment(struct reading *reading, enum alembic_name name)
{
	struct alembic_value value = {0};
	advance(reading);
	if (alembic_token_is(&reading->token, ":")) {
		doubt_rest(reading, at_equals);
		if (at_statement_end(reading))
			return;
	}
	forget(reading, name);
	if (!alembic_token_is(&reading->token, "="))
		return;
	advance(reading);
	read_value(reading, &value);
	if (value.kind == ALEMBIC_ABSENT || !at_statement_end(reading))
		value.kind = ALEMBIC_UNCERTAIN;
	reading->values[name].kind = value.kind;
	if (value.kind == ALEMBIC_UNCERTAIN)
		list_clear(&value.strings);
	reading->values[name].strings = value.strings;
}

/* The simple statements of one line. */
static void read_statements(struct reading *reading)
{
	for (;;) {
		enum alembic_name name = name_of(&reading->token);
		if (name != ALEMBIC_NAMES)
			read_assignment(reading, name);
		doubt_rest(reading, at_statement_end);
		if (at_line_end(reading))
			return;
		advance(reading);
	}
}

/* A line of a function or class: it says nothing about the module but through some words, which
 * alembic_token_skip_body knows too. */
static void read_body_line(struct reading *reading)
{
	static const char *const words[] = {"exec", "globals", NULL};
	bool after_global = false;
	bool after_dot = false;
	for (; !at_line_end(reading); advance(reading)) {
		enum alembic_name name = after_global ? name_of(&reading->token) : ALEMBIC_NAMES;
		if (name != ALEMBIC_NAMES)
			reading->lost[name] = true;
		else if (!after_dot && is_one_of(&reading->token, words))
			lose_all(reading);
		after_global = after_global || alembic_token_is(&reading->token, "global");
		after_dot = alembic_token_is(&reading->token, ".");
	}
}

/* "def upgrade(...):" defines a name; "async" may stand before it. */
static void read_definition(struct reading *reading)
{
	if (alembic_token_is(&reading->token, "async"))
		advance(reading);
	advance(reading);
	doubt(reading);
	read_body_line(reading);
	(void)alembic_token_skip_body(&reading->source);
}

static void read_line(struct reading *reading)
{
	static const char *const definitions[] = {"def", "class", "async", NULL};
	static const char *const compounds[] = {
		"if", "elif", "else", "for", "while", "try", "except", "finally", "with", NULL};
	bool at_margin = reading->token.column == 0;
	if (at_margin)
		reading->in_body = is_one_of(&reading->token, definitions);
	if (at_margin && reading->in_body)
		read_definition(reading);
	else if (reading->in_body)
		read_body_line(reading);
	else if (at_margin && !is_one_of(&reading->token, compounds))
		read_statements(reading);
	else
		doubt_rest(reading, at_line_end);
}

void alembic_script_read(struct alembic_script *script, const char *source, size_t length)
{
	struct reading reading = {
		.source = alembic_source_open(source, length), .values = script->values};
	for (advance(&reading); reading.token.kind < TOKEN_END; advance(&reading))
		read_line(&reading);
	for (enum alembic_name name = 0; name < ALEMBIC_NAMES; name++)
		if (reading.lost[name])
			forget(&reading, name);
}

void alembic_script_clear(struct alembic_script *script)
{
	for (enum alembic_name name = 0; name < ALEMBIC_NAMES; name++)
		list_clear(&script->values[name].strings);
	free(script->path);
	*script = (struct alembic_script){0};
}

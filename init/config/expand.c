#include "config/expand.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "config/url_text.h"
#include "config/variables.h"

#define SCHEME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-"
#define DEPTH_MAX 8   /* of references in defaults of references */
#define FAULTS_MAX 50 /* of one template: it is none */

/* NOLINTBEGIN(misc-no-recursion): a default is text again, at most DEPTH_MAX deep. */

struct expansion {
	struct expand_names names;
	struct text *result;
	struct error *error;
	int depth;
	const struct list *only; /* NULL: all names are expanded */
	bool encodes;		 /* values */
	const struct list *secrets;
	bool *secret; /* is set where one of them is met */
};

struct reference {
	const char *name;
	size_t name_length;
	char action;	  /* '-' or '?', 0 for none */
	const char *word; /* the default or the message */
	size_t word_length;
};

static int expand_bytes(struct expansion *expansion, const char *bytes, size_t length);

/* The '}' that closes what was opened before text, with those of inner references skipped. */
static const char *find_close(const char *text, const char *end)
{
	int open = 1;
	for (; text < end; text++) {
		if (*text == '$' && text + 1 < end && text[1] == '{')
			open++;
		else if (*text == '}' && --open == 0)
			return text;
	}
	return NULL;
}

/* Takes the inside of ${...} apart. */
static int parse_reference(
	const char *inside, size_t length, struct reference *reference, struct error *error)
{
	size_t name = 0;
	while (name < length && variable_byte(inside[name], name == 0))
		name++;
	*reference = (struct reference){.name = inside, .name_length = name};
	if (name > 0 && name == length)
		return 0;
	if (name > 0 && length - name >= 2 && inside[name] == ':' &&
		(inside[name + 1] == '-' || inside[name + 1] == '?')) {
		reference->action = inside[name + 1];
		reference->word = inside + name + 2;
		reference->word_length = length - name - 2;
		return 0;
	}
	return error_set(error, STATUS_CONFIG,
		"\"${%.*s}\" is not understood: there are ${NAME}, ${NAME:-default} and "
		"${NAME:?message} "
		"($$ is a $)",
		(int)(length < 60 ? length : 60), inside);
}

static int refuse_unset(const struct reference *reference, struct error *error)
{
	int name = (int)reference->name_length;
	if (reference->word_length == 0)
		return error_set(error, STATUS_CONFIG, "the variable %.*s is not set or empty",
			name, reference->name);
	return error_set(error, STATUS_CONFIG, "the variable %.*s is not set or empty: %.*s", name,
		reference->name, (int)reference->word_length, reference->word);
}

static bool is_name(const char *name, size_t length, const char *other)
{
	return strlen(other) == length && strncmp(other, name, length) == 0;
}

/* Empty is as good as not set: the key takes its place. */
static bool is_later(
	const struct expansion *expansion, const struct reference *reference, const char *value)
{
	const struct list *later = expansion->names.later;
	for (size_t i = 0; later != NULL && i < later->count; i++)
		if (is_name(reference->name, reference->name_length, later->items[i]))
			return value == NULL || value[0] == '\0';
	return false;
}

static int expand_reference(struct expansion *expansion, const struct reference *reference)
{
	const char *value = variable_value_of(
		expansion->names.environment, reference->name, reference->name_length);
	bool given = value != NULL && (value[0] != '\0' || reference->action == 0);
	if (is_later(expansion, reference, value))
		return error_set(expansion->error, STATUS_CONFIG,
			"%.*s is a [key NAME], whose value comes later: here nobody knows it yet",
			(int)reference->name_length, reference->name);
	if (given && expansion->encodes)
		url_add_encoded(expansion->result, value, "");
	else if (given)
		text_add(expansion->result, value);
	if (value == NULL && reference->action == 0 && expansion->names.strict)
		return error_set(expansion->error, STATUS_CONFIG,
			"the variable %.*s is not set (${%.*s:-} where it may be missing)",
			(int)reference->name_length, reference->name, (int)reference->name_length,
			reference->name);
	if (given || reference->action == 0)
		return 0;
	if (reference->action == '?')
		return refuse_unset(reference, expansion->error);
	if (expansion->depth == DEPTH_MAX)
		return error_set(expansion->error, STATUS_CONFIG, "${...} is nested too deeply");
	expansion->depth++;
	int status = expand_bytes(expansion, reference->word, reference->word_length);
	expansion->depth--;
	return status;
}

/* Does "${NAME" of a name in the list stand at text? */
static bool is_listed(const struct list *only, const char *text, const char *end)
{
	size_t length = 0;
	text += 2;
	while (text + length < end && variable_byte(text[length], length == 0))
		length++;
	for (size_t i = 0; i < only->count; i++)
		if (is_name(text, length, only->items[i]))
			return true;
	return false;
}

/* Expands the '$' at text; returns what follows, NULL after an error. */
static const char *expand_dollar(struct expansion *expansion, const char *text, const char *end)
{
	bool special = text + 1 < end && (text[1] == '$' || text[1] == '{');
	if (special && expansion->only != NULL)
		special = text[1] == '{' && is_listed(expansion->only, text, end);
	if (!special || text[1] == '$') {
		text_add_byte(expansion->result, '$');
		return text + (special ? 2 : 1);
	}
	if (expansion->secrets != NULL && is_listed(expansion->secrets, text, end))
		*expansion->secret = true;
	const char *close = find_close(text + 2, end);
	if (close == NULL) {
		(void)error_set(expansion->error, STATUS_CONFIG,
			"a \"${\" has no \"}\" ($$ is a $, so $${ stands for itself)");
		return NULL;
	}
	struct reference reference;
	if (parse_reference(text + 2, (size_t)(close - text - 2), &reference, expansion->error) !=
		0)
		return NULL;
	return expand_reference(expansion, &reference) == 0 ? close + 1 : NULL;
}

static int expand_bytes(struct expansion *expansion, const char *bytes, size_t length)
{
	const char *end = bytes + length;
	while (bytes < end) {
		const char *dollar = memchr(bytes, '$', (size_t)(end - bytes));
		const char *plain = dollar != NULL ? dollar : end;
		text_add_bytes(expansion->result, bytes, (size_t)(plain - bytes));
		bytes = plain;
		if (dollar != NULL)
			bytes = expand_dollar(expansion, dollar, end);
		if (bytes == NULL)
			return -1;
	}
	return 0;
}

/* NOLINTEND(misc-no-recursion) */

static size_t line_of(const char *bytes, const char *at)
{
	size_t line = 1;
	for (; bytes < at; bytes++)
		line += *bytes == '\n';
	return line;
}

/* Behind a fault it goes on, so that all are told. */
int expand_template(
	const struct expand_template *template, struct text *result, struct faults *faults)
{
	struct error error = {0};
	struct expansion expansion = {.names = {template->environment, NULL, true},
		.result = result,
		.error = &error,
		.only = template->only,
		.secrets = template->secrets,
		.secret = template->secret};
	const char *at = template->bytes;
	const char *end = at + template->length;
	int wrong = 0;
	while (at < end && wrong < FAULTS_MAX) {
		const char *dollar = memchr(at, '$', (size_t)(end - at));
		const char *plain = dollar != NULL ? dollar : end;
		text_add_bytes(result, at, (size_t)(plain - at));
		at = dollar != NULL ? expand_dollar(&expansion, dollar, end) : end;
		if (at != NULL)
			continue;
		faults_add(faults, "%s:%zu: %s", template->name, line_of(template->bytes, dollar),
			error.message);
		const char *close = find_close(dollar + 2, end);
		at = close != NULL ? close + 1 : dollar + 2;
		expansion.depth = 0;
		wrong++;
	}
	return wrong > 0 ? -1 : 0;
}

int expand_text(
	const char *text, const struct expand_names *names, char **result, struct error *error)
{
	struct text expanded = {0};
	struct expansion expansion = {.names = *names, .result = &expanded, .error = error};
	if (expand_bytes(&expansion, text, strlen(text)) != 0) {
		text_free(&expanded);
		return -1;
	}
	*result = text_take(&expanded);
	return 0;
}

bool expand_is_url(const char *text)
{
	size_t scheme = strspn(text, SCHEME_BYTES);
	return scheme > 0 && strncmp(text + scheme, "://", 3) == 0;
}

/* How much of text is a URL up to the end of its login; 0 where it has none. */
static size_t login_length(const char *text)
{
	size_t login = 0;
	if (!expand_is_url(text))
		return 0;
	size_t scheme = strspn(text, SCHEME_BYTES);
	const char *end = text + strlen(text);
	for (const char *at = text + scheme + 3; at < end && strchr("/?#", *at) == NULL; at++) {
		const char *close = NULL;
		if (*at == '@')
			login = (size_t)(at - text);
		if (at[0] == '$' && at[1] == '{')
			close = find_close(at + 2, end);
		if (close != NULL)
			at = close;
	}
	return login;
}

int expand_url(
	const char *text, const struct expand_names *names, char **result, struct error *error)
{
	struct text expanded = {0};
	struct expansion expansion = {
		.names = *names, .result = &expanded, .error = error, .encodes = true};
	size_t login = login_length(text);
	int status = expand_bytes(&expansion, text, login);
	expansion.encodes = false;
	if (status == 0)
		status = expand_bytes(&expansion, text + login, strlen(text + login));
	if (status != 0)
		text_free(&expanded);
	else
		*result = text_take(&expanded);
	return status;
}

const char *expand_fault(const struct error *error)
{
	bool faulty = strstr(error->message, "is not understood") != NULL;
	return faulty ? "a ${...} in it is not understood ($$ is a $)" : error->message;
}

int expand_at(const char **cursor, const struct expand_names *names, struct text *result,
	struct error *error)
{
	struct expansion expansion = {.names = *names, .result = result, .error = error};
	const char *rest = expand_dollar(&expansion, *cursor, *cursor + strlen(*cursor));
	if (rest == NULL)
		return -1;
	*cursor = rest;
	return 0;
}

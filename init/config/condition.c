#include "config/condition.h"

#include <string.h>

#include "base/memory.h"
#include "config/url.h"
#include "config/value.h"
#include "config/variables.h"

#define SHOWN_MOST 60 /* bytes of a value in a reason */

enum test { TEST_TRUE, TEST_FALSE, TEST_EQUAL, TEST_DIFFERENT };

/* One NAME, !NAME, NAME = value or NAME != value. */
struct term {
	enum test test;
	const char *name;
	size_t name_length;
	const char *value;
	size_t value_length;
};

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t\r\n");
}

static const char *expected_name(const char *at, struct error *error)
{
	(void)error_set(error, STATUS_CONFIG,
		"expected the name of a variable at \"%.40s\"; a condition is NAME, !NAME, NAME = "
		"value "
		"or NAME != value, joined by \"and\"",
		at);
	return NULL;
}

/* Reads a value, quoted or up to the next blank; returns what follows, NULL after an error. */
static const char *read_value(const char *text, struct term *term, struct error *error)
{
	char quote = *text;
	if (quote != '"' && quote != '\'') {
		term->value = text;
		term->value_length = strcspn(text, " \t\r\n");
		if (text_starts_with(text, "${")) {
			(void)error_set(error, STATUS_CONFIG,
				"%.*s is compared with a word, and no ${...} is expanded in it",
				(int)term->name_length, term->name);
			return NULL;
		}
		if (term->value_length > 0)
			return text + term->value_length;
		(void)error_set(error, STATUS_CONFIG,
			"a value is missing behind %.*s (an empty one is \"\")",
			(int)term->name_length, term->name);
		return NULL;
	}
	const char *end = strchr(text + 1, quote);
	if (end == NULL) {
		(void)error_set(error, STATUS_CONFIG, "a %c has no closing %c", quote, quote);
		return NULL;
	}
	term->value = text + 1;
	term->value_length = (size_t)(end - text - 1);
	return end + 1;
}

/* Reads one term; returns what follows it, NULL after an error. */
static const char *read_term(const char *text, struct term *term, struct error *error)
{
	*term = (struct term){.test = TEST_TRUE};
	if (*text == '!') {
		term->test = TEST_FALSE;
		text = skip_blanks(text + 1);
	}
	term->name = text;
	while (variable_byte(*text, text == term->name))
		text++;
	term->name_length = (size_t)(text - term->name);
	if (term->name_length == 0)
		return expected_name(term->name, error);
	const char *sign = skip_blanks(text);
	if (*sign != '=' && strncmp(sign, "!=", 2) != 0)
		return text;
	if (term->test == TEST_FALSE) {
		(void)error_set(error, STATUS_CONFIG,
			"write %.*s != value instead of !%.*s = value", (int)term->name_length,
			term->name, (int)term->name_length, term->name);
		return NULL;
	}
	term->test = *sign == '=' ? TEST_EQUAL : TEST_DIFFERENT;
	sign += term->test == TEST_EQUAL ? strspn(sign, "=") : 2;
	return read_value(skip_blanks(sign), term, error);
}

/* Skips an "and" and the blanks around it; NULL when something else follows. */
static const char *read_and(const char *text, struct error *error)
{
	const char *word = skip_blanks(text);
	if (*word == '\0')
		return word;
	bool joined = word > text && strncmp(word, "and", 3) == 0;
	const char *next = joined ? skip_blanks(word + 3) : word;
	if (joined && next > word + 3 && *next != '\0')
		return next;
	(void)error_set(
		error, STATUS_CONFIG, "expected \"and\" and another condition at \"%.40s\"", word);
	return NULL;
}

static bool term_holds(const struct term *term, char *const *environment)
{
	const char *value = variable_value_of(environment, term->name, term->name_length);
	if (value == NULL)
		value = "";
	bool truth = false;
	bool equal = term->value != NULL && strlen(value) == term->value_length &&
		     strncmp(value, term->value, term->value_length) == 0;
	switch (term->test) {
	case TEST_TRUE:
		return value_boolean(value, &truth) == 0 && truth;
	case TEST_FALSE:
		return value_boolean(value, &truth) != 0 || !truth;
	case TEST_EQUAL:
		return equal;
	case TEST_DIFFERENT:
		return !equal;
	}
	return false;
}

/* Adds what the variable of a term is. A value that is only asked for being there is not told. */
static void explain_term(const struct term *term, char *const *environment, struct text *reason)
{
	const char *value = variable_value_of(environment, term->name, term->name_length);
	bool any = term->value != NULL && term->value_length == 0;
	text_add_format(reason, "%s%.*s is ", reason->length > 0 ? ", " : "",
		(int)term->name_length, term->name);
	if (value == NULL || value[0] == '\0') {
		text_add(reason, value == NULL ? "not set" : "empty");
	} else if (any) {
		text_add(reason, "set");
	} else {
		autofree char *masked = url_masked(value);
		text_add_format(reason, "%.*s", SHOWN_MOST, masked);
	}
}

/* Reads the whole condition and says in *holds whether it holds; and in reason, unless it is NULL,
 * why. */
static int evaluate(const char *condition, char *const *environment, bool *holds,
	struct text *reason, struct error *error)
{
	*holds = true;
	const char *text = skip_blanks(condition);
	while (*text != '\0') {
		struct term term;
		text = read_term(text, &term, error);
		if (text == NULL)
			return -1;
		if (reason != NULL && *holds)
			explain_term(&term, environment, reason);
		*holds = *holds && term_holds(&term, environment);
		text = read_and(text, error);
		if (text == NULL)
			return -1;
	}
	return 0;
}

int condition_check(const char *condition, struct error *error)
{
	bool holds;
	return evaluate(condition, NULL, &holds, NULL, error);
}

bool condition_holds(const char *condition, char *const *environment)
{
	struct error error;
	bool holds;
	return condition == NULL ||
	       (evaluate(condition, environment, &holds, NULL, &error) == 0 && holds);
}

char *condition_reason(const char *condition, char *const *environment)
{
	struct error error;
	struct text reason = {0};
	bool holds;
	if (condition != NULL)
		(void)evaluate(condition, environment, &holds, &reason, &error);
	return text_take(&reason);
}

#include "check.h"

#include "base/memory.h"
#include "config/condition.h"
#include "config/expand.h"
#include "config/words.h"

static char *environment[] = {"A=alpha", "EMPTY=", "SPACES=one two  three",
	"QUOTES=\"x' $A ${A} \\", "LINES=one\ntwo", "PERCENT=%s%n", "COMMA=a,b", "YES=Yes",
	"NO=off", "AB=long", NULL};
static const struct expand_names names = {.environment = environment};

static void references_are_expanded_once(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected; /* NULL: fails */
	} rows[] = {
		{"", ""},
		{"plain", "plain"},
		{"${A}", "alpha"},
		{"<${A}>${A}", "<alpha>alpha"},
		{"${AB}", "long"},
		{"${MISSING}", ""},
		{"${EMPTY}", ""},
		{"${MISSING:-default}", "default"},
		{"${EMPTY:-default}", "default"},
		{"${A:-default}", "alpha"},
		{"${MISSING:-}", ""},
		{"${MISSING:-a b ' \" = ; #}", "a b ' \" = ; #"},
		{"${MISSING:-${A}}", "alpha"},
		{"${MISSING:-${ALSO:-x}y}z", "xyz"},
		{"${MISSING:-$$}", "$"},
		{"${MISSING:-:?}", ":?"},
		{"${A:?is needed}", "alpha"},
		{"${MISSING:?is needed}", NULL},
		{"${EMPTY:?}", NULL},
		{"$A", "$A"},
		{"$", "$"},
		{"a$", "a$"},
		{"$$", "$"},
		{"$$$", "$$"},
		{"$${A}", "${A}"},
		{"$$${A}", "$alpha"},
		{"$(id)", "$(id)"},
		{"}", "}"},
		{"${QUOTES}", "\"x' $A ${A} \\"},
		{"${LINES}", "one\ntwo"},
		{"${PERCENT}", "%s%n"},
		{"${", NULL},
		{"${A", NULL},
		{"${}", NULL},
		{"${1A}", NULL},
		{"${A-B}", NULL},
		{"${A:+x}", NULL},
		{"${A:}", NULL},
		{"${A }", NULL},
		{"${A%%.*}", NULL},
		{"${MISSING:-${}", NULL},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct error error;
		autofree char *result = NULL;
		int status = expand_text(rows[i].text, &names, &result, &error);
		CHECK_TRUE(rows[i].text, (status == 0) == (rows[i].expected != NULL));
		CHECK_TEXT(rows[i].text, result, rows[i].expected);
	}
}

static void a_missing_variable_fails_with_its_name_and_message(void **state)
{
	(void)state;
	struct error error;
	char *result = NULL;
	assert_int_equal(expand_text("${KEY:?make one first}", &names, &result, &error), -1);
	assert_string_equal(error.message, "the variable KEY is not set or empty: make one first");
	assert_int_equal(error.status, STATUS_CONFIG);
}

static void one_that_is_not_set_is_a_fault_where_names_are_strict(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *fault; /* NULL: none */
	} rows[] = {
		{"${MISSING}",
			"the variable MISSING is not set (${MISSING:-} where it may be missing)"},
		{"${X:-${MISSING}}",
			"the variable MISSING is not set (${MISSING:-} where it may be "
			"missing)"},
		{"${MISSING:-}", NULL},
		{"${EMPTY}", NULL},
		{"${A:-${MISSING}}", NULL},
	};
	const struct expand_names strict = {.environment = environment, .strict = true};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct error error = {0};
		autofree char *result = NULL;
		int status = expand_text(rows[i].text, &strict, &result, &error);
		CHECK_TRUE(rows[i].text, (status == 0) == (rows[i].fault == NULL));
		if (rows[i].fault != NULL)
			CHECK_TEXT(rows[i].text, error.message, rows[i].fault);
	}
}

static void deep_nesting_ends_in_an_error(void **state)
{
	(void)state;
	struct text deep = {0};
	for (int i = 0; i < 1000; i++)
		text_add(&deep, "${X:-");
	for (int i = 0; i < 1000; i++)
		text_add_byte(&deep, '}');
	struct error error;
	char *result = NULL;
	assert_int_equal(expand_text(deep.bytes, &names, &result, &error), -1);
	text_free(&deep);
}

/* The words, each behind a '|'. */
static char *split(const char *text, enum words_kind kind, bool expand)
{
	const struct words_options options = {kind, expand ? &names : NULL};
	struct list words = {0};
	struct text joined = {0};
	struct error error;
	int status = words_split(text, &options, &words, &error);
	for (size_t i = 0; status == 0 && i < words.count; i++)
		text_add_format(&joined, "|%s", words.items[i]);
	list_clear(&words);
	if (status == 0)
		return text_take(&joined);
	text_free(&joined);
	return NULL;
}

static void words_follow_the_shells_quoting(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"", ""},
		{"  \t\n ", ""},
		{"a b", "|a|b"},
		{" a\t b\nc ", "|a|b|c"},
		{"''", "|"},
		{"\"\"", "|"},
		{"a '' b", "|a||b"},
		{"'a b'", "|a b"},
		{"\"a b\"", "|a b"},
		{"a'b c'd", "|ab cd"},
		{"'it'\\''s'", "|it's"},
		{"a\\ b", "|a b"},
		{"\\'", "|'"},
		{"\\\\", "|\\"},
		{"'\\'", "|\\"},
		{"\"\\\"\"", "|\""},
		{"\"\\\\\"", "|\\"},
		{"\"\\n\"", "|\\n"},
		{"\"\\$A\"", "|$A"},
		{"a\\\nb", "|ab"},
		{"a \\\n b", "|a|b"},
		{"\"a\\\nb\"", "|ab"},
		{"'a\nb'", "|a\nb"},
		{"sh -c 'a ; b'", "|sh|-c|a ; b"},
		{"a ; b # c", "|a|;|b|#|c"},
		{"a=b --x=\"y z\"", "|a=b|--x=y z"},
		{"*.c ~ $(x) `y`", "|*.c|~|$(x)|`y`"},
		{"a,b", "|a,b"},
		{"a\\", "|a\\"},
		{"${A}", "|alpha"},
		{"\"${A}\"", "|alpha"},
		{"'${A}'", "|${A}"},
		{"\\${A}", "|${A}"},
		{"\"\\${A}\"", "|${A}"},
		{"$$ \"$$\" '$$'", "|$|$|$$"},
		{"${SPACES}", "|one two  three"},
		{"x${SPACES}y", "|xone two  threey"},
		{"${QUOTES}", "|\"x' $A ${A} \\"},
		{"${LINES} ${PERCENT}", "|one\ntwo|%s%n"},
		{"${EMPTY}", "|"},
		{"${MISSING} a", "||a"},
		{"${MISSING:-a b} c", "|a b|c"},
		{"'", NULL},
		{"\"", NULL},
		{"a 'b", NULL},
		{"\"a\\\"", NULL},
		{"\"${A\"", NULL},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *words = split(rows[i].text, WORDS_COMMAND, true);
		CHECK_TEXT(rows[i].text, words, rows[i].expected);
	}
}

static void without_expansion_a_dollar_is_an_ordinary_character(void **state)
{
	(void)state;
	static const char *const rows[] = {"${A}", "$$", "${", "\"${A}\""};
	static const char *const expected[] = {"|${A}", "|$$", "|${", "|${A}"};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *words = split(rows[i], WORDS_COMMAND, false);
		CHECK_TEXT(rows[i], words, expected[i]);
	}
}

static void commas_separate_items_of_a_list_but_not_hosts_of_a_url(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"a,b", "|a|b"},
		{"a, b ,c", "|a|b|c"},
		{",a,,b,", "|a|b"},
		{"'a,b'", "|a,b"},
		{"${COMMA}", "|a,b"},
		{"tcp://a:1,tcp://b:2", "|tcp://a:1|tcp://b:2"},
		{"tcp://a:1, tcp://b:2", "|tcp://a:1|tcp://b:2"},
		{"postgres://h1:1,h2:2/x,tcp://b:2", "|postgres://h1:1,h2:2/x|tcp://b:2"},
		{"postgres://h1,h2/x file:/a,file:/b", "|postgres://h1,h2/x|file:/a|file:/b"},
		{"unix:/a,tcp://b:1", "|unix:/a|tcp://b:1"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *words = split(rows[i].text, WORDS_LIST, true);
		CHECK_TEXT(rows[i].text, words, rows[i].expected);
	}
}

static void joined_words_split_into_the_same_again(void **state)
{
	(void)state;
	char *argv[] = {"sh", "-c", "echo 'x' \"y\" $A ${A}; \\", "", "a b", "\n", "$$", "é", NULL};
	autofree char *line = words_join(argv);
	const struct words_options options = {WORDS_COMMAND, &names};
	struct list words = {0};
	struct error error;
	assert_int_equal(words_split(line, &options, &words, &error), 0);
	assert_int_equal(words.count, LENGTH(argv) - 1);
	for (size_t i = 0; i < words.count; i++)
		assert_string_equal(words.items[i], argv[i]);
	list_clear(&words);
}

static void words_that_only_a_shell_understands_are_found(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"a && b", "&&"},
		{"'x y' a | b", "|"},
		{"a >/dev/null", ">/dev/null"},
		{"a 2>&1", "2>&1"},
		{"a ; b", ";"},
		{"sh -c 'a && b'", NULL},
		{"find . -exec x {} \\;", NULL},
		{"echo \"a | b\" '|'", NULL},
		{"a&&b", NULL},
		{"a # b", "#"},
		{"a '#' b#c", NULL},
		{"cd x; a", "x;"},
		{"a $(b)", "$(b)"},
		{"a `b`", "`b`"},
		{"a ${B} $B", NULL},
		{"", NULL},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *found = words_shell_operator(rows[i].text);
		CHECK_TEXT(rows[i].text, found, rows[i].expected);
	}
}

static void words_that_a_shell_would_take_for_patterns_are_found(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"tmp/a.pid tmp/*.pid", "tmp/*.pid"},
		{"a?", "a?"},
		{"a [0-9]", "[0-9]"},
		{"a # b", "#"},
		{"'*.pid' a\\*", NULL},
		{"", NULL},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *found = words_pattern(rows[i].text);
		CHECK_TEXT(rows[i].text, found, rows[i].expected);
	}
}

static void conditions_hold_or_not(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int holds; /* -1: not a condition */
	} rows[] = {
		{"", 1},
		{"  ", 1},
		{"YES", 1},
		{"!YES", 0},
		{"! YES", 0},
		{"NO", 0},
		{"!NO", 1},
		{"MISSING", 0},
		{"!MISSING", 1},
		{"EMPTY", 0},
		{"A", 0},
		{"A = alpha", 1},
		{"A=alpha", 1},
		{"A == alpha", 1},
		{"A = Alpha", 0},
		{"A != alpha", 0},
		{"A!=beta", 1},
		{"MISSING = \"\"", 1},
		{"MISSING != \"\"", 0},
		{"SPACES = \"one two  three\"", 1},
		{"SPACES = 'one two  three'", 1},
		{"YES and A = alpha", 1},
		{"YES and A = alpha and !NO", 1},
		{"YES and NO", 0},
		{"NO and YES", 0},
		{"A = and", 0},
		{"A = alpha\n\tand YES", 1},
		{"A =", -1},
		{"= alpha", -1},
		{"!", -1},
		{"!A = alpha", -1},
		{"A B", -1},
		{"A or B", -1},
		{"A and", -1},
		{"and", 0}, /* a variable of that name */
		{"YES andA", -1},
		{"A = 'x", -1},
		{"A = x y", -1},
		{"A && B", -1},
		{"$A = x", -1},
		{"${A}", -1},
		{"1A", -1},
		{"(A)", -1},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct error error;
		int status = condition_check(rows[i].text, &error);
		CHECK_TRUE(rows[i].text, (status == 0) == (rows[i].holds >= 0));
		CHECK_TRUE(rows[i].text,
			condition_holds(rows[i].text, environment) == (rows[i].holds == 1));
	}
	assert_true(condition_holds(NULL, environment));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_are_expanded_once),
		cmocka_unit_test(a_missing_variable_fails_with_its_name_and_message),
		cmocka_unit_test(one_that_is_not_set_is_a_fault_where_names_are_strict),
		cmocka_unit_test(deep_nesting_ends_in_an_error),
		cmocka_unit_test(words_follow_the_shells_quoting),
		cmocka_unit_test(without_expansion_a_dollar_is_an_ordinary_character),
		cmocka_unit_test(commas_separate_items_of_a_list_but_not_hosts_of_a_url),
		cmocka_unit_test(joined_words_split_into_the_same_again),
		cmocka_unit_test(words_that_only_a_shell_understands_are_found),
		cmocka_unit_test(words_that_a_shell_would_take_for_patterns_are_found),
		cmocka_unit_test(conditions_hold_or_not),
	};
	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}

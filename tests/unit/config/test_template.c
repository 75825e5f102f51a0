#include "check.h"

#include "base/memory.h"
#include "config/expand.h"

static char *environment[] = {"A=alpha", "EMPTY=", "SPACES=one two  three",
	"QUOTES=\"x' $A ${A} \\", "LINES=one\ntwo\n", "PERCENT=%s%n", "AB=long", NULL};
static char *names[] = {"A", "EMPTY", "LINES", "MISSING", NULL};
static const struct list only = {.items = names, .count = 4};

/* The expansion, or behind a '!' its faults, one a line. */
static char *expand(const char *bytes, size_t length, const struct list *listed)
{
	const struct expand_template template = {.bytes = bytes,
		.length = length,
		.name = "t.in",
		.only = listed,
		.environment = environment};
	struct text result = {0};
	struct faults faults = {0};
	bool well = expand_template(&template, &result, &faults) == 0;
	assert_true(well == (faults.messages.count == 0));
	if (!well) {
		text_free(&result);
		for (size_t i = 0; i < faults.messages.count; i++)
			text_add_format(
				&result, "%s%s", i == 0 ? "!" : "\n", faults.messages.items[i]);
	}
	faults_free(&faults);
	return text_take(&result);
}

struct row {
	const char *template;
	const char *expected;
};

static void check_rows(const struct row *rows, size_t count, const struct list *listed)
{
	for (size_t i = 0; i < count; i++) {
		autofree char *result = expand(rows[i].template, strlen(rows[i].template), listed);
		CHECK_TEXT(rows[i].template, result, rows[i].expected);
	}
}

static void every_reference_is_replaced(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"", ""},
		{"plain\n", "plain\n"},
		{"${A}", "alpha"},
		{"listen ${A};\nserver_name $host;\n", "listen alpha;\nserver_name $host;\n"},
		{"$A $1 $( $", "$A $1 $( $"},
		{"$${A} $$", "${A} $"},
		{"<${EMPTY}>", "<>"},
		{"<${SPACES}>", "<one two  three>"},
		{"<${QUOTES}>", "<\"x' $A ${A} \\>"},
		{"<${LINES}>", "<one\ntwo\n>"},
		{"<${PERCENT}>", "<%s%n>"},
		{"${MISSING:-}", ""},
		{"${MISSING:-${A} b}", "alpha b"},
		{"${EMPTY:-b}", "b"},
		{"%d %s %", "%d %s %"},
		{"'${A}' \"${A}\" `${A}`", "'alpha' \"alpha\" `alpha`"},
	};
	check_rows(rows, LENGTH(rows), NULL);
}

static void with_names_all_else_stays_as_it_is(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"${A}", "alpha"},
		{"${AB} ${B} ${A",
			"!t.in:1: a \"${\" has no \"}\" ($$ is a $, so $${ stands for itself)"},
		{"${AB} ${OTHER:-x} ${}", "${AB} ${OTHER:-x} ${}"},
		{"$host $A $$ $${A} ${ $", "$host $A $$ $alpha ${ $"},
		{"${other}${A}${other}", "${other}alpha${other}"},
		{"${MISSING:-${AB} ${A}}", "${AB} alpha"},
		{"${EMPTY}|${EMPTY:-x}", "|x"},
		{"${LINES}", "one\ntwo\n"},
		{"${MISSING}",
			"!t.in:1: the variable MISSING is not set (${MISSING:-} where it may be "
			"missing)"},
		{"${OTHER", "${OTHER"},
		{"${A%%.*}", "!t.in:1: \"${A%%.*}\" is not understood: there are ${NAME}, "
			     "${NAME:-default} and ${NAME:?message} ($$ is a $)"},
	};
	check_rows(rows, LENGTH(rows), &only);
}

static void every_fault_is_told_with_its_line(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"a\n${X}\n\n${A} ${Y:?say it}\n${Z",
			"!t.in:2: the variable X is not set (${X:-} where it may be missing)\n"
			"t.in:4: the variable Y is not set or empty: say it\n"
			"t.in:5: a \"${\" has no \"}\" ($$ is a $, so $${ stands for itself)"},
		{"${MISSING:-${X}}", "!t.in:1: the variable X is not set (${X:-} where it may be "
				     "missing)"},
	};
	check_rows(rows, LENGTH(rows), NULL);
}

static void a_file_of_faults_ends_the_search(void **state)
{
	(void)state;
	struct text text = {0};
	for (int i = 0; i < 1000; i++)
		text_add(&text, "${X}\n");
	autofree char *result = expand(text.bytes, text.length, NULL);
	text_free(&text);
	CHECK_HOLDS("the last", result, "t.in:50: ");
	assert_null(strstr(result, "t.in:51: "));
}

static void nul_bytes_stay(void **state)
{
	(void)state;
	static const char bytes[] = "a\0${A}\0$";
	const struct expand_template template = {
		bytes, sizeof bytes - 1, "t.in", NULL, environment, NULL, NULL};
	struct text result = {0};
	struct faults faults = {0};
	assert_int_equal(expand_template(&template, &result, &faults), 0);
	assert_int_equal(result.length, 9);
	assert_memory_equal(result.bytes, "a\0alpha\0$", 9);
	text_free(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reference_is_replaced),
		cmocka_unit_test(with_names_all_else_stays_as_it_is),
		cmocka_unit_test(every_fault_is_told_with_its_line),
		cmocka_unit_test(a_file_of_faults_ends_the_search),
		cmocka_unit_test(nul_bytes_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

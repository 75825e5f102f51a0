#include "folder.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/env_file.h"
#include "config/variables.h"

static char *environment[] = {"SET=a 'b \"c ${X} $$", "EMPTY=", "TWO=1\n2", NULL};
static const struct expand_names names = {.environment = environment};

/* "NAME=value|" for each variable, then "!fault|" for each fault. */
static char *read_text(const char *contents)
{
	struct faults faults = {0};
	struct env_file file = {".env", contents, 1, &faults};
	struct env_file_entry entry;
	struct text text = {0};
	while (env_file_next(&file, &names, &entry)) {
		text_add_format(&text, "%s=%s|", entry.name, entry.value);
		free(entry.name);
		free(entry.value);
	}
	for (size_t i = 0; i < faults.messages.count; i++)
		text_add_format(&text, "!%s|", faults.messages.items[i]);
	faults_free(&faults);
	return text_take(&text);
}

struct row {
	const char *contents;
	const char *expected;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		autofree char *found = read_text(rows[i].contents);
		CHECK_TEXT(rows[i].contents, found, rows[i].expected);
	}
}

static void a_line_sets_a_variable(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"", ""},
		{"\n\n  \n\t\r\n", ""},
		{"# A=1\n  # B=2", ""},
		{"A=1", "A=1|"},
		{"A=1\nB=2\n", "A=1|B=2|"},
		{"A=1\r\nB=2\r\n", "A=1|B=2|"},
		{"A=", "A=|"},
		{"A=\nB=2", "A=|B=2|"},
		{"A=\r\n", "A=|"},
		{" A = 1 ", "A=1|"},
		{"export A=1", "A=1|"},
		{"export\t A=1", "A=1|"},
		{"exported=1", "exported=1|"},
		{"export=1", "export=1|"},
		{"_a1=x", "_a1=x|"},
		{"http_proxy=http://p:1", "http_proxy=http://p:1|"},
		{"A=b=c==", "A=b=c==|"},
	};
	check_rows(rows, LENGTH(rows));
}

static void a_value_without_quotes_ends_with_the_line_or_a_comment(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"A=a b  c  ", "A=a b  c|"},
		{"A=a # b", "A=a|"},
		{"A=a\t#b", "A=a|"},
		{"A=a#b", "A=a#b|"},
		{"A=#b", "A=#b|"},
		{"A= #b", "A=|"},
		{"A= # b\nB=1", "A=|B=1|"},
		{"A=it's", "A=it's|"},
		{"A=a\"b\"", "A=a\"b\"|"},
		{"A=a\\nb\\", "A=a\\nb\\|"},
		{"A=100%", "A=100%|"},
	};
	check_rows(rows, LENGTH(rows));
}

static void quotes_keep_what_stands_in_them(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"A=''", "A=|"},
		{"A=\"\"", "A=|"},
		{"A='a b '", "A=a b |"},
		{"A=\" a # b\" # c", "A= a # b|"},
		{"A='a'#c", "A=a|"},
		{"A = 'a'\t\r\nB=1", "A=a|B=1|"},
		{"A='$SET ${SET} $(x) `x` \\n \"'", "A=$SET ${SET} $(x) `x` \\n \"|"},
		{"A=\"a\\nb\\tc\\r\"", "A=a\nb\tc\r|"},
		{"A=\"\\\"\\\\\\$\\`\\q\"", "A=\"\\$`\\q|"},
		{"A=\"\\${SET}\"", "A=${SET}|"},
		{"A=\"a\\\nb\"", "A=ab|"},
		{"A=\"a\nb\"\nB=1", "A=a\nb|B=1|"},
		{"A='a\n\nb'\nB=1", "A=a\n\nb|B=1|"},
		{"A=\"a\r\nb\"\r\nB=1", "A=a\nb|B=1|"},
		{"A=\"a\rb\"", "A=a\rb|"},
	};
	check_rows(rows, LENGTH(rows));
}

static void references_are_expanded_once(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"A=${SET}", "A=a 'b \"c ${X} $$|"},
		{"A=\"${SET}\"", "A=a 'b \"c ${X} $$|"},
		{"A=${TWO}", "A=1\n2|"},
		{"A=<${NONE}${EMPTY}>", "A=<>|"},
		{"A=${EMPTY:-d e}", "A=d e|"},
		{"A=${NONE:-${EMPTY:-x}}", "A=x|"},
		{"A=\"${NONE:-a\nb}\"", "A=a\nb|"},
		{"A=$SET $ $$ $$$1 a$", "A=$SET $ $$ $$$1 a$|"},
		{"A=x ${EMPTY}  # c", "A=x |"},
		{"A=  ${EMPTY}", "A=|"},
	};
	check_rows(rows, LENGTH(rows));
}

static void what_is_not_understood_is_told_with_its_line_alone(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"A=1\nhunter2\nB=2", "A=1|B=2|!.env:2: neither NAME=value nor a comment|"},
		{"export A", "!.env:1: neither NAME=value nor a comment|"},
		{"A: 1", "!.env:1: neither NAME=value nor a comment|"},
		{"A B=1", "!.env:1: neither NAME=value nor a comment|"},
		{"=1", "!.env:1: what stands before the = is no name of a variable|"},
		{"1A=1", "!.env:1: what stands before the = is no name of a variable|"},
		{"A-B=1", "!.env:1: what stands before the = is no name of a variable|"},
		{"hunter2/==", "!.env:1: what stands before the = is no name of a variable|"},
		{"TMINUS_LOG_LEVEL=x",
			"!.env:1: TMINUS_LOG_LEVEL is tminus's own: settings stand in sections of "
			"their own|"},
		{"TMINUS_X='a\nb'\nB=1",
			"B=1|!.env:1: TMINUS_X is tminus's own: settings stand in sections of "
			"their own|"},
		{"TMINUS_PORT=tcp://1:2", "TMINUS_PORT=tcp://1:2|"},
		{"NOTIFY_SOCKET=/x", "!.env:1: NOTIFY_SOCKET is tminus's to set: see app.notify|"},
		{"A='a\nb\nB=1", "!.env:1: A: a quote that nothing closes|"},
		{"\nA=\"a\\\"", "!.env:2: A: a quote that nothing closes|"},
		{"A=\"a\nb\"c\nB=1", "B=1|!.env:1: A: something stands behind the closing quote|"},
		{"A='a\nb'\nB=\nC", "A=a\nb|B=|!.env:4: neither NAME=value nor a comment|"},
		{"A=$(hunter2)",
			"!.env:1: A: no command is run for a value; in '...' a $( or ` stands for "
			"itself|"},
		{"A=\"`hunter2`\"",
			"!.env:1: A: no command is run for a value; in '...' a $( or ` stands for "
			"itself|"},
		{"A=${hunter2-x}", "!.env:1: A: a ${...} in it is not understood ($$ is a $)|"},
		{"A=${B\n}", "!.env:1: A: a \"${\" has no \"}\" ($$ is a $, so $${ stands for "
			     "itself)|!.env:2: neither NAME=value nor a comment|"},
		{"A=${NONE:?say which}",
			"!.env:1: A: the variable NONE is not set or empty: say which|"},
	};
	check_rows(rows, LENGTH(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_sets_a_variable),
		cmocka_unit_test(a_value_without_quotes_ends_with_the_line_or_a_comment),
		cmocka_unit_test(quotes_keep_what_stands_in_them),
		cmocka_unit_test(references_are_expanded_once),
		cmocka_unit_test(what_is_not_understood_is_told_with_its_line_alone),
	};
	return cmocka_run_group_tests_name("env_file", tests, NULL, NULL);
}

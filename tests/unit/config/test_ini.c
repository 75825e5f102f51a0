#include "check.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/ini.h"

/* "section.key=value@line" for each key, each with a newline; or the faults, likewise. */
static char *parse_bytes(const char *contents, size_t length)
{
	struct ini_document document;
	struct faults faults = {0};
	struct text text = {0};
	ini_parse_text("t.ini", contents, length, &document, &faults);
	for (size_t i = 0; i < faults.messages.count; i++)
		text_add_format(&text, "%s\n", faults.messages.items[i]);
	for (size_t i = 0; faults.messages.count == 0 && i < document.count; i++) {
		const struct ini_entry *entry = &document.entries[i];
		if (entry->key != NULL)
			text_add_format(&text, "%s.%s=%s@%zu\n", entry->section, entry->key,
				entry->value, entry->line);
	}
	ini_clear(&document);
	faults_free(&faults);
	return text_take(&text);
}

static char *parse(const char *contents)
{
	return parse_bytes(contents, strlen(contents));
}

static void keys_are_read_with_their_lines(void **state)
{
	(void)state;
	static const struct {
		const char *contents;
		const char *expected;
	} rows[] = {
		{"", ""},
		{"\n\n", ""},
		{"a=1", ".a=1@1\n"},
		{"a = 1\n[s]\nb: 2\n", ".a=1@1\ns.b=2@3\n"},
		{"[s]\na=\nb =  \n", "s.a=@2\ns.b=@3\n"},
		{"[ s ]\na=1", "s.a=1@2\n"},
		{"[step \t a-b] ; note\na=1", "step a-b.a=1@2\n"},
		{"[s] # note\na=1", "s.a=1@2\n"},
		{"# a\n; b\n  # c\n[s]\na=1", "s.a=1@5\n"},
		{"\xef\xbb\xbf[s]\na=1", "s.a=1@2\n"},
		{"[s]\r\na = 1\r\n", "s.a=1@2\n"},
		{"[s]\na = x ; y # z", "s.a=x ; y # z@2\n"},
		{"[s]\na = sh -c 'a ; b'", "s.a=sh -c 'a ; b'@2\n"},
		{"[s]\na = ;x", "s.a=;x@2\n"},
		{"[s]\na = b = c : d", "s.a=b = c : d@2\n"},
		{"[s]\na : b = c", "s.a=b = c@2\n"},
		{"[s]\na = \"x\" 'y' $ % \\", "s.a=\"x\" 'y' $ % \\@2\n"},
		{"[s]\na = [x]", "s.a=[x]@2\n"},
		{"[s]\na = b\n  c\n\td\ne = f", "s.a=b\nc\nd@2\ns.e=f@5\n"},
		{"[s]\na =\n  b\n  c", "s.a=b\nc@2\n"},
		{"[s]\na = b\n  # note\n\n  c", "s.a=b\nc@2\n"},
		{"[s]\na = b\n  [x]\n  c = d", "s.a=b\n[x]\nc = d@2\n"},
		{"[s]\n  a = b\n  c = d", "s.a=b@2\ns.c=d@3\n"},
		{"[s]\n  a = b\n    c\n  d = e", "s.a=b\nc@2\ns.d=e@4\n"},
		{"  [s]\n  a = b\n", "s.a=b@2\n"},
		{"[s]\na=1\n[t]\na=2\n[s]\nb=3", "s.a=1@2\nt.a=2@4\ns.b=3@6\n"},
		{"[s]\na = \xc3\xa9", "s.a=\xc3\xa9@2\n"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *result = parse(rows[i].contents);
		CHECK_TEXT(rows[i].contents, result, rows[i].expected);
	}
}

static void every_faulty_line_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *contents;
		const char *expected;
	} rows[] = {
		{"[s\na=1", "t.ini:1: the [ of a section has no ]\n"},
		{"[]", "t.ini:1: a section without a name\n"},
		{"[s] x", "t.ini:1: more than a comment stands behind the ] of a section\n"},
		{"\n[s]\nnonsense", "t.ini:3: neither a [section] nor key = value (a continued "
				    "line is indented "
				    "deeper than its key)\n"},
		{"= x", "t.ini:1: a value without a key\n"},
		{"a b = x", "t.ini:1: the name of a key has letters, digits, _ and - only\n"},
		{"a ;b = x", "t.ini:1: the name of a key has letters, digits, _ and - only\n"},
		{"[s]\na=1\n[t]\na=1\n[s]\na=2",
			"t.ini:6: \"a\" was set already in [s], in line 2\n"},
		{"a=1\na=2\n", "t.ini:2: \"a\" was set already in line 1\n"},
		{"[s\n[t\n", "t.ini:1: the [ of a section has no ]\n"
			     "t.ini:2: the [ of a section has no ]\n"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *result = parse(rows[i].contents);
		CHECK_TEXT(rows[i].contents, result, rows[i].expected);
	}
}

static void a_nul_byte_is_a_fault(void **state)
{
	(void)state;
	static const char contents[] = "[s]\na=1\0b\n";
	autofree char *result = parse_bytes(contents, sizeof contents - 1);
	assert_string_equal(result, "t.ini:2: a NUL byte; this is not a text file\n");
}

/* "[s]\nkey = xxx", its second line of length bytes. */
static char *parse_line_of(size_t length)
{
	struct text text = {0};
	text_add(&text, "[s]\na = ");
	while (text.length < length + 4)
		text_add_byte(&text, 'x');
	text_add(&text, "\nb = 1\n");
	autofree char *contents = text_take(&text);
	return parse(contents);
}

static void lines_of_4096_bytes_are_whole_and_longer_ones_refused(void **state)
{
	(void)state;
	static const size_t lengths[] = {196, 197, 199, 200, 201, 1000, 4096};
	for (size_t i = 0; i < LENGTH(lengths); i++) {
		autofree char *result = parse_line_of(lengths[i]);
		assert_int_equal(strlen(result), strlen("s.a=@2\ns.b=1@3\n") + lengths[i] - 4);
	}
	autofree char *large = parse_line_of(4097);
	CHECK_HOLDS("4097", large, "t.ini:2: the line has more than 4096 characters");
	autofree char *larger = parse_line_of(5000);
	CHECK_HOLDS("5000", larger, "t.ini:2: the line has more than 4096 characters");
}

static void names_have_a_limit(void **state)
{
	(void)state;
	char section[INI_SECTION_MAX + 2] = "";
	char key[INI_NAME_MAX + 2] = "";
	memset(section, 's', INI_SECTION_MAX);
	memset(key, 'k', INI_NAME_MAX);
	struct text text = {0};
	text_add_format(&text, "[%s]\n%s = 1\n", section, key);
	autofree char *accepted = parse(text.bytes);
	text_free(&text);
	assert_int_equal(strlen(accepted), 249 + 1 + 49 + strlen("=1@2\n"));
	section[INI_SECTION_MAX] = 's';
	key[INI_NAME_MAX] = 'k';
	text_add_format(&text, "[s]\n%s = 1\n[%s]\na = 2\n", key, section);
	autofree char *refused = parse(text.bytes);
	text_free(&text);
	assert_string_equal(refused,
		"t.ini:2: the name of a key has more than 49 characters\n"
		"t.ini:3: the name of a section has more than 249 characters\n");
}

static void long_sections_that_begin_alike_are_two(void **state)
{
	(void)state;
	char folder[61] = "";
	memset(folder, 'f', 60);
	struct text text = {0};
	text_add_format(&text, "[%s/a]\nk = 1\n[%s/b]\nk = 2\n", folder, folder);
	autofree char *read = parse(text.bytes);
	text_free(&text);
	text_add_format(&text, "%s/a.k=1@2\n%s/b.k=2@4\n", folder, folder);
	assert_string_equal(read, text.bytes);
	text_free(&text);
}

static void values_of_many_lines_may_have_200_kilobytes(void **state)
{
	(void)state;
	struct text text = {0};
	text_add(&text, "[s]\na =\n");
	for (int i = 0; i < 2000; i++)
		text_add(&text, "  0123456789012345678901234567890123456789"
				"01234567890123456789012345678901234567890123456789012345678\n");
	autofree char *result = parse(text.bytes);
	assert_int_equal(strlen(result), 2000 * 100 - 1 + strlen("s.a=@2\n"));
	text_free(&text);
}

static void a_file_with_too_many_keys_ends_in_a_fault(void **state)
{
	(void)state;
	struct text text = {0};
	for (int i = 0; i < 100000; i++)
		text_add_format(&text, "k%d=\n", i);
	autofree char *result = parse(text.bytes);
	assert_string_equal(result, "t.ini:4096: more than 4096 keys and sections\n");
	text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_read_with_their_lines),
		cmocka_unit_test(every_faulty_line_is_named),
		cmocka_unit_test(a_nul_byte_is_a_fault),
		cmocka_unit_test(lines_of_4096_bytes_are_whole_and_longer_ones_refused),
		cmocka_unit_test(names_have_a_limit),
		cmocka_unit_test(long_sections_that_begin_alike_are_two),
		cmocka_unit_test(values_of_many_lines_may_have_200_kilobytes),
		cmocka_unit_test(a_file_with_too_many_keys_ends_in_a_fault),
	};
	return cmocka_run_group_tests_name("ini", tests, NULL, NULL);
}

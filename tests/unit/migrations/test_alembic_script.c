/* What is certain in a revision file, and what is not. */
#include "../config/check.h"

#include "base/memory.h"
#include "migrations/alembic_script.h"

/* - for absent, ? for uncertain, None, 'a', ('a','b') */
static void add_value(struct text *text, const struct alembic_value *value)
{
	static const char *const plain[] = {[ALEMBIC_ABSENT] = "-",
		[ALEMBIC_NONE] = "None",
		[ALEMBIC_STRING] = "",
		[ALEMBIC_TUPLE] = "(",
		[ALEMBIC_UNCERTAIN] = "?"};
	text_add(text, plain[value->kind]);
	for (size_t i = 0; i < value->strings.count; i++)
		text_add_format(text, "%s'%s'", i > 0 ? "," : "", value->strings.items[i]);
	if (value->kind == ALEMBIC_TUPLE)
		text_add(text, ")");
}

static char *values_text(const char *source, size_t length)
{
	struct alembic_script script = {0};
	struct text text = {0};
	/* Without a NUL behind it, and of that size, so that a byte read too far is seen. */
	autofree char *copy = memory_zeroed(length + (length == 0), 1);
	memcpy(copy, source, length);
	alembic_script_read(&script, copy, length);
	for (enum alembic_name name = 0; name < ALEMBIC_NAMES; name++) {
		text_add(&text, name > 0 ? " " : "");
		add_value(&text, &script.values[name]);
	}
	alembic_script_clear(&script);
	return text_take(&text);
}

struct row {
	const char *source;
	const char *expected; /* revision down_revision branch_labels depends_on */
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		autofree char *actual = values_text(rows[i].source, strlen(rows[i].source));
		CHECK_TEXT(rows[i].source, actual, rows[i].expected);
	}
}

static void literals_at_the_margin_are_certain(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"", "- - - -"},
		{"revision = 'a'\ndown_revision = None\nbranch_labels = ()\ndepends_on = []\n",
			"'a' None () ()"},
		{"revision='a'", "'a' - - -"},
		{"revision: str = 'a'", "'a' - - -"},
		{"down_revision: Union[str, Sequence[str], None] = ('a', \"b\")",
			"- ('a','b') - -"},
		{"down_revision: dict[str, 'x = 1'] = ['a',\n'b',\n]", "- ('a','b') - -"},
		{"down_revision = ('a')", "- 'a' - -"},
		{"down_revision = ('a',)", "- ('a') - -"},
		{"down_revision = 'a', 'b'", "- ('a','b') - -"},
		{"down_revision = 'a',", "- ('a') - -"},
		{"down_revision = (None)", "- None - -"},
		{"down_revision = ''", "- '' - -"},
		{"revision = \"\"\"a\"\"\"", "'a' - - -"},
		{"revision = u'a'", "'a' - - -"},
		{"revision = R'''a'''", "'a' - - -"},
		{"revision = \\\n  'a'", "'a' - - -"},
		{"revision = (  # why\n\n'a'\n)", "'a' - - -"},
		{"revision = 'a'  # 'b'", "'a' - - -"},
		{"revision = 'a'; down_revision = 'b';", "'a' 'b' - -"},
		{"\xef\xbb\xbfrevision = 'a'\r\ndown_revision = None\r\n", "'a' None - -"},
		{"revision = 'a'\rdown_revision = None", "'a' None - -"},
		{"# -*- coding: utf-8 -*-\nrevision = 'a'", "'a' - - -"},
		{"revision = 'a'\nrevision = 'b'", "'b' - - -"},
		{"revision = f()\nrevision = 'b'", "'b' - - -"},
		{"revision: str", "- - - -"},
		{"revision", "? - - -"},
	};
	check_rows(rows, LENGTH(rows));
}

static void what_only_looks_like_an_assignment_is_none(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"'''\nrevision = 'a'\n'''", "- - - -"},
		{"r'''\\'''' + '''\nrevision = 'a'\n'''", "- - - -"},
		{"# revision = 'a'", "- - - -"},
		{"x = (\nrevision == 'a')", "? - - -"},
		{"x = [\n'revision = 1',\n]\n", "- - - -"},
		{"x = 'a\\\nrevision = 1'\n", "- - - -"},
		{"my_revision = revision_date = 'a'", "- - - -"},
		{"def f():\n revision = 'a'\n", "- - - -"},
		{"def f(revision='a'): revision = 1\n", "- - - -"},
		{"async def f():\n\trevision = 'a'\n", "- - - -"},
		{"class C:\n  revision = 'a'\n\n  def f(self):\n    self.revision = 1", "- - - -"},
		{"def f():\n x('''\nrevision = 'a'\n''')\n", "- - - -"},
		{"def f():\n x(\n'revision')\n return \"'\"", "- - - -"},
		{"def f():\n  op.execute('global, exec')\n  s.exec(q)\n  globally = executes",
			"- - - -"},
	};
	check_rows(rows, LENGTH(rows));
}

static void computed_values_are_uncertain(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"revision = f'a'", "? - - -"},
		{"revision = b'a'", "? - - -"},
		{"revision = 'a' 'b'", "? - - -"},
		{"revision = 'a' + 'b'", "? - - -"},
		{"revision = ('a' 'b')", "? - - -"},
		{"revision = 'a\\x41'", "? - - -"},
		{"revision = r'a\\x41'", "? - - -"},
		{"revision = '\xc3\xa9'", "? - - -"},
		{"revision = 'a'.strip()", "? - - -"},
		{"revision = 'a' if x else 'b'", "? - - -"},
		{"revision = x", "? - - -"},
		{"revision = 1", "? - - -"},
		{"revision = -1", "? - - -"},
		{"revision = True", "? - - -"},
		{"revision =", "? - - -"},
		{"revision = {'a'}", "? - - -"},
		{"revision += 'a'", "? - - -"},
		{"revision = x = 'a'", "? - - -"},
		{"x = revision = 'a'", "? - - -"},
		{"revision, down_revision = 'a', 'b'", "? ? - -"},
		{"(revision) = 'a'", "? - - -"},
		{"print(revision := 'a')", "? - - -"},
		{"print(f'{(revision := 1)}')", "? ? ? ?"},
		{"down_revision = ('a', None)", "- ? - -"},
		{"down_revision = (None,)", "- ? - -"},
		{"down_revision = (('a',),)", "- ? - -"},
		{"down_revision = ('a', *x)", "- ? - -"},
		{"down_revision = ('a', 'b'), 'c'", "- ? - -"},
		{"down_revision = ['a' for x in y]", "- ? - -"},
		{"depends_on = revision", "? - - ?"},
	};
	check_rows(rows, LENGTH(rows));
}

static void what_may_change_a_value_later_makes_it_uncertain(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"revision = 'a'\nif x:\n    revision = 'b'", "? - - -"},
		{"revision = 'a'\nif x: revision = 'b'", "? - - -"},
		{"revision = 'a'\nif x: y = 1; revision = 'b'", "? - - -"},
		{"revision = 'a'\nfor revision in x: pass", "? - - -"},
		{"revision = 'a'\ntry:\n  pass\nexcept E as revision:\n  pass", "? - - -"},
		{"revision = 'a'\nwith x as revision:\n  pass", "? - - -"},
		{"revision = 'a'\nimport b as revision", "? - - -"},
		{"revision = 'a'\ndel revision", "? - - -"},
		{"revision = 'a'\ndef revision(): pass", "? - - -"},
		{"revision = 'a'\nclass revision: pass", "? - - -"},
		{"revision = 'a'\nasync def revision(): pass", "? - - -"},
		{"revision = 'a'\nfrom x import *", "? ? ? ?"},
		{"from x import *\nrevision = 'a'", "'a' ? ? ?"},
		{"def f():\n global revision\n revision = 'b'\nrevision = 'a'\nf()", "? - - -"},
		{"def f(): global x, revision; revision = 'b'\nrevision = 'a'\nf()", "? - - -"},
		{"class C:\n global revision\n revision = 'b'\nrevision = 'a'", "? - - -"},
		{"def f():\n globals()['x'] = 1\nrevision = 'a'", "? ? ? ?"},
		{"def f():\n exec(x)\nrevision = 'a'", "? ? ? ?"},
		{"g = globals()\nrevision = 'a'\ng['revision'] = 'b'", "? ? ? ?"},
		{"exec(x)\nrevision = 'a'", "? ? ? ?"},
		{"r\xc3\xa9vision = 'a'\n", "? ? ? ?"},
		{"def f():\n  pass\n  \frevision = 'a'", "'a' - - -"},
		{"def f(): pass\nrevision = 'a'", "'a' - - -"},
		{"def f():\n  '''\ndef g():\n  '''\nrevision = 'a'", "'a' - - -"},
		{"def f():\n  (\n1)\nrevision = 'a'", "'a' - - -"},
		{"def f():\n  x = 'a\\\ndef g():'\nrevision = 'a'", "'a' - - -"},
	};
	check_rows(rows, LENGTH(rows));
}

static void what_no_python_reads_is_uncertain(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"revision = 'a'\nx = '''", "? ? ? ?"},
		{"revision = 'a'\nx = 'b\n", "? ? ? ?"},
		{"revision = 'a'\nx = (", "? ? ? ?"},
		{"revision = 'a'\nx = )", "? ? ? ?"},
		{"revision = 'a'\\", "? ? ? ?"},
		{"revision = 'a' \\ \n", "? ? ? ?"},
		{"revision = 'a'\nx = f\"{y[\"z\"]}\"", "? ? ? ?"},
		{"# coding: utf-16\nrevision = 'a'", "? ? ? ?"},
		{"#!/x\n# coding=gbk\nrevision = 'a'", "? ? ? ?"},
	};
	check_rows(rows, LENGTH(rows));
	static const char zero[] = "revision = 'a'\n#\0\n";
	autofree char *actual = values_text(zero, sizeof zero - 1);
	CHECK_TEXT("NUL", actual, "? ? ? ?");
}

/* Every beginning of a file is read without a byte beyond it. */
static void a_file_that_is_cut_anywhere_is_read_to_its_end(void **state)
{
	(void)state;
	static const char source[] =
		"\xef\xbb\xbf# coding: utf-8\r\n'''x\\'''' + rb\"\\\"\"\n"
		"revision: str = (  # a\n 'b',)\ndef f():\n  global x\n"
		"  exec('')\nclass C:\n\tx = f'''{a:{b}}'''\n\\\ndown_revision";
	for (size_t length = 0; length < sizeof source; length++)
		free(values_text(source, length));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_at_the_margin_are_certain),
		cmocka_unit_test(what_only_looks_like_an_assignment_is_none),
		cmocka_unit_test(computed_values_are_uncertain),
		cmocka_unit_test(what_may_change_a_value_later_makes_it_uncertain),
		cmocka_unit_test(what_no_python_reads_is_uncertain),
		cmocka_unit_test(a_file_that_is_cut_anywhere_is_read_to_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

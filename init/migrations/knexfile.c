#include "migrations/knexfile.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"

/* What is longer is no configuration, and would take long to search. */
#define LENGTH_MAX ((size_t)64 << 10)

static bool in_name(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_' || byte == '$';
}

static const char *skip_blanks(const char *code)
{
	return code + strspn(code, " \t\r\n");
}

/* The next place from code on where word stands as a whole name; NULL for none. */
static const char *next_name(const char *start, const char *code, const char *word)
{
	size_t length = strlen(word);
	while ((code = strstr(code, word)) != NULL) {
		if ((code == start || !in_name(code[-1])) && !in_name(code[length]))
			return code;
		code += length;
	}
	return NULL;
}

/* What stands behind "key:", "'key':" at code; NULL when no colon follows. */
static const char *value_behind(const char *code, size_t key_length)
{
	code += key_length;
	code = skip_blanks(code + (*code == '\'' || *code == '"'));
	return *code == ':' ? skip_blanks(code + 1) : NULL;
}

/* Takes a literal string from code, "${__dirname}" in it being nothing; NULL when there is none. */
static const char *take_literal(const char *code, struct text *literal)
{
	char quote = *code;
	if (quote != '\'' && quote != '"' && quote != '`')
		return NULL;
	code++;
	if (quote == '`' && text_starts_with(code, "${__dirname}"))
		code += strlen("${__dirname}");
	size_t length = strcspn(code, (char[]){quote, '\\', '$', '\n', '\0'});
	if (code[length] != quote)
		return NULL;
	text_add_bytes(literal, code, length);
	return code + length + 1;
}

/* Is a property's value over at code? */
static bool ends_value(const char *code)
{
	code = skip_blanks(code);
	return *code == ',' || *code == '}';
}

/* The length of "path.join(" and its like at code. */
static size_t call_length(const char *code)
{
	static const char *const calls[] = {
		"path.join(", "path.resolve(", "join(", "resolve(", NULL};
	for (size_t i = 0; calls[i] != NULL; i++)
		if (text_starts_with(code, calls[i]))
			return strlen(calls[i]);
	return 0;
}

/* Behind "__dirname," or "__dirname +", if that is at code. */
static const char *skip_dirname(const char *code, char separator)
{
	if (!text_starts_with(code, "__dirname"))
		return code;
	const char *behind = skip_blanks(code + strlen("__dirname"));
	return *behind == separator ? skip_blanks(behind + 1) : code;
}

/* path.join(__dirname, 'db', 'migrations'), __dirname + '/migrations' or any simpler form; its
 * strings are added with a slash before each. */
static bool take_path(const char *code, struct text *path)
{
	size_t call = call_length(code);
	char separator = call > 0 ? ',' : '+';
	code = skip_dirname(skip_blanks(code + call), separator);
	for (;; code++) {
		text_add_byte(path, '/');
		code = take_literal(skip_blanks(code), path);
		if (code == NULL)
			return false;
		code = skip_blanks(code);
		if (*code != separator)
			break;
	}
	return call == 0 ? ends_value(code) : *code == ')' && ends_value(code + 1);
}

/* Does the value at code lead to the folder of the migrations? */
static bool is_their_folder(const struct configuration_file *file, const char *code)
{
	struct text path = {0};
	text_add(&path, file->root);
	bool taken = take_path(code, &path);
	autofree char *folder = text_take(&path);
	return taken && configuration_same_folder(folder, file->directory);
}

/* Is the key at code one of seeds: { ... }, whose braces are still open there? */
static bool is_of_seeds(const char *start, const char *code)
{
	const char *seeds = NULL;
	const char *at = start;
	for (; (at = next_name(start, at, "seeds")) != NULL && at < code; at++)
		seeds = at;
	const char *value = seeds != NULL ? value_behind(seeds, strlen("seeds")) : NULL;
	return value != NULL && *value == '{' && memchr(value, '}', (size_t)(code - value)) == NULL;
}

static bool directories_are_plain(const struct configuration_file *file)
{
	const char *at = file->code;
	for (; (at = next_name(file->code, at, "directory")) != NULL; at++) {
		const char *value = value_behind(at, strlen("directory"));
		if (is_of_seeds(file->code, at))
			continue;
		if (value == NULL || !is_their_folder(file, value))
			return false;
	}
	return true;
}

static bool tables_are_plain(const struct configuration_file *file)
{
	const char *at = file->code;
	for (; (at = next_name(file->code, at, "tableName")) != NULL; at++) {
		const char *value = value_behind(at, strlen("tableName"));
		struct text name = {0};
		const char *end = value != NULL ? take_literal(value, &name) : NULL;
		autofree char *table = text_take(&name);
		if (end == NULL || !ends_value(end) || !text_equal(table, "knex_migrations"))
			return false;
	}
	return true;
}

/* "migrations: { ... }", and not a value from elsewhere. */
static bool sections_are_plain(const struct configuration_file *file)
{
	const char *at = file->code;
	for (; (at = next_name(file->code, at, "migrations")) != NULL; at++) {
		const char *value = value_behind(at, strlen("migrations"));
		if (value != NULL && *value != '{')
			return false;
	}
	return true;
}

/* Modules that bring no configuration of migrations with them. */
static bool is_harmless(const char *module)
{
	static const char *const modules[] = {"path", "node:path", "url", "node:url", "fs",
		"node:fs", "os", "node:os", "process", "node:process", "dotenv", "dotenv/config",
		"knex", "objection", "pg", "ts-node/register", NULL};
	for (size_t i = 0; modules[i] != NULL; i++)
		if (text_equal(module, modules[i]))
			return true;
	return false;
}

/* require('x'), import 'x', import('x'), import a from 'x', export * from 'x' */
static bool imports_are_plain(const struct configuration_file *file)
{
	static const char *const words[] = {"require", "import", "from", NULL};
	for (size_t i = 0; words[i] != NULL; i++) {
		const char *at = file->code;
		for (; (at = next_name(file->code, at, words[i])) != NULL; at++) {
			const char *module = skip_blanks(at + strlen(words[i]));
			bool called = *module == '(';
			struct text name = {0};
			bool taken = take_literal(skip_blanks(module + called), &name) != NULL;
			autofree char *text = text_take(&name);
			if (taken ? !is_harmless(text) : called)
				return false;
		}
	}
	return true;
}

bool knexfile_is_plain(const struct configuration_file *file, struct finding *finding)
{
	if (strlen(file->code) > LENGTH_MAX)
		return configuration_doubt(file, "more than 64 KiB", finding);
	bool folder = (file->vouchers & VOUCHER_DIRECTORY) != 0;
	bool table = (file->vouchers & VOUCHER_TABLE) != 0;
	if (!folder && !directories_are_plain(file))
		return configuration_doubt(file, "a directory of its own", finding);
	if (!table && !tables_are_plain(file))
		return configuration_doubt(file, "a tableName of its own", finding);
	if (folder && table)
		return true;
	if (!sections_are_plain(file))
		return configuration_doubt(file, "migrations from elsewhere", finding);
	return imports_are_plain(file) || configuration_doubt(file, "imports", finding);
}

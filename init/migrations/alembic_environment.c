#include "migrations/alembic_environment.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/read_file.h"
#include "migrations/alembic_token.h"

enum voucher { NOBODY, VERSION_TABLE, SCHEMA, SEARCH_PATH };

struct environment {
	const struct migrations_files *files;
	struct alembic_source source;
	struct alembic_token token;
	bool is_flask;
	bool in_loop;
	size_t loop_column;
	const char *word; /* that makes it uncertain; NULL */
	enum voucher voucher;
};

/* Parts of names and of strings; the first that fits counts. */
static const struct {
	const char *part;
	enum voucher voucher;
	bool in_loops; /* only there: once for each schema, tenant or database */
} words[] = {
	{"version_table_schema", SCHEMA, false},
	{"version_table", VERSION_TABLE, false},
	{"search_path", SEARCH_PATH, false},
	{"schema_translate_map", SCHEMA, false},
	{"bind_key", NOBODY, false},
	{"bind_names", NOBODY, false},
	{"USE_TWOPHASE", NOBODY, false},
	{"starting_rev", NOBODY, false},
	{"as_sql", NOBODY, false},
	{"migrat", NOBODY, true},
	{"upgrade", NOBODY, true},
	{"configure", NOBODY, true},
	{"tenant", NOBODY, true},
	{"schema", NOBODY, true},
};

static bool holds(const struct alembic_token *token, const char *part)
{
	size_t length = strlen(part);
	for (size_t i = 0; i + length <= token->length; i++)
		if (strncasecmp(token->text + i, part, length) == 0)
			return true;
	return false;
}

static bool is_vouched(const struct migrations_files *files, enum voucher voucher)
{
	return (voucher == VERSION_TABLE && files->version_table_is_set) ||
	       (voucher == SCHEMA && files->schema_is_set) ||
	       (voucher == SEARCH_PATH && (files->schema_is_set || files->has_no_search_path));
}

static void look_at(struct environment *environment)
{
	const struct alembic_token *token = &environment->token;
	if (token->kind != TOKEN_NAME && token->kind != TOKEN_STRING)
		return;
	environment->is_flask = environment->is_flask || alembic_token_is(token, "current_app");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if ((words[i].in_loops && !environment->in_loop) || !holds(token, words[i].part))
			continue;
		if (environment->word == NULL &&
			!is_vouched(environment->files, words[i].voucher)) {
			environment->word = words[i].part;
			environment->voucher = words[i].voucher;
		}
		return;
	}
}

/* At the first token of a line, behind "async": a loop begins, goes on or is over. */
static void follow_loop(struct environment *environment)
{
	const struct alembic_token *token = &environment->token;
	if (environment->in_loop && token->column > environment->loop_column)
		return;
	environment->in_loop = alembic_token_is(token, "for") || alembic_token_is(token, "while");
	environment->loop_column = token->column;
}

static void read_line(struct environment *environment)
{
	if (alembic_token_is(&environment->token, "async"))
		alembic_token_next(&environment->source, &environment->token);
	for (follow_loop(environment); environment->token.kind < TOKEN_LINE_END;) {
		look_at(environment);
		alembic_token_next(&environment->source, &environment->token);
	}
}

static struct finding *conclude(
	const struct environment *environment, const char *path, struct finding *finding)
{
	if (environment->token.kind == TOKEN_FAULT)
		return finding_set(
			finding, FINDING_UNKNOWN, "%s: is no Python that can be read", path);
	if (environment->word == NULL)
		return NULL;
	if (environment->voucher != NOBODY)
		finding_advise(finding, "set %s, and it is read natively",
			environment->voucher == VERSION_TABLE ? "upgrade.version_table"
							      : "database.schema");
	return finding_set(finding, FINDING_UNKNOWN,
		"%s: speaks of \"%s\", so the version table may be elsewhere", path,
		environment->word);
}

struct finding *alembic_environment_read(
	const struct migrations_files *files, bool *is_flask, struct finding *finding)
{
	struct text path = {0};
	struct text contents = {0};
	struct error error;
	struct environment environment = {.files = files};
	text_add_format(&path, "%s/env.py", files->directory);
	if (read_file(path.bytes, &contents, &error) != 0) {
		(void)finding_set(finding, FINDING_UNKNOWN, "%s", error.message);
		finding_advise(finding, "set upgrade.migrations to the folder that holds env.py");
	} else {
		environment.source = alembic_source_open(contents.bytes, contents.length);
		do {
			alembic_token_next(&environment.source, &environment.token);
			read_line(&environment);
		} while (environment.token.kind == TOKEN_LINE_END);
		finding = conclude(&environment, path.bytes, finding);
	}
	*is_flask = environment.is_flask;
	text_free(&contents);
	text_free(&path);
	return finding;
}

#include "migrations/reader.h"

#include "base/memory.h"
#include "base/text.h"
#include "migrations/alembic.h"
#include "migrations/dbmate.h"
#include "migrations/knex.h"
#include "migrations/rails.h"

/* One line for each: the row stands in the reader's own file. */
static const struct migrations_reader *const readers[] = {
	&alembic_reader,
	&dbmate_reader,
	&knex_reader,
	&rails_reader,
	NULL,
};

const struct migrations_reader *migrations_reader_find(const char *tool)
{
	for (size_t i = 0; readers[i] != NULL; i++)
		if (text_equal(readers[i]->tool, tool))
			return readers[i];
	return NULL;
}

/* Programs that run another one, and the word that may stand between. */
static bool is_runner(const char *word)
{
	static const char *const runners[] = {"poetry", "pipenv", "uv", "pdm", "hatch", "run",
		"bundle", "exec", "npx", "--no-install", "pnpm", "yarn", "env", "python", "python3",
		"-m", NULL};
	for (size_t i = 0; runners[i] != NULL; i++)
		if (text_equal(text_last_part(word), runners[i]))
			return true;
	return false;
}

/* The words of argv from the first that is no runner, the program's without its folder. */
static char *joined(char *const *argv)
{
	struct text text = {0};
	while (*argv != NULL && is_runner(*argv))
		argv++;
	if (*argv != NULL)
		text_add(&text, text_last_part(*argv++));
	for (; *argv != NULL; argv++)
		text_add_format(&text, " %s", *argv);
	return text_take(&text);
}

bool migrations_is_plain(const struct migrations_reader *reader, char *const *argv)
{
	autofree char *command = joined(argv);
	for (size_t i = 0; reader->commands[i] != NULL; i++)
		if (text_equal(reader->commands[i], command))
			return true;
	return false;
}

#include "migrations/reader.h"

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

/*
 * What one revision file says about itself: the module-level names that Alembic looks at.
 *
 * Read without running it. A value is certain when it is a literal, assigned by a statement of its
 * own at the margin; whatever else mentions the name at module level makes it uncertain, until a
 * literal is assigned again. What stands in functions and classes says nothing.
 */
#ifndef TMINUS_MIGRATIONS_ALEMBIC_SCRIPT_H
#define TMINUS_MIGRATIONS_ALEMBIC_SCRIPT_H

#include <stddef.h>

#include "base/text.h"

enum alembic_name {
	ALEMBIC_REVISION,
	ALEMBIC_DOWN_REVISION,
	ALEMBIC_BRANCH_LABELS,
	ALEMBIC_DEPENDS_ON,
	ALEMBIC_NAMES
};

enum alembic_value_kind {
	ALEMBIC_ABSENT, /* never assigned */
	ALEMBIC_NONE,
	ALEMBIC_STRING, /* the only one of strings */
	ALEMBIC_TUPLE,	/* or a list; it may be empty */
	ALEMBIC_UNCERTAIN,
};

struct alembic_value {
	enum alembic_value_kind kind;
	struct list strings; /* printable ASCII */
};

struct alembic_script {
	char *path;
	struct alembic_value values[ALEMBIC_NAMES];
};

/* "revision", "down_revision" ... */
const char *alembic_name_text(enum alembic_name name);

/* Reads source into the values of a zeroed script; alembic_script_clear gives them and the path
 * back. In a source that cannot be Python all are uncertain. */
void alembic_script_read(struct alembic_script *script, const char *source, size_t length);
void alembic_script_clear(struct alembic_script *script);

/* The revision's own identifier. */
const char *alembic_script_id(const struct alembic_script *script);

#endif

#include "steps/work.h"

#include <stdio.h>

enum trait { LEAVES_MIGRATIONS = 1, ASKED_FOR = 2, WATCHED = 4, NEEDS_WHOLE = 8 };

static const struct {
	const char *kind;
	unsigned traits;
} kinds[] = {
	{WORK_EXTENSION, WATCHED},
	{WORK_STAMP, WATCHED},
	{WORK_UPGRADE, WATCHED | NEEDS_WHOLE},
	{WORK_SEED, WATCHED | NEEDS_WHOLE | LEAVES_MIGRATIONS},
	{WORK_STEP, WATCHED | NEEDS_WHOLE | LEAVES_MIGRATIONS},
	{WORK_JOB, WATCHED | LEAVES_MIGRATIONS},
	{WORK_BACKUP, ASKED_FOR | LEAVES_MIGRATIONS},
	{WORK_RESTORE, ASKED_FOR},
	{WORK_GUARD, ASKED_FOR | WATCHED},
};

static bool has(const char *kind, enum trait trait)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (text_equal(kinds[i].kind, kind))
			return (kinds[i].traits & trait) != 0;
	return false;
}

bool work_leaves_migrations(const char *kind)
{
	return has(kind, LEAVES_MIGRATIONS);
}

bool work_is_asked_for(const char *kind)
{
	return has(kind, ASKED_FOR);
}

bool work_is_watched(const char *kind)
{
	return has(kind, WATCHED);
}

bool work_needs_whole(const char *kind)
{
	return has(kind, NEEDS_WHOLE);
}

const char *work_session_name(const char *boot_id, char room[static WORK_SESSION_SIZE])
{
	(void)snprintf(room, WORK_SESSION_SIZE, APPLICATION_PREFIX "%s", boot_id);
	return room;
}

bool work_kind_is_due(const struct work *works, size_t count, uint64_t due, const char *kind)
{
	for (size_t i = 0; i < count; i++)
		if ((due & work_bit(i)) != 0 && text_equal(works[i].kind, kind))
			return true;
	return false;
}

const char *work_names(
	const struct work *works, size_t count, uint64_t due, char *room, size_t size)
{
	size_t used = 0;
	room[0] = '\0';
	for (size_t i = 0; i < count && used < size; i++)
		if ((due & work_bit(i)) != 0)
			used += (size_t)snprintf(room + used, size - used, "%s%s%s%s",
				used > 0 ? ", " : "", works[i].kind,
				works[i].name[0] != '\0' ? " " : "", works[i].name);
	return room;
}

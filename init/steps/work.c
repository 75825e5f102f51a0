#include "steps/work.h"

#include <stdio.h>

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

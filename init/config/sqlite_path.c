#include "config/sqlite_path.h"

#include <stddef.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

static char *join(const char *folder, const char *middle, const char *path)
{
	struct text joined = {0};
	if (folder != NULL)
		text_add_format(&joined, "%s/", folder);
	text_add(&joined, middle);
	text_add(&joined, path);
	return text_take(&joined);
}

static bool exists(const char *folder, const char *middle, const char *path)
{
	autofree char *whole = join(folder, middle, path);
	return access(whole, F_OK) == 0;
}

enum sqlite_place sqlite_place(const char *path, const char *folder, bool instance)
{
	if (path[0] == '/' || text_starts_with(path, "file:"))
		return SQLITE_AS_GIVEN;
	bool plain = exists(folder, "", path);
	if (!instance)
		return plain ? SQLITE_AS_GIVEN : SQLITE_NEITHER;
	bool inside = exists(folder, "instance/", path);
	if (plain && inside)
		return SQLITE_AMBIGUOUS;
	if (inside)
		return SQLITE_INSTANCE;
	return plain ? SQLITE_AS_GIVEN : SQLITE_NEITHER;
}

char *sqlite_path(const char *path, const char *folder, bool instance)
{
	switch (sqlite_place(path, folder, instance)) {
	case SQLITE_AS_GIVEN:
		if (path[0] == '/' || text_starts_with(path, "file:"))
			return memory_copy(path);
		return join(folder, "", path);
	case SQLITE_INSTANCE:
		return join(folder, "instance/", path);
	case SQLITE_NEITHER:
	case SQLITE_AMBIGUOUS:
		break;
	}
	return NULL;
}

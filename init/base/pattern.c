#include "base/pattern.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"

/* --- one name -------------------------------------------------------------------------------- */

/* What is behind the set that begins here; NULL where none ends, and the [ stands for itself. */
static const char *set_end(const char *set)
{
	const char *at = set + 1;
	at += *at == '!';
	at += *at == ']';
	for (; *at != ']'; at++) {
		if (*at == '\\')
			at++;
		if (*at == '\0')
			return NULL;
	}
	return at + 1;
}

static unsigned char set_member(const char **at)
{
	*at += **at == '\\';
	return (unsigned char)*(*at)++;
}

static bool set_has(const char *set, const char *end, char byte)
{
	unsigned char wanted = (unsigned char)byte;
	bool has = false;
	const char *last = end - 1;
	bool negated = set[1] == '!';
	for (const char *at = set + 1 + negated; at < last;) {
		unsigned char low = set_member(&at);
		unsigned char high = low;
		if (*at == '-' && at + 1 < last) {
			at++;
			high = set_member(&at);
		}
		has = has || (low <= wanted && wanted <= high);
	}
	return has != negated;
}

/* What is behind the pattern's first item, which is no *; NULL where that does not fit byte. */
static const char *fit(const char *pattern, char byte)
{
	const char *end = *pattern == '[' ? set_end(pattern) : NULL;
	if (end != NULL)
		return set_has(pattern, end, byte) ? end : NULL;
	if (*pattern == '?')
		return pattern + 1;
	pattern += *pattern == '\\';
	return *pattern == byte ? pattern + 1 : NULL;
}

bool pattern_matches(const char *pattern, const char *name)
{
	const char *star = NULL;  /* behind the last one */
	const char *taken = NULL; /* up to where the name is its */
	while (*name != '\0') {
		const char *behind;
		if (*pattern == '*') {
			star = ++pattern;
			taken = name;
		} else if ((behind = fit(pattern, *name)) != NULL) {
			pattern = behind;
			name++;
		} else if (star != NULL) {
			pattern = star;
			name = ++taken;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* --- paths ----------------------------------------------------------------------------------- */

static int compare(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

static char *joined(const char *folder, const char *name)
{
	struct text path = {0};
	text_add_format(&path, *folder != '\0' ? "%s/%s" : "%s%s", folder, name);
	return text_take(&path);
}

static void add_all(const char *root, const char *folder, const char *part, struct list *found)
{
	autofree char *whole = joined(root, folder);
	DIR *opened = opendir(whole);
	if (opened == NULL)
		return;
	size_t before = found->count;
	const struct dirent *entry;
	while ((entry = readdir(opened)) != NULL)
		if ((entry->d_name[0] != '.' || part[0] == '.') &&
			pattern_matches(part, entry->d_name))
			list_append_owned(found, joined(folder, entry->d_name));
	(void)closedir(opened);
	if (found->count > before)
		qsort(found->items + before, found->count - before, sizeof *found->items, compare);
}

static void add_one(const char *root, const char *folder, const char *name, struct list *found)
{
	struct stat status;
	autofree char *path = joined(folder, name);
	autofree char *whole = joined(root, path);
	if (lstat(whole, &status) == 0)
		list_append(found, path);
}

static void go_down(const char *root, const char *part, struct list *folders)
{
	struct list found = {0};
	bool plain = strpbrk(part, "*?[\\") == NULL;
	for (size_t i = 0; i < folders->count; i++)
		(plain ? add_one : add_all)(root, folders->items[i], part, &found);
	list_clear(folders);
	*folders = found;
}

void pattern_find(const char *root, const char *pattern, struct list *found)
{
	list_append(found, "");
	while (*pattern != '\0') {
		size_t length = strcspn(pattern, "/");
		autofree char *part = memory_copy_bytes(pattern, length);
		go_down(root, part, found);
		pattern += length + (pattern[length] == '/');
	}
}

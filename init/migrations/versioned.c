#include "migrations/versioned.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* One inspection. */
struct inspection {
	const struct versioned_tool *tool;
	const struct migrations_files *files;
	const struct migrations_state *state;
	struct finding *finding;
	struct versioned_files versions;
	struct list rows;  /* as versions, sorted */
	size_t others;	   /* rows without a file */
	const char *other; /* the last of them */
};

static int compare_strings(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

static void sort(struct list *list)
{
	if (list->count > 0)
		qsort(list->items, list->count, sizeof *list->items, compare_strings);
}

static bool holds(const struct list *sorted, const char *version)
{
	return sorted->count > 0 && bsearch(&version, sorted->items, sorted->count,
					    sizeof *sorted->items, compare_strings) != NULL;
}

struct key {
	char *text;
	const char *path;
};

static int compare_keys(const void *one, const void *other)
{
	const struct key *first = one;
	const struct key *second = other;
	int order = strcmp(first->text, second->text);
	return order != 0 ? order : strcmp(first->path, second->path);
}

static bool doubled(const struct migrations_files *files, const struct key *key, const char *what,
	struct finding *finding)
{
	(void)finding_set(finding, FINDING_BROKEN, "%s: %s and %s both have the %s %s",
		files->directory, key->path, key[1].path, what, key->text);
	finding_advise(finding, "give %s another %s, or remove it", key[1].path, what);
	return false;
}

bool versioned_keys_differ(const struct migrations_files *files,
	const struct versioned_files *versions, const char *what,
	char *(*key_of)(const struct versioned_file *file), struct finding *finding)
{
	autofree struct key *keys = memory_zeroed(versions->count, sizeof *keys);
	size_t count = 0;
	for (size_t i = 0; i < versions->count; i++) {
		const struct versioned_file *file = &versions->items[i];
		keys[count] = (struct key){.text = key_of(file), .path = file->path};
		count += keys[count].text != NULL;
	}
	qsort(keys, count, sizeof *keys, compare_keys);
	bool differ = true;
	for (size_t i = 1; i < count && differ; i++)
		if (text_equal(keys[i - 1].text, keys[i].text))
			differ = doubled(files, &keys[i - 1], what, finding);
	for (size_t i = 0; i < count; i++)
		free(keys[i].text);
	return differ;
}

static bool tables_are_certain(const struct inspection *inspection)
{
	if (inspection->state->version_tables <= 1 || inspection->files->schema_is_set)
		return true;
	(void)finding_set(inspection->finding, FINDING_UNKNOWN,
		"%zu tables are called %s; which one counts is not certain",
		inspection->state->version_tables, inspection->tool->table);
	finding_advise(inspection->finding, "say which schema it is: database.schema");
	return false;
}

static bool read_rows(struct inspection *inspection)
{
	for (size_t i = 0; i < inspection->state->row_count; i++) {
		const char *row = inspection->state->rows[i].version;
		char *version = row != NULL ? inspection->tool->version_of_row(row) : NULL;
		if (version == NULL) {
			(void)finding_set(inspection->finding, FINDING_UNKNOWN,
				"%s holds \"%s\", which is no version", inspection->tool->table,
				row != NULL ? row : "NULL");
			return false;
		}
		list_append_owned(&inspection->rows, version);
		list_append(&inspection->finding->current, row);
	}
	sort(&inspection->rows);
	return true;
}

static bool read_files(struct inspection *inspection)
{
	struct versioned_files *versions = &inspection->versions;
	if (!versioned_files_read(inspection->files->directory, &inspection->tool->names, versions,
		    inspection->finding))
		return false;
	if (versions->count == 0) {
		(void)finding_set(inspection->finding, FINDING_UNKNOWN, "no migrations are in %s",
			inspection->files->directory);
		return false;
	}
	list_append(&inspection->finding->heads, versions->items[versions->count - 1].version);
	return true;
}

static void count_others(struct inspection *inspection)
{
	struct list known = {0};
	for (size_t i = 0; i < inspection->versions.count; i++)
		list_append(&known, inspection->versions.items[i].version);
	sort(&known);
	for (size_t i = 0; i < inspection->rows.count; i++)
		if (!holds(&known, inspection->rows.items[i])) {
			inspection->others++;
			inspection->other = inspection->rows.items[i];
		}
	list_clear(&known);
}

/* Files against rows, both ways. */
static void match(struct inspection *inspection)
{
	for (size_t i = 0; i < inspection->versions.count; i++) {
		struct versioned_file *file = &inspection->versions.items[i];
		file->applied = holds(&inspection->rows, file->version);
		inspection->finding->pending += !file->applied;
	}
	count_others(inspection);
}

/* A file called like the last row without one, but for its extension; NULL for none. */
static const char *namesake(const struct inspection *inspection)
{
	const char *dot = strrchr(inspection->other, '.');
	size_t length = dot != NULL ? (size_t)(dot - inspection->other) + 1 : 0;
	for (size_t i = 0; i < inspection->versions.count && length > 0; i++) {
		const char *path = inspection->versions.items[i].path;
		if (strncmp(path, inspection->other, length) == 0)
			return path;
	}
	return NULL;
}

static void conclude_foreign(const struct inspection *inspection)
{
	const char *like = namesake(inspection);
	(void)finding_set(inspection->finding, FINDING_FOREIGN,
		"%s holds %zu that %s does not have; the last is %s%s%s", inspection->tool->table,
		inspection->others, inspection->files->directory, inspection->other,
		like != NULL ? ", and there is " : "", like != NULL ? like : "");
	if (like != NULL)
		finding_advise(inspection->finding,
			"the names count with their extension: ship %s, or rename the rows of %s",
			inspection->other, inspection->tool->table);
	else
		finding_advise(inspection->finding,
			"start an image that has %s; if it was removed for good, delete its row "
			"from %s",
			inspection->other, inspection->tool->table);
}

static void conclude_locked(const struct inspection *inspection)
{
	(void)finding_set(inspection->finding, FINDING_HALF_APPLIED,
		"%s_lock is locked: a migration is at work, or died and left its lock",
		inspection->tool->table);
	finding_advise(inspection->finding, "when nobody is at work: %s", inspection->tool->unlock);
}

static void conclude_unversioned(const struct inspection *inspection)
{
	(void)finding_set(inspection->finding, FINDING_UNVERSIONED, "%zu tables, but %s in %s",
		inspection->state->other_tables,
		inspection->state->has_version_table ? "no row" : "nothing",
		inspection->tool->table);
	finding_advise(inspection->finding, "if the tables are as the migrations make them: %s",
		inspection->tool->stamp);
}

static const char *first_pending(const struct versioned_files *versions)
{
	size_t i = 0;
	while (versions->items[i].applied)
		i++;
	return versions->items[i].path;
}

static void conclude_pending(const struct inspection *inspection, enum finding_kind kind)
{
	(void)finding_set(inspection->finding, kind,
		"%zu of the %zu in %s are not applied; the first is %s",
		inspection->finding->pending, inspection->versions.count,
		inspection->files->directory, first_pending(&inspection->versions));
	finding_advise(inspection->finding, "%s", inspection->tool->upgrade);
}

static void conclude_at_head(const struct inspection *inspection)
{
	if (inspection->others == 0)
		(void)finding_set(inspection->finding, FINDING_AT_HEAD, "all %zu in %s are applied",
			inspection->versions.count, inspection->files->directory);
	else
		(void)finding_set(inspection->finding, FINDING_AT_HEAD,
			"all %zu in %s are applied; %s also holds %zu that it does not have, the "
			"last is %s",
			inspection->versions.count, inspection->files->directory,
			inspection->tool->table, inspection->others, inspection->other);
}

static bool files_are_sound(const struct inspection *inspection)
{
	const struct versioned_tool *tool = inspection->tool;
	return tool->is_sound == NULL ||
	       tool->is_sound(inspection->files, &inspection->versions, inspection->finding);
}

/* In the order in which the tool itself would come upon it. */
static void conclude(struct inspection *inspection)
{
	match(inspection);
	if (!files_are_sound(inspection))
		return;
	if (inspection->tool->refuses_other_rows && inspection->others > 0)
		conclude_foreign(inspection);
	else if (inspection->state->locked)
		conclude_locked(inspection);
	else if (inspection->rows.count == 0 && inspection->state->other_tables > 0)
		conclude_unversioned(inspection);
	else if (inspection->rows.count == 0)
		conclude_pending(inspection, FINDING_EMPTY);
	else if (inspection->finding->pending > 0)
		conclude_pending(inspection, FINDING_PENDING);
	else
		conclude_at_head(inspection);
}

void versioned_inspect(const struct versioned_tool *tool, const struct migrations_files *files,
	const struct migrations_state *state, struct finding *finding)
{
	struct inspection inspection = {
		.tool = tool, .files = files, .state = state, .finding = finding};
	if (tables_are_certain(&inspection) && tool->is_plain(files, finding) &&
		read_rows(&inspection) && read_files(&inspection))
		conclude(&inspection);
	versioned_files_clear(&inspection.versions);
	list_clear(&inspection.rows);
}

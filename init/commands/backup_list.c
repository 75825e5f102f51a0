/* backup --list: what lies in backup.directory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/store.h"
#include "base/log.h"
#include "base/text.h"
#include "commands/commands.h"
#include "config/json.h"
#include "process/signals.h"

#define IDENTITY_SIZE 200

static void show_json(const struct store *store)
{
	(void)fputs("[", stdout);
	for (size_t i = 0; i < store->count; i++) {
		(void)fputs(i > 0 ? ",\n {\"path\": " : "\n {\"path\": ", stdout);
		json_string(stdout, store->entries[i].path);
		for (enum manifest_field field = 0; field < MANIFEST_FIELDS; field++) {
			(void)printf(", \"%s\": ", manifest_name(field));
			json_string(stdout, manifest_get(&store->entries[i].manifest, field));
		}
		(void)fputs("}", stdout);
	}
	(void)fputs(store->count > 0 ? "\n]\n" : "]\n", stdout);
}

static int width_of(const struct store *store, enum manifest_field field, const char *title)
{
	size_t width = field == MANIFEST_SIZE ? sizeof "999.9 MB" : strlen(title);
	for (size_t i = 0; field != MANIFEST_SIZE && i < store->count; i++) {
		size_t length = strlen(manifest_get(&store->entries[i].manifest, field));
		if (length > width)
			width = length;
	}
	return (int)width;
}

/* What tells it from another database at its address, where there are backups of such a one. */
static const char *identity_of(const struct store *store, size_t index, char room[IDENTITY_SIZE])
{
	const struct manifest *own = &store->entries[index].manifest;
	const char *identity = manifest_get(own, MANIFEST_IDENTITY);
	bool alone = true;
	for (size_t i = 0; i < store->count; i++) {
		const struct manifest *other = &store->entries[i].manifest;
		alone = alone && (!text_equal(manifest_get(own, MANIFEST_URL),
					  manifest_get(other, MANIFEST_URL)) ||
					 store_is_identity(
						 identity, manifest_get(other, MANIFEST_IDENTITY)));
	}
	(void)snprintf(room, IDENTITY_SIZE, "%s%s", alone ? "" : " of ", alone ? "" : identity);
	return room;
}

static void show_table(const struct store *store)
{
	static const struct {
		enum manifest_field field;
		const char *title;
	} columns[] = {
		{MANIFEST_FILE, "file"},
		{MANIFEST_TIME, "time (UTC)"},
		{MANIFEST_SIZE, "size"},
		{MANIFEST_REVISION, "revision"},
		{MANIFEST_REASON, "reason"},
		{MANIFEST_VERIFIED, "verified by"},
		{MANIFEST_URL, "database"},
	};
	size_t count = sizeof columns / sizeof columns[0];
	for (size_t row = 0; row <= store->count; row++)
		for (size_t i = 0; i < count; i++) {
			char room[STORE_SIZE_TEXT];
			char identity[IDENTITY_SIZE];
			const char *title = columns[i].title;
			const char *text = row == 0
						   ? title
						   : manifest_get(&store->entries[row - 1].manifest,
							     columns[i].field);
			if (row > 0 && columns[i].field == MANIFEST_SIZE)
				text = store_size(strtoll(text, NULL, 10), room);
			if (i + 1 == count)
				(void)printf("%s%s\n", text,
					row > 0 ? identity_of(store, row - 1, identity) : "");
			else
				(void)printf(
					"%-*s  ", width_of(store, columns[i].field, title), text);
		}
}

static void show(const struct store *store, const char *directory)
{
	if (store->count == 0) {
		(void)printf("no backup in %s; `tminus backup` makes one\n", directory);
		return;
	}
	show_table(store);
	(void)printf(
		"\nput one back: tminus restore %s; `tminus restore latest` takes the newest of "
		"its database, but none that a restore made\n",
		manifest_get(&store->entries[0].manifest, MANIFEST_FILE));
}

int command_backup_list(struct command_line *line)
{
	struct store store;
	struct error error;
	signals_unblock();
	struct config *config = commands_load(line);
	if (config == NULL)
		return STATUS_CONFIG;
	const char *directory = config->backup_directory;
	if ((directory == NULL && store_check(NULL, true, &error) != 0) ||
		store_read(directory, &store, &error) != 0) {
		log_error("%s", error.message);
		config_free(config);
		return STATUS_BACKUP;
	}
	if ((line->options & OPTION_JSON) != 0)
		show_json(&store);
	else
		show(&store, directory);
	store_clear(&store);
	config_free(config);
	return commands_flush();
}

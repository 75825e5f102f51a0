#include "backup/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backup/store.h"
#include "base/memory.h"
#include "base/partial.h"
#include "base/text.h"
#include "config/ini.h"
#include "config/read_file.h"

#define LINE_LENGTH 1000

static const char *const names[MANIFEST_FIELDS] = {
	[MANIFEST_FILE] = "file",
	[MANIFEST_KIND] = "kind",
	[MANIFEST_SERVER] = "server",
	[MANIFEST_URL] = "url",
	[MANIFEST_IDENTITY] = "identity",
	[MANIFEST_DATABASE] = "database",
	[MANIFEST_SCHEMA] = "schema",
	[MANIFEST_TOOL] = "tool",
	[MANIFEST_FORMAT] = "format",
	[MANIFEST_TABLES] = "tables",
	[MANIFEST_EXCLUDE] = "exclude",
	[MANIFEST_REVISION] = "revision",
	[MANIFEST_BOOT] = "boot",
	[MANIFEST_REASON] = "reason",
	[MANIFEST_HOST] = "host",
	[MANIFEST_TIME] = "time",
	[MANIFEST_SIZE] = "size",
	[MANIFEST_SHA256] = "sha256",
	[MANIFEST_VERIFIED] = "verified",
};

const char *manifest_name(enum manifest_field field)
{
	return names[field];
}

const char *manifest_get(const struct manifest *manifest, enum manifest_field field)
{
	return manifest->fields[field] != NULL ? manifest->fields[field] : "";
}

void manifest_set(struct manifest *manifest, enum manifest_field field, const char *value)
{
	char *copy = memory_copy(value);
	for (char *at = copy; *at != '\0'; at++)
		if ((unsigned char)*at < ' ')
			*at = ' ';
	free(manifest->fields[field]);
	manifest->fields[field] = copy;
}

void manifest_clear(struct manifest *manifest)
{
	for (size_t i = 0; i < MANIFEST_FIELDS; i++)
		free(manifest->fields[i]);
	*manifest = (struct manifest){0};
}

/* Keys of a later release are no fault. */
static void take_entry(struct manifest *manifest, const struct ini_entry *entry)
{
	for (size_t i = 0; entry->key != NULL && i < MANIFEST_FIELDS; i++)
		if (text_equal(entry->key, names[i]))
			manifest_set(manifest, (enum manifest_field)i, entry->value);
}

int manifest_read(const char *path, struct manifest *manifest, struct error *error)
{
	struct text contents = {0};
	struct ini_document document;
	struct faults faults = {0};
	int result = read_file(path, &contents, error);
	error->status = STATUS_RESTORE;
	*manifest = (struct manifest){0};
	if (result == 0) {
		ini_parse_text(path, contents.bytes != NULL ? contents.bytes : "", contents.length,
			&document, &faults);
		for (size_t i = 0; i < document.count; i++)
			take_entry(manifest, &document.entries[i]);
		bool understood = faults.messages.count == 0;
		ini_clear(&document);
		faults_free(&faults);
		if (!understood || manifest_get(manifest, MANIFEST_SHA256)[0] == '\0')
			result = error_set(
				error, STATUS_RESTORE, "%s: is not a backup's manifest", path);
	}
	text_free(&contents);
	return result;
}

static int write_all(int descriptor, const struct text *text)
{
	for (size_t written = 0; written < text->length;) {
		ssize_t count = write(descriptor, text->bytes + written, text->length - written);
		if (count < 0 && errno != EINTR)
			return -1;
		written += count > 0 ? (size_t)count : 0;
	}
	return fsync(descriptor);
}

static int write_file(const char *path, const struct text *text)
{
	autoclose int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return descriptor < 0 ? -1 : write_all(descriptor, text);
}

/* What is separated by commas goes on in another line, for lines have a limit. */
static void add_field(struct text *text, const char *name, const char *value)
{
	size_t begin = text->length;
	text_add_format(text, "%s = ", name);
	for (const char *at = value; *at != '\0'; at++) {
		bool breaks = text->length - begin > LINE_LENGTH && *at == ' ' && at > value &&
			      at[-1] == ',';
		text_add_byte(text, *at);
		if (!breaks)
			continue;
		begin = text->length;
		text->bytes[begin - 1] = '\n';
		text_add_byte(text, '\t');
	}
	text_add_byte(text, '\n');
}

int manifest_write(const char *path, const struct manifest *manifest, struct error *error)
{
	struct text text = {0};
	struct text temporary = {0};
	text_add_format(&temporary, "%s" PARTIAL_SUFFIX, path);
	for (size_t i = 0; i < MANIFEST_FIELDS; i++)
		add_field(&text, names[i], manifest_get(manifest, (enum manifest_field)i));
	int result = write_file(temporary.bytes, &text);
	if (result == 0)
		result = rename(temporary.bytes, path);
	if (result == 0)
		result = store_sync(path);
	if (result != 0) {
		(void)error_set_errno(error, STATUS_BACKUP, errno, "%s: cannot be written", path);
		(void)unlink(temporary.bytes);
	}
	text_free(&temporary);
	text_free(&text);
	return result;
}

#include "config/ini.h"

#include <ctype.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* What inih is told about the line that stands in reader.kept. */
enum line_kind { LINE_NOTHING, LINE_KEY, LINE_CONTINUATION };

struct span {
	const char *start;
	size_t length;
};

/*
 * Between the file and inih. inih gets each line with its value replaced by an "x", short enough
 * for any of its buffers and free of what it takes for comments; the value itself is kept here.
 */
struct reader {
	const char *name;
	const char *cursor;
	const char *end;
	size_t line;
	struct ini_document *document;
	struct faults *faults;
	const char *section; /* the one that we are in; inih's own may be cut */
	enum line_kind kind;
	bool if_unset;	   /* the key is followed by ?= */
	struct span kept;  /* the value, or the part of one, in the line just handed on */
	size_t key_indent; /* blanks before the last key */
	bool in_key;	   /* a key stands above in this section, so it can be continued */
	bool skip;	   /* the section's header was faulty: its keys belong nowhere */
};

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\v' || byte == '\f';
}

static struct span trimmed(struct span span)
{
	while (span.length > 0 && is_blank(span.start[0])) {
		span.start++;
		span.length--;
	}
	while (span.length > 0 && is_blank(span.start[span.length - 1]))
		span.length--;
	return span;
}

/* Takes the next line without its end; false behind the last. */
static bool next_line(struct reader *reader, struct span *line)
{
	if (reader->cursor == reader->end)
		return false;
	size_t left = (size_t)(reader->end - reader->cursor);
	const char *newline = memchr(reader->cursor, '\n', left);
	const char *end = newline != NULL ? newline : reader->end;
	*line = (struct span){reader->cursor, (size_t)(end - reader->cursor)};
	reader->cursor = newline != NULL ? newline + 1 : end;
	reader->line++;
	if (line->length > 0 && line->start[line->length - 1] == '\r')
		line->length--;
	return true;
}

static void add_fault(struct reader *reader, const char *what)
{
	faults_add(reader->faults, "%s:%zu: %s", reader->name, reader->line, what);
}

static void add_entry(struct ini_document *document, struct ini_entry entry)
{
	size_t size = sizeof *document->entries;
	document->entries = memory_resized(document->entries, document->count + 1, size);
	document->entries[document->count++] = entry;
}

/* "step   NAME" with single spaces; the caller frees it. */
static char *section_name(struct span span)
{
	struct text name = {0};
	for (size_t i = 0; i < span.length; i++) {
		if (!is_blank(span.start[i]))
			text_add_byte(&name, span.start[i]);
		else if (!is_blank(span.start[i - 1]))
			text_add_byte(&name, ' ');
	}
	return text_take(&name);
}

/* What is wrong with a section's header, or NULL with its name in *name. */
static const char *parse_header(struct span line, struct span *name)
{
	const char *close = memchr(line.start, ']', line.length);
	if (close == NULL)
		return "the [ of a section has no ]";
	const char *line_end = line.start + line.length;
	struct span behind = trimmed((struct span){close + 1, (size_t)(line_end - close - 1)});
	if (behind.length > 0 && behind.start[0] != ';' && behind.start[0] != '#')
		return "more than a comment stands behind the ] of a section";
	*name = trimmed((struct span){line.start + 1, (size_t)(close - line.start - 1)});
	if (name->length == 0)
		return "a section without a name";
	if (name->length > INI_SECTION_MAX)
		return "the name of a section has more than 249 characters";
	for (size_t i = 0; i < name->length; i++)
		if (name->start[i] == ';' ||
			(iscntrl((unsigned char)name->start[i]) && !is_blank(name->start[i])))
			return "the name of a section has a character that no name has";
	return NULL;
}

static void hand_header(struct reader *reader, struct span line, char *room, size_t size)
{
	struct span span = {0};
	const char *wrong = parse_header(line, &span);
	reader->in_key = false;
	reader->skip = wrong != NULL;
	if (wrong != NULL) {
		add_fault(reader, wrong);
		return;
	}
	char *name = section_name(span);
	reader->section = name;
	(void)snprintf(room, size, "[x]\n");
	add_entry(reader->document, (struct ini_entry){.section = name, .line = reader->line});
}

static bool is_key_byte(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_' || byte == '-' || byte == '.';
}

/* What is wrong with a line that should be a key and a value, or NULL. */
static const char *parse_key(struct span line, struct span *key, struct span *value, bool *if_unset)
{
	size_t sign = 0;
	while (sign < line.length && line.start[sign] != '=' && line.start[sign] != ':')
		sign++;
	if (sign == line.length)
		return "neither a [section] nor key = value (a continued line is indented deeper "
		       "than "
		       "its key)";
	*if_unset = sign > 0 && line.start[sign] == '=' && line.start[sign - 1] == '?';
	*key = trimmed((struct span){line.start, sign - *if_unset});
	*value = trimmed((struct span){line.start + sign + 1, line.length - sign - 1});
	if (key->length == 0)
		return "a value without a key";
	if (key->length > INI_NAME_MAX)
		return "the name of a key has more than 49 characters";
	for (size_t i = 0; i < key->length; i++)
		if (!is_key_byte(key->start[i]))
			return "the name of a key has letters, digits, _ and - only";
	return NULL;
}

static void hand_key(
	struct reader *reader, struct span line, size_t indent, char *room, size_t size)
{
	struct span key = {0};
	const char *wrong = parse_key(line, &key, &reader->kept, &reader->if_unset);
	reader->in_key = wrong == NULL;
	reader->key_indent = indent;
	if (wrong != NULL) {
		add_fault(reader, wrong);
		return;
	}
	reader->kind = LINE_KEY;
	(void)snprintf(room, size, "%.*s = x\n", (int)key.length, key.start);
}

/* Is the line one that nobody can mean? Says so. */
static bool is_faulty(struct reader *reader, struct span line)
{
	if (memchr(line.start, '\0', line.length) != NULL)
		add_fault(reader, "a NUL byte; this is not a text file");
	else if (line.length > INI_LINE_MAX)
		add_fault(reader,
			"the line has more than 4096 characters (a line indented deeper than "
			"its key continues the value)");
	else
		return false;
	return true;
}

static void hand_line(struct reader *reader, struct span line, char *room, size_t size)
{
	if (is_faulty(reader, line))
		return;
	struct span inner = trimmed(line);
	size_t indent = (size_t)(inner.start - line.start);
	if (inner.length == 0 || inner.start[0] == ';' || inner.start[0] == '#')
		return;
	if (reader->in_key && indent > reader->key_indent) {
		reader->kind = LINE_CONTINUATION;
		reader->kept = inner;
		(void)snprintf(room, size, " x\n");
	} else if (inner.start[0] == '[') {
		hand_header(reader, inner, room, size);
	} else {
		hand_key(reader, inner, indent, room, size);
	}
}

/* inih's reader, in the place of fgets(3). */
static char *read_line(char *room, int size, void *stream)
{
	struct reader *reader = stream;
	struct span line;
	if (reader->document->count >= INI_ENTRIES_MAX || !next_line(reader, &line))
		return NULL;
	reader->kind = LINE_NOTHING;
	(void)snprintf(room, (size_t)size, "\n");
	hand_line(reader, line, room, (size_t)size);
	return room;
}

/* The entry that has this key already, or NULL. */
static const struct ini_entry *find_entry(
	const struct ini_document *document, const char *section, const char *key)
{
	for (size_t i = 0; i < document->count; i++) {
		const struct ini_entry *entry = &document->entries[i];
		if (entry->key != NULL && text_equal(entry->key, key) &&
			text_equal(entry->section, section))
			return entry;
	}
	return NULL;
}

static void add_key(struct reader *reader, const char *section, const char *key)
{
	const struct ini_entry *first = find_entry(reader->document, section, key);
	if (first != NULL && section[0] == '\0')
		faults_add(reader->faults, "%s:%zu: \"%s\" was set already in line %zu",
			reader->name, reader->line, key, first->line);
	else if (first != NULL)
		faults_add(reader->faults, "%s:%zu: \"%s\" was set already in [%s], in line %zu",
			reader->name, reader->line, key, section, first->line);
	add_entry(reader->document,
		(struct ini_entry){
			.section = memory_copy(section),
			.key = memory_copy(key),
			.value = memory_copy_bytes(reader->kept.start, reader->kept.length),
			.line = reader->line,
			.if_unset = reader->if_unset,
		});
}

static void continue_value(struct reader *reader)
{
	struct ini_entry *entry = &reader->document->entries[reader->document->count - 1];
	struct text value = {0};
	text_add(&value, entry->value);
	if (value.length > 0)
		text_add_byte(&value, '\n');
	text_add_bytes(&value, reader->kept.start, reader->kept.length);
	free(entry->value);
	entry->value = text_take(&value);
}

static int handle(void *user, const char *section, const char *key, const char *value
#if INI_HANDLER_LINENO
	,
	int line
#endif
)
{
#if INI_HANDLER_LINENO
	(void)line;
#endif
	(void)section;
	(void)value; /* each an "x"; see struct reader */
	struct reader *reader = user;
	if (key == NULL || reader->skip)
		return 1;
	if (reader->kind == LINE_KEY)
		add_key(reader, reader->section, key);
	else if (reader->kind == LINE_CONTINUATION)
		continue_value(reader);
	return 1;
}

void ini_parse_text(const char *name, const char *contents, size_t length,
	struct ini_document *document, struct faults *faults)
{
	*document = (struct ini_document){0};
	struct reader reader = {
		.name = name,
		.section = "",
		.cursor = contents,
		.end = contents + length,
		.document = document,
		.faults = faults,
	};
	if (length >= 3 && memcmp(contents, "\xef\xbb\xbf", 3) == 0)
		reader.cursor += 3;
	int wrong = ini_parse_stream(read_line, &reader, handle, &reader);
	if (wrong != 0)
		faults_add(faults, "%s:%d: is not understood", name, wrong);
	if (document->count >= INI_ENTRIES_MAX)
		faults_add(faults, "%s:%zu: more than %d keys and sections", name, reader.line,
			INI_ENTRIES_MAX);
}

void ini_clear(struct ini_document *document)
{
	for (size_t i = 0; i < document->count; i++) {
		free(document->entries[i].section);
		free(document->entries[i].key);
		free(document->entries[i].value);
	}
	free(document->entries);
	*document = (struct ini_document){0};
}

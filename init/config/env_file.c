#include "config/env_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/source_environment.h"

#define BLANKS " \t\r"

static void skip_blanks(struct env_file *file)
{
	file->cursor += strspn(file->cursor, BLANKS);
}

static void skip_line(struct env_file *file)
{
	file->cursor += strcspn(file->cursor, "\n");
}

static bool at_end(const struct env_file *file)
{
	return *file->cursor == '\0' || *file->cursor == '\n';
}

static const char no_command[] =
	"no command is run for a value; in '...' a $( or ` stands for itself";

/* Expands the reference at *at, or takes the byte there. What is wrong, or NULL. */
static const char *take(
	const char **at, const struct expand_names *names, struct text *value, struct error *error)
{
	bool command = **at == '`' || strncmp(*at, "$(", 2) == 0;
	if (command)
		return no_command;
	if (strncmp(*at, "${", 2) != 0) {
		text_add_byte(value, *(*at)++);
		return NULL;
	}
	return expand_at(at, names, value, error) == 0 ? NULL : expand_fault(error);
}

/* A value without quotes, in a line of its own. */
static const char *read_plain(
	const char *line, const struct expand_names *names, struct text *value, struct error *error)
{
	size_t kept = 0; /* blanks at the end, if they are written there, do not belong to it */
	const char *wrong = NULL;
	for (const char *at = line; *at != '\0' && wrong == NULL;) {
		bool blank = strchr(BLANKS, *at) != NULL;
		if (*at == '#' && at > line && strchr(BLANKS, at[-1]) != NULL)
			break;
		wrong = take(&at, names, value, error);
		if (!blank)
			kept = value->length;
	}
	if (value->length > kept) {
		value->length = kept;
		value->bytes[kept] = '\0';
	}
	return wrong;
}

/* Takes the \ at *at, and what it stands before. */
static void unescape(const char **at, struct text *value)
{
	static const char escapes[] = "n\nr\rt\t\"\"\\\\$$``";
	char byte = (*at)[1];
	const char *found = NULL;
	for (size_t i = 0; byte != '\0' && i + 1 < sizeof escapes; i += 2)
		if (escapes[i] == byte)
			found = &escapes[i + 1];
	if (found != NULL)
		text_add_byte(value, *found);
	else if (byte != '\n')
		text_add_byte(value, '\\');
	*at += found != NULL || byte == '\n' ? 2 : 1;
}

/* What stood in "...". */
static const char *read_double(const char *inside, const struct expand_names *names,
	struct text *value, struct error *error)
{
	const char *wrong = NULL;
	while (*inside != '\0' && wrong == NULL) {
		if (*inside == '\\')
			unescape(&inside, value);
		else
			wrong = take(&inside, names, value, error);
	}
	return wrong;
}

/* The quote that closes what the one at open opens, or NULL. */
static const char *find_quote(const char *open)
{
	const char *at = open + 1;
	while (*at != '\0' && *at != *open)
		at += *at == '\\' && *open == '"' && at[1] != '\0' ? 2 : 1;
	return *at != '\0' ? at : NULL;
}

/* The bytes from start to end, with line ends of \n alone. */
static char *copy_lines(struct env_file *file, const char *start, const char *end)
{
	struct text copy = {0};
	for (; start < end; start++) {
		if (start[0] != '\r' || start[1] != '\n')
			text_add_byte(&copy, *start);
		file->line += *start == '\n';
	}
	return text_take(&copy);
}

/* A value that begins with a quote. The cursor is behind it when it has an end. */
static const char *read_quoted(struct env_file *file, const struct expand_names *names,
	struct text *value, struct error *error)
{
	const char *open = file->cursor;
	const char *close = find_quote(open);
	if (close == NULL) {
		file->cursor += strlen(file->cursor);
		return "a quote that nothing closes";
	}
	autofree char *inside = copy_lines(file, open + 1, close);
	const char *wrong = NULL;
	file->cursor = close + 1;
	if (*open == '"')
		wrong = read_double(inside, names, value, error);
	else
		text_add(value, inside);
	skip_blanks(file);
	bool rest = !at_end(file) && *file->cursor != '#';
	return wrong == NULL && rest ? "something stands behind the closing quote" : wrong;
}

static const char *read_value(struct env_file *file, const struct expand_names *names,
	struct text *value, struct error *error)
{
	if (*file->cursor == '"' || *file->cursor == '\'')
		return read_quoted(file, names, value, error);
	autofree char *line = memory_copy_bytes(file->cursor, strcspn(file->cursor, "\n"));
	return read_plain(line, names, value, error);
}

/* Reads NAME= with what may stand around it. What is wrong, or NULL with the name, or part of it.
 */
static const char *read_name(struct env_file *file, char **name)
{
	static const char word[] = "export";
	size_t length = sizeof word - 1;
	if (strncmp(file->cursor, word, length) == 0 && strspn(file->cursor + length, BLANKS) > 0)
		file->cursor += length;
	skip_blanks(file);
	length = strcspn(file->cursor, "=\n" BLANKS);
	*name = memory_copy_bytes(file->cursor, length);
	file->cursor += length;
	skip_blanks(file);
	if (*file->cursor != '=')
		return "neither NAME=value nor a comment";
	file->cursor++;
	size_t blanks = strspn(file->cursor, BLANKS);
	/* "A= # nothing": the # is behind a blank. */
	file->cursor += file->cursor[blanks] == '#' && blanks > 0 ? blanks - 1 : blanks;
	return NULL;
}

/* A variable of tminus's is named; anything else before a = may be the end of a secret. */
static const char *name_fault(const char *name, struct error *error)
{
	const char *wrong = variable_name_fault(name);
	if (wrong == NULL)
		return NULL;
	if (!text_starts_with(name, "TMINUS_") && !text_equal(name, "NOTIFY_SOCKET"))
		return "what stands before the = is no name of a variable";
	(void)error_set(error, STATUS_CONFIG, "%s %s", name, wrong);
	return error->message;
}

static void add_fault(const struct env_file *file, const struct env_file_entry *entry,
	const char *name, const char *wrong)
{
	faults_add(file->faults, "%s:%zu: %s%s%s", file->name, entry->line, name,
		name[0] != '\0' ? ": " : "", wrong);
}

/* The value is read in any case, because it may have more than one line. */
static void read_entry(
	struct env_file *file, const struct expand_names *names, struct env_file_entry *entry)
{
	struct error name_error;
	struct error error;
	struct text value = {0};
	entry->line = file->line;
	const char *wrong = read_name(file, &entry->name);
	const char *wrong_value = NULL;
	if (wrong == NULL) {
		wrong = name_fault(entry->name, &name_error);
		wrong_value = read_value(file, names, &value, &error);
	}
	if (wrong != NULL)
		add_fault(file, entry, "", wrong);
	else if (wrong_value != NULL)
		add_fault(file, entry, entry->name, wrong_value);
	else
		entry->value = text_take(&value);
	text_free(&value);
	skip_line(file);
}

bool env_file_next(
	struct env_file *file, const struct expand_names *names, struct env_file_entry *entry)
{
	for (;;) {
		*entry = (struct env_file_entry){0};
		skip_blanks(file);
		if (*file->cursor == '#')
			skip_line(file);
		if (*file->cursor == '\0')
			return false;
		if (*file->cursor != '\n')
			read_entry(file, names, entry);
		if (*file->cursor == '\n') {
			file->cursor++;
			file->line++;
		}
		if (entry->value != NULL)
			return true;
		free(entry->name);
	}
}

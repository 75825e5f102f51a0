#include "commands/dockerfile.h"

#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "commands/programs.h"

#define BLANKS " \t"
#define DELIMITER_SIZE 64

/* Behind the newline of the line at at. */
static size_t line_end(const char *text, size_t at)
{
	size_t end = at + strcspn(text + at, "\n");
	return text[end] == '\n' ? end + 1 : end;
}

static bool is_comment(const char *text, size_t at)
{
	return text[at + strspn(text + at, BLANKS)] == '#';
}

/* Does the line go on in the next one? Comments may stand between the lines of an instruction. */
static bool continues(const char *text, size_t begin, size_t end)
{
	while (end > begin && strchr(" \t\r\n", text[end - 1]) != NULL)
		end--;
	return end > begin && text[end - 1] == '\\';
}

static size_t instruction_end(const char *text, size_t begin)
{
	size_t at = begin;
	size_t end = line_end(text, at);
	while (text[end] != '\0' &&
		(continues(text, at, end) || (at > begin && is_comment(text, at)))) {
		at = end;
		end = line_end(text, at);
	}
	return end;
}

/* Is it the instruction of that name? What stands behind the name, or NULL. */
static const char *behind(const char *text, const char *name)
{
	text += strspn(text, BLANKS);
	size_t length = strlen(name);
	if (strncasecmp(text, name, length) != 0 || strchr(BLANKS, text[length]) == NULL ||
		text[length] == '\0')
		return NULL;
	return text + length + strspn(text + length, BLANKS);
}

/* Behind the here-documents of the instruction that ends at end. */
static size_t skip_documents(const char *text, size_t begin, size_t end)
{
	char delimiter[DELIMITER_SIZE];
	const char *mark = strstr(text + begin, "<<");
	if (mark == NULL || mark >= text + end ||
		(behind(text + begin, "RUN") == NULL && behind(text + begin, "COPY") == NULL &&
			behind(text + begin, "ADD") == NULL))
		return end;
	mark += 2 + strspn(mark + 2, "-\"'");
	size_t length = strcspn(mark, " \t\r\n\"'");
	if (length == 0 || length >= DELIMITER_SIZE)
		return end;
	memcpy(delimiter, mark, length);
	delimiter[length] = '\0';
	bool closed = false;
	while (!closed && text[end] != '\0') {
		const char *line = text + end + strspn(text + end, "\t");
		closed = strncmp(line, delimiter, length) == 0 &&
			 strcspn(line + length, "\r\n") == 0;
		end = line_end(text, end);
	}
	return end;
}

/* What stands between the strings of an array, comments among it. */
static const char *skip_between(const char *text)
{
	text += strspn(text, " \t\r\n\\,[");
	while (*text == '#') {
		text += strcspn(text, "\n");
		text += strspn(text, " \t\r\n\\,[");
	}
	return text;
}

/* One string of a JSON array at *at; NULL when there is none. */
static char *take_string(const char **at)
{
	struct text word = {0};
	const char *text = skip_between(*at);
	if (*text != '"')
		return NULL;
	for (text++; *text != '"'; text++) {
		if (*text == '\\')
			text++;
		if (*text == '\0') {
			text_free(&word);
			return NULL;
		}
		text_add_byte(&word, *text);
	}
	*at = text + 1;
	return text_take(&word);
}

static void take_words(const char *text, struct list *words)
{
	char *word;
	if (*text != '[')
		return;
	while ((word = take_string(&text)) != NULL)
		list_append_owned(words, word);
}

static void forget(struct instruction *instruction)
{
	list_clear(&instruction->words);
	*instruction = (struct instruction){0};
}

static void keep(struct instruction *kept, const char *arguments, const struct instruction *found)
{
	forget(kept);
	*kept = *found;
	take_words(arguments, &kept->words);
}

static void look_at(struct dockerfile *dockerfile, const struct instruction *found)
{
	const char *text = dockerfile->text.bytes + found->begin;
	const char *arguments;
	if (behind(text, "FROM") != NULL) {
		forget(&dockerfile->entrypoint);
		forget(&dockerfile->command);
	} else if ((arguments = behind(text, "ENTRYPOINT")) != NULL) {
		keep(&dockerfile->entrypoint, arguments, found);
	} else if ((arguments = behind(text, "CMD")) != NULL) {
		keep(&dockerfile->command, arguments, found);
	}
}

void dockerfile_parse(struct text *text, struct dockerfile *dockerfile)
{
	*dockerfile = (struct dockerfile){.text = *text};
	*text = (struct text){0};
	const char *bytes = dockerfile->text.bytes;
	struct instruction found = {.line = 1};
	while (bytes != NULL && bytes[found.begin] != '\0') {
		bool comment = is_comment(bytes, found.begin);
		found.end = comment ? line_end(bytes, found.begin)
				    : instruction_end(bytes, found.begin);
		if (!comment)
			found.end = skip_documents(bytes, found.begin, found.end);
		look_at(dockerfile, &found);
		for (size_t i = found.begin; i < found.end; i++)
			found.line += bytes[i] == '\n';
		found.begin = found.end;
	}
}

void dockerfile_free(struct dockerfile *dockerfile)
{
	forget(&dockerfile->entrypoint);
	forget(&dockerfile->command);
	text_free(&dockerfile->text);
}

/* --- with tminus ------------------------------------------------------------------------------ */

bool dockerfile_names(const char *word, const char *file)
{
	return text_equal(text_last_part(word), text_last_part(file));
}

static bool is_init(const char *word)
{
	const char *name = text_last_part(word);
	return text_equal(name, "tminus") || program_find(name) != NULL;
}

/* The index of the first word that is the app's own: behind another init and its flags, and behind
 * the script. */
static size_t app_word(const struct list *words, const char *script)
{
	size_t at = 0;
	if (at < words->count && is_init(words->items[at]))
		for (at++; at < words->count && words->items[at][0] == '-';)
			if (text_equal(words->items[at++], "--"))
				break;
	if (at < words->count && script != NULL && dockerfile_names(words->items[at], script))
		at++;
	return at;
}

static void add_quoted(struct text *text, const char *word)
{
	text_add(text, ", \"");
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			text_add_byte(text, '\\');
		text_add_byte(text, *word);
	}
	text_add_byte(text, '"');
}

/* In the shell's form, with the lines that a backslash joins. */
static char *shell_line(const struct dockerfile *dockerfile, const struct instruction *instruction)
{
	struct text line = {0};
	const char *at = dockerfile->text.bytes + instruction->begin;
	const char *end = dockerfile->text.bytes + instruction->end;
	at += strspn(at, BLANKS);
	at += strcspn(at, BLANKS);
	for (at += strspn(at, BLANKS); at < end; at++) {
		size_t joined = *at == '\\' ? 1 + strspn(at + 1, " \t\r") : 0;
		if (joined > 0 && at[joined] == '\n')
			at += joined;
		else if (*at != '\n' && *at != '\r')
			text_add_byte(&line, *at);
	}
	return text_take(&line);
}

char *dockerfile_line(const struct dockerfile *dockerfile, const struct instruction *instruction)
{
	struct text line = {0};
	if (instruction->line > 0 && instruction->words.count == 0)
		return shell_line(dockerfile, instruction);
	for (size_t i = 0; i < instruction->words.count; i++)
		text_add_format(&line, "%s%s", i > 0 ? " " : "", instruction->words.items[i]);
	return text_take(&line);
}

bool dockerfile_lacks_app(const struct dockerfile *dockerfile, const char *script)
{
	const struct instruction *entrypoint = &dockerfile->entrypoint;
	bool in_shell = entrypoint->line > 0 && entrypoint->words.count == 0;
	return dockerfile->command.line == 0 && !in_shell &&
	       app_word(&entrypoint->words, script) == entrypoint->words.count;
}

static void add_entrypoint(
	const struct dockerfile *dockerfile, const char *script, struct text *text)
{
	const struct instruction *entrypoint = &dockerfile->entrypoint;
	const struct list *words = &entrypoint->words;
	text_add(text, "ENTRYPOINT [\"/sbin/tminus\", \"--\"");
	for (size_t i = app_word(words, script); i < words->count; i++)
		add_quoted(text, words->items[i]);
	if (entrypoint->line > 0 && words->count == 0) {
		autofree char *line = shell_line(dockerfile, entrypoint);
		text_add(text, ", \"/bin/sh\", \"-c\"");
		add_quoted(text, line);
	}
	text_add(text, "]\n");
	if (dockerfile_lacks_app(dockerfile, script))
		text_add(text, "# CMD [\"...\"]: the app goes here, unless command in [app] of "
			       "tminus.ini names it\n");
}

/* What was there, as comments. */
static void add_former(
	const struct dockerfile *dockerfile, const struct instruction *former, struct text *text)
{
	size_t end;
	for (size_t at = former->begin; at < former->end; at = end) {
		end = line_end(dockerfile->text.bytes, at);
		text_add(text, at == former->begin ? "# was: " : "# ");
		text_add_bytes(text, dockerfile->text.bytes + at, end - at);
	}
	if (text->length > 0 && text->bytes[text->length - 1] != '\n')
		text_add_byte(text, '\n');
}

char *dockerfile_with_tminus(const struct dockerfile *dockerfile, const char *script)
{
	struct text text = {0};
	const struct instruction *entrypoint = &dockerfile->entrypoint;
	const struct instruction *command = &dockerfile->command;
	size_t length = dockerfile->text.length;
	size_t at = entrypoint->line > 0 ? entrypoint->begin : length;
	if (entrypoint->line == 0 && command->line > 0)
		at = command->begin;
	if (length > 0)
		text_add_bytes(&text, dockerfile->text.bytes, at);
	if (text.length > 0 && text.bytes[text.length - 1] != '\n')
		text_add_byte(&text, '\n');
	text_add(&text, DOCKERFILE_COPY);
	if (entrypoint->line > 0)
		add_former(dockerfile, entrypoint, &text);
	add_entrypoint(dockerfile, script, &text);
	size_t rest = entrypoint->line > 0 ? entrypoint->end : at;
	if (rest < length)
		text_add_bytes(&text, dockerfile->text.bytes + rest, length - rest);
	return text_take(&text);
}

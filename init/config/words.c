#include "config/words.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "config/expand.h"

struct splitter {
	const char *cursor;
	const struct words_options *options;
	struct text word;
	bool begun; /* a word is being read, be it empty ('') */
	struct list *words;
	struct error *error;
};

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Does text begin with "scheme:/", as the next item of a list of URLs does? */
static bool starts_url(const char *text)
{
	while (is_blank(*text))
		text++;
	if (!isalpha((unsigned char)*text))
		return *text == '\0' || *text == '$' || *text == ',';
	while (isalnum((unsigned char)*text) || (*text != '\0' && strchr("+.-", *text) != NULL))
		text++;
	return text[0] == ':' && text[1] == '/';
}

/* A comma separates items, but one between the hosts of a URL belongs to it. */
static bool separates(const struct splitter *splitter)
{
	char byte = *splitter->cursor;
	if (is_blank(byte))
		return true;
	if (byte != ',' || splitter->options->kind != WORDS_LIST)
		return false;
	bool in_url = splitter->word.bytes != NULL && strstr(splitter->word.bytes, "://") != NULL;
	return !in_url || is_blank(splitter->cursor[1]) || starts_url(splitter->cursor + 1);
}

static void end_word(struct splitter *splitter)
{
	if (splitter->begun)
		list_append_owned(splitter->words, text_take(&splitter->word));
	splitter->begun = false;
}

static int take_dollar(struct splitter *splitter)
{
	if (splitter->options->names != NULL)
		return expand_at(&splitter->cursor, splitter->options->names, &splitter->word,
			splitter->error);
	text_add_byte(&splitter->word, *splitter->cursor++);
	return 0;
}

static int take_single_quoted(struct splitter *splitter)
{
	const char *start = splitter->cursor + 1;
	const char *end = strchr(start, '\'');
	if (end == NULL)
		return error_set(splitter->error, STATUS_CONFIG, "a ' has no closing '");
	text_add_bytes(&splitter->word, start, (size_t)(end - start));
	splitter->cursor = end + 1;
	return 0;
}

/* A backslash: before a newline both vanish; among "..." it quotes only what is special there. */
static void take_backslash(struct splitter *splitter, bool in_double_quotes)
{
	char next = splitter->cursor[1];
	if (next == '\0' || (in_double_quotes && strchr("\"\\$`\n", next) == NULL)) {
		text_add_byte(&splitter->word, '\\');
		splitter->cursor++;
		return;
	}
	if (next != '\n')
		text_add_byte(&splitter->word, next);
	splitter->cursor += 2;
}

static int take_double_quoted(struct splitter *splitter)
{
	splitter->cursor++;
	while (*splitter->cursor != '"') {
		if (*splitter->cursor == '\0')
			return error_set(splitter->error, STATUS_CONFIG, "a \" has no closing \"");
		if (*splitter->cursor == '\\')
			take_backslash(splitter, true);
		else if (*splitter->cursor != '$')
			text_add_byte(&splitter->word, *splitter->cursor++);
		else if (take_dollar(splitter) != 0)
			return -1;
	}
	splitter->cursor++;
	return 0;
}

/* A backslash and a newline join lines: they begin no word. */
static bool is_joined_line(const struct splitter *splitter)
{
	return splitter->cursor[0] == '\\' && splitter->cursor[1] == '\n';
}

static int take_part(struct splitter *splitter)
{
	if (!is_joined_line(splitter))
		splitter->begun = true;
	switch (*splitter->cursor) {
	case '\'':
		return take_single_quoted(splitter);
	case '"':
		return take_double_quoted(splitter);
	case '$':
		return take_dollar(splitter);
	case '\\':
		take_backslash(splitter, false);
		return 0;
	default:
		text_add_byte(&splitter->word, *splitter->cursor++);
		return 0;
	}
}

int words_split(const char *text, const struct words_options *options, struct list *words,
	struct error *error)
{
	struct splitter splitter = {
		.cursor = text, .options = options, .words = words, .error = error};
	while (*splitter.cursor != '\0') {
		if (separates(&splitter)) {
			end_word(&splitter);
			splitter.cursor++;
		} else if (take_part(&splitter) != 0) {
			text_free(&splitter.word);
			return -1;
		}
	}
	end_word(&splitter);
	return 0;
}

static bool is_operator(const char *word, size_t length)
{
	static const char *const operators[] = {"&&", "||", "|", ";", "&", NULL};
	for (size_t i = 0; operators[i] != NULL; i++)
		if (strlen(operators[i]) == length && strncmp(word, operators[i], length) == 0)
			return true;
	return strchr("><#`", word[0]) != NULL || strncmp(word, "2>", 2) == 0 ||
	       strncmp(word, "$(", 2) == 0 || word[length - 1] == ';';
}

static bool is_pattern(const char *word, size_t length)
{
	return word[0] == '#' || strcspn(word, "*?[") < length;
}

/* Where the word at text ends; *quoted says whether any of it is quoted. */
static const char *skip_word(const char *text, bool *quoted)
{
	*quoted = false;
	char quote = '\0';
	for (; *text != '\0' && (quote != '\0' || !is_blank(*text)); text++) {
		bool escapes = *text == '\\' && quote != '\'' && text[1] != '\0';
		if (escapes)
			text++;
		else if (*text == quote)
			quote = '\0';
		else if (quote == '\0' && (*text == '"' || *text == '\''))
			quote = *text;
		*quoted = *quoted || escapes || quote != '\0';
	}
	return text;
}

static char *find_plain(const char *text, bool (*is_found)(const char *word, size_t length))
{
	while (*text != '\0') {
		bool quoted;
		text += strspn(text, " \t\r\n");
		const char *end = skip_word(text, &quoted);
		size_t length = (size_t)(end - text);
		if (length > 0 && !quoted && is_found(text, length))
			return memory_copy_bytes(text, length);
		text = end;
	}
	return NULL;
}

char *words_shell_operator(const char *text)
{
	return find_plain(text, is_operator);
}

char *words_pattern(const char *text)
{
	return find_plain(text, is_pattern);
}

static bool needs_quotes(const char *word, const char *plain)
{
	if (*word == '\0')
		return true;
	for (; *word != '\0'; word++)
		if (!isalnum((unsigned char)*word) && strchr(plain, *word) == NULL)
			return true;
	return false;
}

static void add_quoted(struct text *line, const char *word)
{
	text_add_byte(line, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			text_add(line, "'\\''");
		else
			text_add_byte(line, *word);
	}
	text_add_byte(line, '\'');
}

char *words_item(const char *word)
{
	struct text item = {0};
	if (!needs_quotes(word, "_-./:=@%+"))
		return memory_copy(word);
	add_quoted(&item, word);
	return text_take(&item);
}

char *words_join(char *const *words)
{
	struct text line = {0};
	for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
		if (i > 0)
			text_add_byte(&line, ' ');
		if (needs_quotes(words[i], "_-./:=@%+,"))
			add_quoted(&line, words[i]);
		else
			text_add(&line, words[i]);
	}
	return text_take(&line);
}

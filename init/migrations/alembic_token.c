#include "migrations/alembic_token.h"

#include <string.h>
#include <strings.h>

/* What each byte of ASCII is to Python: N part of a name or number, B blank, L newline, Q quote,
 * H hash, S backslash, O and C an opening and a closing bracket; the others are operators. */
static const char classes[] = ".........BL.BL.."
			      "................"
			      "B.QH...QOC......"
			      "NNNNNNNNNN......"
			      ".NNNNNNNNNNNNNNN"
			      "NNNNNNNNNNNOSC.N"
			      ".NNNNNNNNNNNNNNN"
			      "NNNNNNNNNNNO.C..";

/* Beyond ASCII a byte is part of a name. */
static char class_of(char byte)
{
	if ((byte & 0x80) != 0)
		return 'N';
	return classes[(unsigned char)byte];
}

static bool is_newline(char byte)
{
	return byte == '\n' || byte == '\r';
}

static bool is_printable(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

/* Nothing follows a fault. */
static void fail(struct alembic_source *source, struct alembic_token *token)
{
	*source = (struct alembic_source){.next = source->end, .end = source->end};
	token->kind = TOKEN_FAULT;
	token->length = 0;
	token->is_formatted = false;
}

/* "utf-8" behind "coding:" or "coding=", in a comment. PEP 263 */
static bool is_known_encoding(const char *name, const char *end)
{
	static const char *const known[] = {"utf-8", "utf8", "utf_8", "latin-1", "latin1", "ascii",
		"us-ascii", "iso-8859-", "cp125"};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		size_t length = strlen(known[i]);
		if ((size_t)(end - name) >= length && strncasecmp(name, known[i], length) == 0)
			return true;
	}
	return false;
}

static bool line_has_known_encoding(const char *line, const char *end)
{
	const char *found = memmem(line, (size_t)(end - line), "coding", strlen("coding"));
	if (found == NULL || memchr(line, '#', (size_t)(found - line)) == NULL)
		return true;
	found += strlen("coding");
	if (found == end || (*found != ':' && *found != '='))
		return true;
	for (found++; found < end && class_of(*found) == 'B'; found++)
		;
	return is_known_encoding(found, end);
}

static const char *line_end(const char *text, const char *end)
{
	while (text < end && !is_newline(*text))
		text++;
	return text;
}

static bool has_known_encoding(const char *text, const char *end)
{
	for (int line = 0; line < 2; line++) {
		const char *stop = line_end(text, end);
		if (!line_has_known_encoding(text, stop))
			return false;
		text = stop;
		if (end - text >= 2 && text[0] == '\r' && text[1] == '\n')
			text++;
		if (text < end)
			text++;
	}
	return true;
}

struct alembic_source alembic_source_open(const char *text, size_t length)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct alembic_source source = {.next = text, .end = text + length};
	if (length >= strlen(mark) && memcmp(text, mark, strlen(mark)) == 0)
		source.next += strlen(mark);
	source.is_faulty =
		memchr(text, '\0', length) != NULL || !has_known_encoding(source.next, source.end);
	return source;
}

/* Indentation counts from the last form feed, as in Python. */
static void skip_blanks(struct alembic_source *source)
{
	for (; source->next < source->end && class_of(*source->next) == 'B'; source->next++)
		if (!source->in_line)
			source->column = *source->next == '\f' ? 0 : source->column + 1;
}

/* One byte; CRLF counts as one. */
static void skip_byte(struct alembic_source *source)
{
	if (source->end - source->next >= 2 && source->next[0] == '\r' && source->next[1] == '\n')
		source->next++;
	source->next++;
}

/* A backslash and the newline behind it. An indentation cannot be continued. */
static bool skip_continuation(struct alembic_source *source)
{
	if (!source->in_line || source->end - source->next < 2 || !is_newline(source->next[1]))
		return false;
	source->next++;
	skip_byte(source);
	return true;
}

/* Past one byte of a string, or past a backslash and what it escapes. */
static void skip_string_byte(struct alembic_source *source)
{
	if (*source->next == '\\' && source->end - source->next >= 2)
		source->next++;
	skip_byte(source);
}

/* Counts the braces of a formatted string that enclose code; "{{" and "}}" outside are text. */
static void count_braces(struct alembic_source *source, size_t *braces)
{
	char byte = *source->next;
	bool is_twice = source->end - source->next >= 2 && source->next[1] == byte;
	if (*braces == 0 && is_twice && (byte == '{' || byte == '}'))
		source->next++;
	else if (byte == '{')
		++*braces;
	else if (byte == '}' && *braces > 0)
		--*braces;
}

static bool is_closed_twice(const struct alembic_source *source, char quote)
{
	return source->end - source->next >= 2 && source->next[0] == quote &&
	       source->next[1] == quote;
}

static bool is_closed(const struct alembic_source *source, char quote, size_t quotes)
{
	if (*source->next != quote)
		return false;
	return quotes == 1 || (source->end - source->next >= 3 && source->next[1] == quote &&
				      source->next[2] == quote);
}

/* Past what can neither end a string nor change its reading. */
static void skip_plain(struct alembic_source *source, char quote)
{
	const char *next = source->next;
	while (next < source->end && *next != quote && *next != '\\' && *next != '{' &&
		*next != '}' && !is_newline(*next))
		next++;
	source->next = next;
}

/* From the opening quote to behind the closing one. A quote inside of a formatted string's braces
 * ends the string before Python 3.12 and does not since: false, as for a string that does not end.
 * *text and *length are what is between the quotes. */
static bool skip_string(
	struct alembic_source *source, bool is_formatted, const char **text, size_t *length)
{
	char quote = *source->next;
	size_t braces = 0;
	source->next++;
	size_t quotes = is_closed_twice(source, quote) ? 3 : 1;
	source->next += quotes - 1;
	*text = source->next;
	for (skip_plain(source, quote); source->next < source->end; skip_plain(source, quote)) {
		if (is_closed(source, quote, quotes)) {
			*length = (size_t)(source->next - *text);
			source->next += quotes;
			return braces == 0;
		}
		if (quotes == 1 && is_newline(*source->next))
			return false;
		if (is_formatted)
			count_braces(source, &braces);
		skip_string_byte(source);
	}
	return false;
}

static bool has_letter(const char *text, size_t length, const char *letters)
{
	for (size_t i = 0; i < length; i++)
		if (strchr(letters, text[i]) != NULL)
			return true;
	return false;
}

/* At the opening quote; the token's text is the prefix. */
static void read_string(struct alembic_source *source, struct alembic_token *token)
{
	bool has_other_value = has_letter(token->text, token->length, "bBfFtT");
	token->is_formatted = has_letter(token->text, token->length, "fFtT");
	token->kind = TOKEN_STRING;
	if (!skip_string(source, token->is_formatted, &token->text, &token->length)) {
		fail(source, token);
		return;
	}
	token->is_plain = !has_other_value && is_printable(token->text, token->length) &&
			  memchr(token->text, '\\', token->length) == NULL;
}

static bool is_string_prefix(const struct alembic_token *token)
{
	return token->length <= 2 && strspn(token->text, "rRbBuUfFtT") >= token->length;
}

static void read_name(struct alembic_source *source, struct alembic_token *token)
{
	while (source->next < source->end && class_of(*source->next) == 'N')
		source->next++;
	token->length = (size_t)(source->next - token->text);
	if (source->next < source->end && class_of(*source->next) == 'Q' &&
		is_string_prefix(token)) {
		read_string(source, token);
		return;
	}
	token->kind = *token->text >= '0' && *token->text <= '9' ? TOKEN_SIGN : TOKEN_NAME;
	token->is_plain = is_printable(token->text, token->length);
}

static void read_bracket(struct alembic_source *source, struct alembic_token *token)
{
	token->kind = TOKEN_SIGN;
	token->length = 1;
	if (class_of(*source->next++) == 'O')
		source->depth++;
	else if (source->depth == 0)
		fail(source, token);
	else
		token->depth = --source->depth;
}

/* One byte, or two that end in "=". */
static void read_operator(struct alembic_source *source, struct alembic_token *token)
{
	char byte = *source->next++;
	token->kind = TOKEN_SIGN;
	token->length = 1;
	if (strchr("=:!<>+-*/%@&|^", byte) != NULL && source->next < source->end &&
		*source->next == '=') {
		source->next++;
		token->length = 2;
	}
}

/* At the first byte of a name, a string or a sign. */
static void read_token(struct alembic_source *source, struct alembic_token *token)
{
	*token = (struct alembic_token){
		.text = source->next, .depth = source->depth, .column = source->column};
	source->in_line = true;
	switch (class_of(*source->next)) {
	case 'N':
		read_name(source, token);
		return;
	case 'Q':
		read_string(source, token);
		return;
	case 'O':
	case 'C':
		read_bracket(source, token);
		return;
	default:
		read_operator(source, token);
	}
}

static void end_line(struct alembic_source *source, struct alembic_token *token)
{
	*token = (struct alembic_token){.kind = TOKEN_LINE_END, .column = source->column};
	source->in_line = false;
	source->column = 0;
}

static void end_source(struct alembic_source *source, struct alembic_token *token)
{
	*token = (struct alembic_token){.kind = TOKEN_END};
	if (source->depth > 0 || source->is_faulty)
		fail(source, token);
	else if (source->in_line)
		end_line(source, token);
}

/* At a newline: true when it ends a logical line. */
static bool ends_line(struct alembic_source *source)
{
	skip_byte(source);
	if (source->depth == 0 && source->in_line)
		return true;
	if (!source->in_line)
		source->column = 0;
	return false;
}

void alembic_token_next(struct alembic_source *source, struct alembic_token *token)
{
	for (;;) {
		skip_blanks(source);
		if (source->next == source->end || source->is_faulty) {
			end_source(source, token);
			return;
		}
		switch (class_of(*source->next)) {
		case 'L':
			if (!ends_line(source))
				continue;
			end_line(source, token);
			return;
		case 'H':
			source->next = line_end(source->next, source->end);
			continue;
		case 'S':
			if (skip_continuation(source))
				continue;
			fail(source, token);
			return;
		default:
			read_token(source, token);
			return;
		}
	}
}

/* The bytes at which is_doubtful may say yes, and newlines. */
static const bool telling[256] = {['\f'] = true,
	['\\'] = true,
	['x'] = true,
	['b'] = true,
	['"'] = true,
	['\''] = true,
	['\n'] = true,
	['\r'] = true};

static const char *next_telling(const char *text, const char *end)
{
	while (text < end && !telling[(unsigned char)*text])
		text++;
	return text;
}

static bool stands_at(const char *text, const char *end, const char *word)
{
	size_t length = strlen(word);
	return (size_t)(end - text) >= length && memcmp(text, word, length) == 0;
}

static bool is_word_at(const char *text, const char *end, const char *word)
{
	const char *behind = text + strlen(word);
	return stands_at(text, end, word) && (behind == end || class_of(*behind) != 'N');
}

/* Could what stands at next be a string of several lines, a continued line, an indentation that
 * begins again, or one of the words? */
static bool is_doubtful(const char *begin, const char *next, const char *end)
{
	switch (*next) {
	case '\f':
		return true;
	case '\\':
		return end - next < 2 || is_newline(next[1]);
	case 'x':
		return next - begin >= 1 && is_word_at(next - 1, end, "exec");
	case 'b':
		return next - begin >= 3 && (is_word_at(next - 3, end, "global") ||
						    is_word_at(next - 3, end, "globals"));
	case '"':
	case '\'':
		return end - next >= 3 && next[1] == *next && next[2] == *next;
	default:
		return false;
	}
}

bool alembic_token_skip_body(struct alembic_source *source)
{
	const char *next = source->next;
	while (next < source->end) {
		/* Neither can stand inside of brackets, where a line only looks like one. */
		if (stands_at(next, source->end, "def ") || stands_at(next, source->end, "class "))
			break;
		if (strchr(" \t\n\r#", *next) == NULL)
			return false;
		for (next = next_telling(next, source->end);
			next < source->end && !is_newline(*next);
			next = next_telling(next + 1, source->end))
			if (is_doubtful(source->next, next, source->end))
				return false;
		if (next < source->end)
			next++;
	}
	source->next = next;
	return true;
}

bool alembic_token_is(const struct alembic_token *token, const char *word)
{
	return (token->kind == TOKEN_NAME || token->kind == TOKEN_SIGN) &&
	       strncmp(token->text, word, token->length) == 0 && word[token->length] == '\0';
}

#include "migrations/alembic_token.h"

#include <string.h>
#include <strings.h>

/* What each byte of ASCII is to Python: N part of a name or number, B blank, L newline, Q quote,
 * H hash, S backslash; the others are signs. */
static const char classes[] = ".........BL.BL.."
			      "................"
			      "B.QH...Q........"
			      "NNNNNNNNNN......"
			      ".NNNNNNNNNNNNNNN"
			      "NNNNNNNNNNN.S..N"
			      ".NNNNNNNNNNNNNNN"
			      "NNNNNNNNNNN.....";

static char class_of(char byte)
{
	return (byte & 0x80) != 0 ? 'N' : classes[(unsigned char)byte];
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

static bool is_closed(const struct alembic_source *source, char quote, size_t quotes)
{
	if ((size_t)(source->end - source->next) < quotes)
		return false;
	for (size_t i = 0; i < quotes; i++)
		if (source->next[i] != quote)
			return false;
	return true;
}

static bool has_letter(const char *text, size_t length, const char *letters)
{
	for (size_t i = 0; i < length; i++)
		if (strchr(letters, text[i]) != NULL)
			return true;
	return false;
}

/* From the opening quote on; the token's text is the prefix. A quote inside of a formatted string's
 * braces ends the string before Python 3.12 and does not since. */
static void read_string(struct alembic_source *source, struct alembic_token *token)
{
	char quote = *source->next;
	bool is_triple = source->end - source->next >= 3 && source->next[1] == quote &&
			 source->next[2] == quote;
	size_t quotes = is_triple ? 3 : 1;
	size_t braces = 0;
	bool has_other_value = has_letter(token->text, token->length, "bBfFtT");
	token->is_formatted = has_letter(token->text, token->length, "fFtT");
	token->kind = TOKEN_STRING;
	source->next += quotes;
	token->text = source->next;
	while (!is_closed(source, quote, quotes)) {
		if (source->next == source->end || (!is_triple && is_newline(*source->next))) {
			fail(source, token);
			return;
		}
		if (token->is_formatted)
			count_braces(source, &braces);
		skip_string_byte(source);
	}
	token->length = (size_t)(source->next - token->text);
	token->is_plain = !has_other_value && is_printable(token->text, token->length) &&
			  memchr(token->text, '\\', token->length) == NULL;
	source->next += quotes;
	if (braces > 0)
		fail(source, token);
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

/* One byte, or two that end in "=". */
static void read_sign(struct alembic_source *source, struct alembic_token *token)
{
	char byte = *source->next++;
	token->kind = TOKEN_SIGN;
	token->length = 1;
	if (strchr("([{", byte) != NULL) {
		source->depth++;
	} else if (strchr(")]}", byte) != NULL) {
		if (source->depth == 0)
			fail(source, token);
		else
			token->depth = --source->depth;
	} else if (strchr("=:!<>+-*/%@&|^", byte) != NULL && source->next < source->end &&
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
	default:
		read_sign(source, token);
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

bool alembic_token_is(const struct alembic_token *token, const char *word)
{
	return (token->kind == TOKEN_NAME || token->kind == TOKEN_SIGN) &&
	       strncmp(token->text, word, token->length) == 0 && word[token->length] == '\0';
}

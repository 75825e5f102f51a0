/*
 * Python source as tokens: names, strings, signs, and where a logical line ends.
 *
 * Strings of every prefix, brackets, comments and continued lines end where Python's own tokenizer
 * ends them, so that what stands in a string is never taken for code. Tokens point into the source,
 * which stays the caller's. Nothing is allocated. What no Python could read is TOKEN_FAULT, and so
 * is what different versions of Python read differently.
 * https://docs.python.org/3/reference/lexical_analysis.html
 */
#ifndef TMINUS_MIGRATIONS_ALEMBIC_TOKEN_H
#define TMINUS_MIGRATIONS_ALEMBIC_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum alembic_token_kind {
	TOKEN_NAME,
	TOKEN_STRING,
	TOKEN_SIGN,	/* an operator, a delimiter or a number */
	TOKEN_LINE_END, /* of a logical line that holds something */
	TOKEN_END,
	TOKEN_FAULT, /* and nothing after it */
};

struct alembic_token {
	enum alembic_token_kind kind;
	const char *text; /* of a string: what is between its quotes */
	size_t length;
	size_t depth;	   /* brackets around it; an opening one is outside of itself */
	size_t column;	   /* blanks before the logical line that it belongs to */
	bool is_plain;	   /* printable ASCII, and of a string: text is its value */
	bool is_formatted; /* an f-string: code may stand in it */
};

struct alembic_source {
	const char *next;
	const char *end;
	size_t depth;
	size_t column;
	bool in_line;
	bool is_faulty; /* the first token says so */
};

/* The source at its beginning. A NUL byte is a fault, and so is an encoding, declared in the first
 * two lines, that is not known to be a superset of ASCII. */
struct alembic_source alembic_source_open(const char *text, size_t length);

/* The next token, in *token. */
void alembic_token_next(struct alembic_source *source, struct alembic_token *token);

/* Behind the line that begins a function or class: goes on to the next definition at the margin, or
 * to the end, in a tenth of the time that its tokens take. False, and nothing is skipped, when
 * only tokens can tell where the body ends, or when "exec" or "global" stands in it. */
bool alembic_token_skip_body(struct alembic_source *source);

/* Is it this name or this sign? */
bool alembic_token_is(const struct alembic_token *token, const char *word);

#endif

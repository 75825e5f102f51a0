/*
 * Words of a command and items of a list, by the shell's quoting rules and with no shell.
 *
 * Blanks and newlines separate words. '...' keeps everything, "..." keeps all but \" \\ \$ \` and
 * references, \ keeps the next byte. There are no globs, pipes, comments or substitutions. POSIX
 * 2.2 "Quoting". References (expand.h) are expanded after the split and outside '...', so an
 * expanded value is one word, or a part of one, whatever it holds.
 */
#ifndef TMINUS_CONFIG_WORDS_H
#define TMINUS_CONFIG_WORDS_H

#include "base/error.h"
#include "base/text.h"
#include "config/expand.h"

enum words_kind {
	WORDS_COMMAND,
	WORDS_LIST, /* commas separate too; in a URL only where another one follows */
};

struct words_options {
	enum words_kind kind;
	const struct expand_names *names; /* NULL: a $ is an ordinary character */
};

/* Splits text and adds the words to words. -1 and STATUS_CONFIG, with words unchanged or longer,
 * when a quote or a reference is not closed or a reference's :? says so. */
int words_split(const char *text, const struct words_options *options, struct list *words,
	struct error *error);

/* The first unquoted word that only a shell would understand ("&&", "|", ">out", "#"), or NULL; the
 * caller frees it. The same of a list of files, where a shell would look for others ("*.pid"). */
char *words_shell_operator(const char *text);
char *words_pattern(const char *text);

/* word as it stands in a list; the caller frees it. */
char *words_item(const char *word);

/* argv as one line that the shell's rules would split into it again; the caller frees it. */
char *words_join(char *const *words);

#endif

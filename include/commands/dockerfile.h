/*
 * A Dockerfile, as far as `tminus new` looks into it: how its last stage starts.
 *
 * Dockerfile reference, docs.docker.com: instructions, line continuation, comments, here-documents,
 * exec and shell form.
 */
#ifndef TMINUS_COMMANDS_DOCKERFILE_H
#define TMINUS_COMMANDS_DOCKERFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* One instruction; offsets into the file's text. line is 0 where there is none. */
struct instruction {
	size_t line; /* counted from 1 */
	size_t begin;
	size_t end;	   /* behind its last newline */
	struct list words; /* of the exec form; none in shell form */
};

/* Zeroed it is that of no file. */
struct dockerfile {
	struct text text;
	struct instruction entrypoint; /* the last of the last stage */
	struct instruction command;
};

/* Takes over text, which is empty behind it. */
void dockerfile_parse(struct text *text, struct dockerfile *dockerfile);
void dockerfile_free(struct dockerfile *dockerfile);

/* The same file with tminus in it: COPY lines, and an ENTRYPOINT that begins with tminus. Words of
 * another init, and script (NULL for none), which tminus takes the place of, go away; the shell's
 * form stays with its shell; what stood there stays as a comment. The caller frees it. */
char *dockerfile_with_tminus(const struct dockerfile *dockerfile, const char *script);

/* Is nobody named who would be run behind tminus? The base image's CMD does not count: an
 * ENTRYPOINT takes it away. */
bool dockerfile_lacks_app(const struct dockerfile *dockerfile, const char *script);

/* What the instruction runs, in one line; the caller frees it. */
char *dockerfile_line(const struct dockerfile *dockerfile, const struct instruction *instruction);

/* Is word, or the file that it names, called so? */
bool dockerfile_names(const char *word, const char *file);

/* The lines alone, where there is no Dockerfile. */
#define DOCKERFILE_COPY "COPY --from=tminus /tminus /sbin/tminus\nCOPY tminus.ini ./\n"
#define DOCKERFILE_ENTRYPOINT "ENTRYPOINT [\"/sbin/tminus\", \"--\"]\n"

#endif

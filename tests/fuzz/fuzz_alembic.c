/* Revision files of Alembic: whatever they hold, reading ends inside of them, and the graph that
 * they make can be walked and freed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "migrations/alembic_graph.h"
#include "migrations/alembic_script.h"
#include "migrations/alembic_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Tokens stay inside of the source and never go back. */
static void check_tokens(const char *source, size_t size)
{
	struct alembic_source at = alembic_source_open(source, size);
	struct alembic_token token;
	const char *last = source;
	for (alembic_token_next(&at, &token); token.kind < TOKEN_END;
		alembic_token_next(&at, &token)) {
		if (token.kind == TOKEN_LINE_END)
			continue;
		if (token.text < last || token.text + token.length > source + size)
			abort();
		last = token.text + token.length;
	}
}

static int is_usable(const struct alembic_script *script)
{
	for (enum alembic_name name = 0; name < ALEMBIC_NAMES; name++)
		if (script->values[name].kind == ALEMBIC_UNCERTAIN)
			return 0;
	return script->values[ALEMBIC_REVISION].strings.count == 1;
}

/* Each part between form feeds is a file. */
static size_t read_scripts(
	struct alembic_script *scripts, size_t most, const char *text, size_t size)
{
	size_t count = 0;
	const char *end = text + size;
	while (text < end && count < most) {
		const char *stop = memchr(text, '\f', (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		struct alembic_script *script = &scripts[count];
		*script = (struct alembic_script){.path = memory_copy("versions/a.py")};
		check_tokens(text, (size_t)(stop - text));
		alembic_script_read(script, text, (size_t)(stop - text));
		if (is_usable(script))
			count++;
		else
			alembic_script_clear(script);
		text = stop == end ? end : stop + 1;
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct alembic_script scripts[16];
	struct alembic_graph graph = {0};
	struct finding finding = {0};
	/* A copy of exactly that size, so that a byte read too far is seen. */
	autofree char *text = memory_zeroed(size + (size == 0), 1);
	memcpy(text, bytes, size);
	size_t count = read_scripts(scripts, 16, text, size);
	if (alembic_graph_build(&graph, scripts, count, &finding) == NULL && count > 0) {
		static const size_t first;
		if (alembic_graph_apply(&graph, &first, 1) != NULL)
			abort();
		(void)alembic_graph_may_mean(&graph, "a");
	}
	alembic_graph_clear(&graph);
	finding_clear(&finding);
	for (size_t i = 0; i < count; i++)
		alembic_script_clear(&scripts[i]);
	return 0;
}

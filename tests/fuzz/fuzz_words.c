/* Words and patterns of roles; words that were split and joined split into the same again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/role.h"
#include "config/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char *environment[] = {"A=alpha", "E=", "S=a 'b \"c ${A} $$", NULL};
static const struct expand_names names = {.environment = environment};

static void split_again(const struct list *words)
{
	const struct words_options plain = {.kind = WORDS_COMMAND};
	struct list again = {0};
	struct error error;
	autofree char *line = words_join(words->items);
	if (words_split(line, &plain, &again, &error) != 0 || again.count != words->count)
		abort();
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->items[i], again.items[i]) != 0)
			abort();
	list_clear(&again);
}

static void split(const char *text, enum words_kind kind)
{
	const struct words_options options = {kind, &names};
	struct list words = {0};
	struct error error;
	if (words_split(text, &options, &words, &error) == 0)
		split_again(&words);
	list_clear(&words);
}

/* A pattern of plain words fits itself; what a * at the end is for fits with it, too. */
static void match(const char *text)
{
	const struct words_options options = {.kind = WORDS_COMMAND};
	struct list words = {0};
	struct error error;
	if (words_split(text, &options, &words, &error) == 0 && words.count > 0) {
		bool plain = strpbrk(text, "*?[\\|") == NULL;
		if (!role_matches(&words, words.items) && plain)
			abort();
		list_append(&words, "*");
		if (!role_matches(&words, words.items) && plain)
			abort();
	}
	list_clear(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	autofree char *text = memory_copy_bytes((const char *)bytes, size);
	split(text, WORDS_COMMAND);
	split(text, WORDS_LIST);
	free(words_shell_operator(text));
	free(words_pattern(text));
	match(text);
	return 0;
}

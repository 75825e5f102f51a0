/* Templates: with names, what is no reference to one of them stays byte for byte; without faults
 * the same template gives the same result again, and one without a dollar is its own result. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/expand.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char *environment[] = {"A=alpha", "E=", "S=a 'b \"c ${A} $$\n%s", NULL};
static char *own[] = {"A", "S", "NONE", NULL};
static char *others[] = {"NOBODY_NAMES_THIS_ONE_HERE", NULL};

static int expand(const uint8_t *bytes, size_t size, char **names, struct text *result)
{
	const struct list only = {.items = names, .count = names == others ? 1 : 3};
	bool secret = false;
	const struct list secrets = {.items = own, .count = 1};
	const struct expand_template template = {.bytes = (const char *)bytes,
		.length = size,
		.name = "t",
		.only = names != NULL ? &only : NULL,
		.environment = environment,
		.secrets = &secrets,
		.secret = &secret};
	struct faults faults = {0};
	int status = expand_template(&template, result, &faults);
	if ((status == 0) != (faults.messages.count == 0))
		abort();
	faults_free(&faults);
	return status;
}

static void must_be(const struct text *text, const void *bytes, size_t size)
{
	if (text->length != size || (size > 0 && memcmp(text->bytes, bytes, size) != 0))
		abort();
}

static void expand_twice(const uint8_t *bytes, size_t size, char **names)
{
	struct text one = {0};
	struct text other = {0};
	if (expand(bytes, size, names, &one) == 0 && expand(bytes, size, names, &other) == 0)
		must_be(&other, one.bytes, one.length);
	if (memchr(bytes, '$', size) == NULL)
		must_be(&one, bytes, size);
	text_free(&one);
	text_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct text same = {0};
	if (size == 0)
		return 0;
	expand_twice(bytes, size, NULL);
	expand_twice(bytes, size, own);
	if (memmem(bytes, size, others[0], strlen(others[0])) == NULL) {
		if (expand(bytes, size, others, &same) != 0)
			abort();
		must_be(&same, bytes, size);
	}
	text_free(&same);
	return 0;
}

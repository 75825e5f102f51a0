/* Expansion: text without a $ stays as it is, and so does one whose every $ is doubled; what is
 * behind a reference does not change what comes of it; no value is expanded again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/expand.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char *environment[] = {"A=alpha", "E=", "S=${A} $$ ${", NULL};
static const struct expand_names names = {.environment = environment};

static void check_doubled(const char *text)
{
	struct text doubled = {0};
	struct error error;
	char *expanded;
	text_add(&doubled, "");
	for (const char *at = text; *at != '\0'; at++) {
		text_add_byte(&doubled, *at);
		if (*at == '$')
			text_add_byte(&doubled, '$');
	}
	if (expand_text(doubled.bytes, &names, &expanded, &error) != 0 ||
		strcmp(expanded, text) != 0)
		abort();
	free(expanded);
	text_free(&doubled);
}

static void check_tail(const char *text, const char *head)
{
	static const char tail[] = " ${S}${N:-${A}}";
	static const char becomes[] = " ${A} $$ ${alpha";
	struct text both = {0};
	struct error error;
	char *expanded;
	text_add(&both, text);
	text_add(&both, tail);
	if (expand_text(both.bytes, &names, &expanded, &error) != 0)
		abort();
	size_t length = strlen(head);
	if (strncmp(expanded, head, length) != 0 || strcmp(expanded + length, becomes) != 0)
		abort();
	free(expanded);
	text_free(&both);
}

/* Percent-encoding adds to a value and never takes a fault away. */
static void check_url(const char *text)
{
	struct error error;
	autofree char *expanded = NULL;
	autofree char *url = NULL;
	int status = expand_text(text, &names, &expanded, &error);
	if (expand_url(text, &names, &url, &error) != status)
		abort();
	if (status == 0 && strlen(url) < strlen(expanded))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	autofree char *text = memory_copy_bytes((const char *)bytes, size);
	struct error error;
	char *expanded;
	check_doubled(text);
	check_url(text);
	if (expand_text(text, &names, &expanded, &error) != 0)
		return error.status == STATUS_CONFIG ? 0 : -1;
	if (strchr(text, '$') == NULL && strcmp(expanded, text) != 0)
		abort();
	check_tail(text, expanded);
	free(expanded);
	return 0;
}

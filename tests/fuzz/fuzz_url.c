/* Database URLs, masking and targets: what is understood can be displayed, and no password is in
 * what is displayed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/target.h"
#include "config/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Long and odd enough not to be a part of a URL by chance. */
static int is_telling(const char *password)
{
	return password != NULL && strlen(password) >= 6 && strpbrk(password, "/:@?&=[]*.%+") == NULL;
}

static void check_display(const struct database_url *url, const char *text)
{
	autofree char *display = database_url_display(url);
	autofree char *masked = url_masked(text);
	if (!is_telling(url->password) || strstr(display, url->password) == NULL)
		return;
	/* It may stand elsewhere in the URL too. */
	const char *first = strstr(text, url->password);
	if (first != NULL && strstr(first + 1, url->password) == NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	autofree char *text = memory_copy_bytes((const char *)bytes, size);
	struct database_url *url;
	struct error error;
	if (database_url_parse(text, "DATABASE_URL", &url, &error) == 0) {
		check_display(url, text);
		database_url_free(url);
	}
	free(url_masked(text));
	free(database_url_normalized(text));
	(void)target_check(text, &error);
	return 0;
}

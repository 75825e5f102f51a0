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

/* Is the password nowhere else in the URL, and long enough not to be there by chance? */
static int is_telling(const struct database_url *url)
{
	if (url->password == NULL || strlen(url->password) < 6)
		return 0;
	if (strstr("postgres mysql sqlite", url->password) != NULL) /* the scheme is shown */
		return 0;
	if (url->user != NULL && strstr(url->user, url->password) != NULL)
		return 0;
	if (url->name != NULL && strstr(url->name, url->password) != NULL)
		return 0;
	for (size_t i = 0; i < url->host_count; i++)
		if (strstr(url->hosts[i].name, url->password) != NULL)
			return 0;
	return strpbrk(url->password, "/:@?[],") == NULL;
}

static void check_display(const struct database_url *url)
{
	autofree char *display = database_url_display(url);
	if (is_telling(url) && strstr(display, url->password) != NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	autofree char *text = memory_copy_bytes((const char *)bytes, size);
	struct database_url *url;
	struct error error;
	if (database_url_parse(text, "DATABASE_URL", &url, &error) == 0) {
		check_display(url);
		database_url_free(url);
	}
	free(url_masked(text));
	free(database_url_normalized(text));
	(void)target_check(text, &error);
	return 0;
}

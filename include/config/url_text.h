/*
 * A database URL as text again, with its password: for DATABASE_URL in the environment of the
 * commands and the app, and for nothing that is shown. RFC 3986
 */
#ifndef TMINUS_CONFIG_URL_TEXT_H
#define TMINUS_CONFIG_URL_TEXT_H

#include "base/text.h"
#include "config/url.h"

/* "postgresql://app:s%40cret@db:5432/shop?sslmode=require"; the caller frees it. */
char *database_url_text(const struct database_url *url);

/* Adds part with everything percent-encoded but RFC 3986's unreserved characters and what kept
 * allows. */
void url_add_encoded(struct text *text, const char *part, const char *kept);

/* url without the blanks and newlines at its end, which are of the file that it came from; the
 * caller frees it. */
char *url_trimmed(const char *url);

#endif

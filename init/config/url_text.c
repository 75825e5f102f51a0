#include "config/url_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static const char *const schemes[] = {[DATABASE_POSTGRES] = "postgresql",
	[DATABASE_MYSQL] = "mysql",
	[DATABASE_SQLITE] = "sqlite"};

void url_add_encoded(struct text *text, const char *part, const char *kept)
{
	for (; *part != '\0'; part++) {
		unsigned char byte = (unsigned char)*part;
		if (isalnum(byte) || strchr("-._~", byte) != NULL || strchr(kept, byte) != NULL)
			text_add_byte(text, (char)byte);
		else
			text_add_format(text, "%%%02X", byte);
	}
}

static void add_login(struct text *text, const struct database_url *url)
{
	if (url->user == NULL)
		return;
	url_add_encoded(text, url->user, "");
	if (url->password != NULL) {
		text_add_byte(text, ':');
		url_add_encoded(text, url->password, "");
	}
	text_add_byte(text, '@');
}

/* A socket is a parameter, which each client library calls otherwise. */
static void add_hosts(struct text *text, const struct database_url *url)
{
	for (size_t i = 0; i < url->host_count; i++) {
		const struct database_host *host = &url->hosts[i];
		if (host->name[0] == '/')
			continue;
		bool brackets = strchr(host->name, ':') != NULL;
		text_add_format(text, "%s%s%s%s:%d", i > 0 ? "," : "", brackets ? "[" : "",
			host->name, brackets ? "]" : "", host->port);
	}
}

static void add_parameter(struct text *text, bool *first, const char *name, const char *value)
{
	text_add_byte(text, *first ? '?' : '&');
	*first = false;
	url_add_encoded(text, name, "");
	text_add_byte(text, '=');
	url_add_encoded(text, value, "/:");
}

static void add_parameters(struct text *text, const struct database_url *url)
{
	bool first = true;
	for (size_t i = 0; i < url->host_count; i++) {
		bool postgres = url->kind == DATABASE_POSTGRES;
		if (url->hosts[i].name[0] == '/')
			add_parameter(text, &first, postgres ? "host" : "unix_socket",
				url->hosts[i].name);
		if (postgres && url->hosts[i].name[0] == '/' &&
			url->hosts[i].port != database_default_port(url->kind)) {
			char port[16];
			(void)snprintf(port, sizeof port, "%d", url->hosts[i].port);
			add_parameter(text, &first, "port", port);
		}
	}
	for (size_t i = 0; i < url->parameter_count; i++)
		add_parameter(text, &first, url->parameters[i].name, url->parameters[i].value);
}

char *database_url_text(const struct database_url *url)
{
	struct text text = {0};
	/* The scheme names the app's driver; only postgres:// is one that SQLAlchemy refuses. */
	bool kept = url->scheme != NULL && strcmp(url->scheme, "postgres") != 0;
	text_add_format(&text, "%s://", kept ? url->scheme : schemes[url->kind]);
	if (url->kind != DATABASE_SQLITE) {
		add_login(&text, url);
		add_hosts(&text, url);
	}
	if (url->name != NULL) {
		text_add_byte(&text, '/');
		/* SQLAlchemy does not decode a file's name. */
		if (url->kind == DATABASE_SQLITE)
			text_add(&text, url->name);
		else
			url_add_encoded(&text, url->name, "");
	}
	add_parameters(&text, url);
	return text_take(&text);
}

char *url_trimmed(const char *url)
{
	size_t length = strlen(url);
	while (length > 0 && strchr(" \t\r\n", url[length - 1]) != NULL)
		length--;
	return memory_copy_bytes(url, length);
}

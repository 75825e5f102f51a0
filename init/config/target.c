#include "config/target.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/url.h"
#include "config/value.h"

#define PORT_MAX 65535
#define UNIX_PATH_MAX 107 /* unix(7): sun_path has 108 bytes */

static const struct {
	const char *prefix;
	enum target_kind kind;
} forms[] = {
	{"tcp://", TARGET_TCP},
	{"unix://", TARGET_UNIX},
	{"unix:", TARGET_UNIX},
	{"http://", TARGET_HTTP},
	{"file://", TARGET_FILE},
	{"file:", TARGET_FILE},
};

__attribute__((format(printf, 3, 4))) static int refuse(
	const char *text, struct error *error, const char *format, ...)
{
	char why[200];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(why, sizeof why, format, arguments);
	va_end(arguments);
	bool bare = strstr(text, "://") == NULL && strchr(text, '@') != NULL;
	autofree char *shown = bare ? memory_copy("********") : url_masked(text);
	return error_set(error, STATUS_CONFIG, "the wait target \"%.200s\" %s", shown, why);
}

static int refuse_form(const char *text, struct error *error)
{
	const char *colon = strrchr(text, ':');
	int64_t port;
	if (text_starts_with(text, "https://"))
		return refuse(text, error,
			"needs TLS, which is not spoken here; tcp://host:443 waits until it "
			"accepts");
	if (strstr(text, "://") == NULL && strchr(text, '@') == NULL && colon != NULL &&
		colon > text && value_integer(colon + 1, &port) == 0)
		return refuse(text, error, "has no scheme; did you mean \"tcp://%.100s\"?", text);
	if (text_starts_with(text, "redis://") || text_starts_with(text, "amqp://"))
		return refuse(text, error, "is not waited for as such; write tcp://host:port");
	return refuse(text, error,
		"is not of the form tcp://host:port, unix:/path, http://host/path, file:/path or a "
		"database URL");
}

static int parse_path(
	const char *text, const char *path, struct target *target, struct error *error)
{
	if (path[0] != '/' || path[1] == '\0')
		return refuse(text, error, "needs an absolute path");
	if (target->kind == TARGET_UNIX && strlen(path) > UNIX_PATH_MAX)
		return refuse(text, error, "has a path of more than %d bytes", UNIX_PATH_MAX);
	target->path = memory_copy(path);
	return 0;
}

static int parse_port(
	const char *text, const char *digits, size_t length, int *port, struct error *error)
{
	autofree char *copy = memory_copy_bytes(digits, length);
	int64_t number;
	if (value_integer(copy, &number) != 0 || number < 1 || number > PORT_MAX)
		return refuse(text, error, "needs a port from 1 to 65535");
	*port = (int)number;
	return 0;
}

/* "name", "name:port", "[address]:port" of length bytes; *port keeps its value without one. */
static int parse_host(const char *text, const char *authority, size_t length, struct target *target,
	struct error *error)
{
	const char *end = authority + length;
	const char *name_end = memchr(authority, ':', length);
	bool bracket = *authority == '[';
	if (bracket)
		name_end = memchr(authority, ']', length);
	if (bracket && name_end == NULL)
		return refuse(text, error, "has a [ without its ]");
	if (name_end == NULL)
		name_end = end;
	const char *name = authority + (bracket ? 1 : 0);
	if (name_end == name)
		return refuse(text, error, "needs a host");
	target->host = memory_copy_bytes(name, (size_t)(name_end - name));
	if (strpbrk(target->host, bracket ? "[@ \t\n" : "[]@ \t\n") != NULL)
		return refuse(text, error, "has a character in its host that no host name has");
	const char *colon = name_end + (bracket ? 1 : 0);
	if (colon == end)
		return 0;
	if (*colon != ':')
		return refuse(text, error, "has more behind its ]");
	if (!bracket && memchr(colon + 1, ':', (size_t)(end - colon - 1)) != NULL)
		return refuse(text, error, "has an IPv6 address without its brackets: [::1]");
	return parse_port(text, colon + 1, (size_t)(end - colon - 1), &target->port, error);
}

static int parse_tcp(const char *text, const char *rest, struct target *target, struct error *error)
{
	size_t length = strcspn(rest, "/");
	if (rest[length] == '/' && rest[length + 1] != '\0')
		return refuse(text, error, "has a path; tcp:// takes host:port only");
	if (parse_host(text, rest, length, target, error) != 0)
		return -1;
	return target->port > 0 ? 0 : refuse(text, error, "needs a port: tcp://host:port");
}

static int parse_http(
	const char *text, const char *rest, struct target *target, struct error *error)
{
	target->port = 80;
	size_t length = strcspn(rest, "/?#");
	if (parse_host(text, rest, length, target, error) != 0)
		return -1;
	const char *path = rest + length;
	size_t path_length = strcspn(path, "#");
	for (size_t i = 0; i < path_length; i++)
		if (iscntrl((unsigned char)path[i]) || path[i] == ' ')
			return refuse(
				text, error, "has a blank or a control character in its path");
	struct text whole = {0};
	text_add(&whole, *path == '/' ? "" : "/");
	text_add_bytes(&whole, path, path_length);
	target->path = text_take(&whole);
	return 0;
}

static int parse_rest(
	const char *text, const char *rest, struct target *target, struct error *error)
{
	switch (target->kind) {
	case TARGET_TCP:
		return parse_tcp(text, rest, target, error);
	case TARGET_HTTP:
		return parse_http(text, rest, target, error);
	case TARGET_UNIX:
	case TARGET_FILE:
		break;
	}
	return parse_path(text, rest, target, error);
}

int target_parse(const char *text, struct target *target, struct error *error)
{
	*target = (struct target){0};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (!text_starts_with(text, forms[i].prefix))
			continue;
		target->kind = forms[i].kind;
		int status = parse_rest(text, text + strlen(forms[i].prefix), target, error);
		if (status != 0)
			target_clear(target);
		return status;
	}
	return refuse_form(text, error);
}

void target_clear(struct target *target)
{
	free(target->host);
	free(target->path);
	*target = (struct target){0};
}

int target_check(const char *text, struct error *error)
{
	struct target target;
	if (target_parse(text, &target, error) != 0)
		return -1;
	target_clear(&target);
	return 0;
}

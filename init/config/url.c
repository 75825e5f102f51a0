#include "config/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/value.h"
#include "config/variables.h"

#define POSTGRES_SOCKET_FOLDER "/var/run/postgresql" /* Debian's; libpq's own default is /tmp */
#define PORT_MAX 65535
#define MASK "********"

struct scheme {
	const char *name;
	enum database_kind kind;
};

/* A "+driver" may follow each of them. */
static const struct scheme schemes[] = {
	{"postgresql", DATABASE_POSTGRES},
	{"postgres", DATABASE_POSTGRES},
	{"postgis", DATABASE_POSTGRES},
	{"pgsql", DATABASE_POSTGRES},
	{"ecto", DATABASE_POSTGRES},
	{"mysql", DATABASE_MYSQL},
	{"mysql2", DATABASE_MYSQL},
	{"trilogy", DATABASE_MYSQL},
	{"mariadb", DATABASE_MYSQL},
	{"sqlite", DATABASE_SQLITE},
	{"sqlite3", DATABASE_SQLITE},
};

static const struct {
	const char *name; /* as messages show it */
	const char *host; /* where a URL names none */
	int port;
} kinds[] = {
	[DATABASE_POSTGRES] = {"postgres", POSTGRES_SOCKET_FOLDER, 5432},
	[DATABASE_MYSQL] = {"mysql", "localhost", 3306},
	[DATABASE_SQLITE] = {"sqlite", NULL, 0},
};

/* A part of a URL, not decoded; start is NULL when the URL has no such part. */
struct part {
	const char *start;
	size_t length;
};

struct anatomy {
	struct part user;
	struct part password;
	struct part hosts;
	struct part path; /* behind its first '/' */
	struct part query;
	bool slash_in_password; /* an '@' stands only behind the first '/' */
};

static struct part part_between(const char *start, const char *end)
{
	return (struct part){.start = start, .length = (size_t)(end - start)};
}

static const char *find_in(const char *start, const char *end, char byte)
{
	const char *found = memchr(start, byte, (size_t)(end - start));
	return found != NULL ? found : end;
}

/* Are "host:port" pairs all that [start, end) can be, so that no password is in it? */
static bool looks_like_hosts(const char *start, const char *end)
{
	const char *colon = find_in(start, end, ':');
	if (colon == end || *start == '[')
		return true;
	while (++colon < end)
		if (!isdigit((unsigned char)*colon))
			return false;
	return true;
}

/*
 * Where user and password end: the last '@' before the path. A '?' in front of the first '@'
 * belongs to the password, unless what precedes it can be hosts. NULL when there is no user.
 */
static const char *find_user_end(const char *start)
{
	const char *slash = start + strcspn(start, "/");
	const char *question = find_in(start, slash, '?');
	const char *first = find_in(start, slash, '@');
	if (first == slash || (question < first && looks_like_hosts(start, question)))
		return NULL;
	const char *end = first + strcspn(first, "/?");
	/* "p@ss?w0rd@db": a query has a '=' before any '@'. */
	while (*end == '?' && end[strcspn(end, "/=@")] == '@') {
		end += strcspn(end, "@");
		end += strcspn(end, "/?");
	}
	while (*--end != '@')
		;
	return end;
}

/* Takes apart what stands behind "scheme://". */
static struct anatomy dissect(const char *text)
{
	struct anatomy anatomy = {0};
	const char *user_end = find_user_end(text);
	if (user_end != NULL) {
		const char *colon = find_in(text, user_end, ':');
		anatomy.user = part_between(text, colon);
		if (colon < user_end)
			anatomy.password = part_between(colon + 1, user_end);
		text = user_end + 1;
	}
	const char *hosts_end = text + strcspn(text, "/?");
	const char *question = hosts_end + strcspn(hosts_end, "?");
	anatomy.hosts = part_between(text, hosts_end);
	anatomy.slash_in_password = memchr(hosts_end, '@', (size_t)(question - hosts_end)) != NULL;
	if (*hosts_end == '/')
		anatomy.path = part_between(hosts_end + 1, question);
	if (*question == '?')
		anatomy.query = part_between(question + 1, question + strlen(question));
	return anatomy;
}

/* Adds bytes to result, percent-decoded. NULL, or what is wrong. */
static const char *decode(struct text *result, const char *bytes, size_t length)
{
	text_add(result, "");
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != '%') {
			text_add_byte(result, bytes[i]);
			continue;
		}
		if (length - i < 3 || !isxdigit((unsigned char)bytes[i + 1]) ||
			!isxdigit((unsigned char)bytes[i + 2]))
			return "has a % without two hexadecimal digits behind it; a % itself is "
			       "%25";
		char digits[3] = {bytes[i + 1], bytes[i + 2], '\0'};
		char byte = (char)strtol(digits, NULL, 16);
		if (byte == '\0')
			return "has %00 in it, which nothing can hold";
		text_add_byte(result, byte);
		i += 2;
	}
	return NULL;
}

/* The decoded part in *result, unless the URL has none. what names it in the message. */
static int take_part(const struct part *part, const char *what, const char *origin, char **result,
	struct error *error)
{
	if (part->start == NULL)
		return 0;
	struct text decoded = {0};
	const char *wrong = decode(&decoded, part->start, part->length);
	if (wrong != NULL) {
		text_free(&decoded);
		return error_set(error, STATUS_CONFIG, "%s: the %s of the database URL %s", origin,
			what, wrong);
	}
	free(*result);
	*result = text_take(&decoded);
	return 0;
}

/* A whole number from 1 to 65535 in [start, end). */
static int parse_port(const char *start, size_t length, int *port)
{
	autofree char *digits = memory_copy_bytes(start, length);
	int64_t number;
	if (value_integer(digits, &number) != 0 || number < 1 || number > PORT_MAX)
		return -1;
	*port = (int)number;
	return 0;
}

/* The message never shows the port: it is where a password with a '/' is found. */
static int refuse_port(const char *origin, struct error *error)
{
	return error_set(error, STATUS_CONFIG,
		"%s: the port of the database URL is not a number from 1 to 65535 (in a password, "
		"write "
		"/ as %%2F, @ as %%40, : as %%3A, # as %%23, ? as %%3F, %% as %%25)",
		origin);
}

static int refuse_host(const char *origin, const char *why, struct error *error)
{
	return error_set(error, STATUS_CONFIG, "%s: the host of the database URL %s", origin, why);
}

static void add_host(struct database_url *url, char *name, int port)
{
	size_t size = sizeof *url->hosts;
	url->hosts = memory_resized(url->hosts, url->host_count + 1, size);
	url->hosts[url->host_count++] = (struct database_host){.name = name, .port = port};
}

static void drop_hosts(struct database_url *url)
{
	for (size_t i = 0; i < url->host_count; i++)
		free(url->hosts[i].name);
	free(url->hosts);
	url->hosts = NULL;
	url->host_count = 0;
}

/* What is wrong with a host name, or NULL. */
static const char *host_fault(const char *name)
{
	for (const char *byte = name; *byte != '\0'; byte++)
		if ((unsigned char)*byte <= ' ' || *byte == 0x7f)
			return "has a blank or a control character in it";
	if (name[0] == '/' || name[0] == '@')
		return NULL; /* the path of a socket */
	return strpbrk(name, "[]@\\") != NULL ? "has a character in it that no host name has"
					      : NULL;
}

/* Adds the host whose name and port, not decoded, are given; port.start is NULL for none. */
static int add_raw_host(
	struct database_url *url, struct part name, struct part port, struct error *error)
{
	int number = 0;
	if (port.start != NULL && port.length > 0 &&
		parse_port(port.start, port.length, &number) != 0)
		return refuse_port(url->origin, error);
	char *decoded = NULL;
	if (take_part(&name, "host", url->origin, &decoded, error) != 0)
		return -1;
	const char *wrong = host_fault(decoded);
	if (wrong != NULL) {
		free(decoded);
		return refuse_host(url->origin, wrong, error);
	}
	add_host(url, decoded, number);
	return 0;
}

static bool has_two_colons(const char *start, const char *end)
{
	const char *colon = find_in(start, end, ':');
	return colon < end && find_in(colon + 1, end, ':') < end;
}

/* "name", "name:port", "[address]" or "[address]:port". */
static int parse_host(
	struct database_url *url, const char *start, const char *end, struct error *error)
{
	struct part port = {0};
	if (start < end && *start == '[') {
		const char *close = find_in(start, end, ']');
		if (close == end || (close + 1 < end && close[1] != ':'))
			return refuse_host(
				url->origin, "has a [ without its ], or more behind it", error);
		if (close + 1 < end)
			port = part_between(close + 2, end);
		return add_raw_host(url, part_between(start + 1, close), port, error);
	}
	const char *colon = find_in(start, end, ':');
	if (has_two_colons(start, end))
		return refuse_host(url->origin,
			"has more than one colon: an IPv6 address stands in brackets, [::1], and a "
			": in a "
			"password is written %3A",
			error);
	if (colon < end)
		port = part_between(colon + 1, end);
	return add_raw_host(url, part_between(start, colon), port, error);
}

static int parse_hosts(
	struct database_url *url, const char *start, const char *end, struct error *error)
{
	for (;;) {
		const char *comma = find_in(start, end, ',');
		if (parse_host(url, start, comma, error) != 0)
			return -1;
		if (comma == end)
			return 0;
		start = comma + 1;
	}
}

static void add_parameter(struct database_url *url, char *name, char *value)
{
	size_t size = sizeof *url->parameters;
	url->parameters = memory_resized(url->parameters, url->parameter_count + 1, size);
	url->parameters[url->parameter_count++] =
		(struct url_parameter){.name = name, .value = value};
}

/* "name=value" in [start, end). */
static int parse_parameter(
	struct database_url *url, const char *start, const char *end, struct error *error)
{
	if (start == end)
		return 0;
	const char *equals = find_in(start, end, '=');
	struct part name = part_between(start, equals);
	struct part value = part_between(equals < end ? equals + 1 : end, end);
	char *decoded_name = NULL;
	char *decoded_value = NULL;
	if (take_part(&name, "parameters' part", url->origin, &decoded_name, error) != 0)
		return -1;
	if (take_part(&value, "parameters' part", url->origin, &decoded_value, error) != 0) {
		free(decoded_name);
		return -1;
	}
	add_parameter(url, decoded_name, decoded_value);
	return 0;
}

static int parse_query(struct database_url *url, const struct part *query, struct error *error)
{
	if (query->start == NULL)
		return 0;
	const char *end = query->start + query->length;
	for (const char *start = query->start; start < end;) {
		const char *ampersand = find_in(start, end, '&');
		if (parse_parameter(url, start, ampersand, error) != 0)
			return -1;
		start = ampersand < end ? ampersand + 1 : end;
	}
	return 0;
}

/* Removes every parameter called name and returns the values, joined by commas, or NULL. */
static char *take_parameter(struct database_url *url, const char *name)
{
	struct text values = {0};
	size_t kept = 0;
	bool found = false;
	for (size_t i = 0; i < url->parameter_count; i++) {
		struct url_parameter parameter = url->parameters[i];
		if (!text_equal(parameter.name, name)) {
			url->parameters[kept++] = parameter;
			continue;
		}
		text_add(&values, found ? "," : "");
		/* The analyzer loses sight of parameter_count between two calls. */
		text_add(&values, parameter.value); /* NOLINT(clang-analyzer-unix.Malloc) */
		found = true;
		free(parameter.name);
		free(parameter.value);
	}
	url->parameter_count = kept;
	return found ? text_take(&values) : NULL;
}

static void replace(char **field, char *value)
{
	if (value == NULL)
		return;
	free(*field);
	*field = value;
}

/* The hosts of a decoded "host=" parameter: "a,b", "a:1,b:2", "/folder". A path has no port. */
static int hosts_from_parameter(struct database_url *url, const char *value, struct error *error)
{
	drop_hosts(url);
	for (;;) {
		const char *end = value + strcspn(value, ",");
		if (*value == '/' || (*value != '[' && has_two_colons(value, end)))
			add_host(url, memory_copy_bytes(value, (size_t)(end - value)), 0);
		else if (parse_host(url, value, end, error) != 0)
			return -1;
		if (*end == '\0')
			return 0;
		value = end + 1;
	}
}

/* The ports of a "port=" parameter: one for all hosts, or one for each. libpq-connect, "port" */
static int ports_from_parameter(struct database_url *url, const char *value, struct error *error)
{
	bool one_for_all = strchr(value, ',') == NULL;
	for (size_t i = 0; i < url->host_count; i++) {
		size_t length = strcspn(value, ",");
		if (length > 0 && parse_port(value, length, &url->hosts[i].port) != 0)
			return refuse_port(url->origin, error);
		if (one_for_all)
			continue;
		bool last = value[length] == '\0';
		if (last != (i + 1 == url->host_count))
			return error_set(error, STATUS_CONFIG,
				"%s: the database URL has not as many ports as hosts", url->origin);
		value += length + (last ? 0 : 1);
	}
	return 0;
}

/* libpq takes the parts of a URL from its parameters too, and these have the last word. */
static int apply_postgres_parameters(struct database_url *url, struct error *error)
{
	autofree char *hosts = take_parameter(url, "host");
	autofree char *ports = take_parameter(url, "port");
	autofree char *ssl = take_parameter(url, "ssl"); /* JDBC's; libpq reads it likewise */
	replace(&url->user, take_parameter(url, "user"));
	replace(&url->password, take_parameter(url, "password"));
	replace(&url->name, take_parameter(url, "dbname"));
	if (ssl != NULL && database_url_parameter(url, "sslmode") == NULL) {
		const char *mode = text_equal(ssl, "true") ? "require" : ssl;
		add_parameter(url, memory_copy("sslmode"), memory_copy(mode));
	}
	if (hosts != NULL && hosts[0] != '\0' && hosts_from_parameter(url, hosts, error) != 0)
		return -1;
	return ports != NULL ? ports_from_parameter(url, ports, error) : 0;
}

static void apply_mysql_parameters(struct database_url *url)
{
	static const char *const names[] = {"unix_socket", "socket"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = take_parameter(url, names[i]);
		if (path == NULL)
			continue;
		drop_hosts(url);
		add_host(url, path, 0);
	}
}

static int apply_parameters(struct database_url *url, struct error *error)
{
	if (url->kind == DATABASE_POSTGRES)
		return apply_postgres_parameters(url, error);
	if (url->kind == DATABASE_MYSQL)
		apply_mysql_parameters(url);
	return 0;
}

static void apply_defaults(struct database_url *url)
{
	if (url->user != NULL && url->user[0] == '\0') {
		free(url->user);
		url->user = NULL;
	}
	if (url->name != NULL && url->name[0] == '\0') {
		free(url->name);
		url->name = NULL;
	}
	for (size_t i = 0; i < url->host_count; i++) {
		struct database_host *host = &url->hosts[i];
		host->names_host = host->name[0] != '\0';
		host->names_port = host->port != 0;
		if (!host->names_host)
			replace(&host->name, memory_copy(kinds[url->kind].host));
		if (!host->names_port)
			host->port = kinds[url->kind].port;
	}
}

void database_url_complete(struct database_url *url, char *const *environment)
{
	const char *name = variable_filled(environment, "PGHOST");
	const char *port = variable_filled(environment, "PGPORT");
	for (size_t i = 0; url->kind == DATABASE_POSTGRES && i < url->host_count; i++) {
		struct database_host *host = &url->hosts[i];
		if (!host->names_host && name != NULL && strchr(name, ',') == NULL)
			replace(&host->name, memory_copy(name));
		if (!host->names_port && port != NULL)
			(void)parse_port(port, strlen(port), &host->port);
	}
}

/* What the scheme of text is, and where it ends (at its ':'). NULL when it is no database's. */
static const struct scheme *find_scheme(const char *text, size_t *length)
{
	*length = strcspn(text, ":/?#@ ");
	if (text[*length] != ':')
		return NULL;
	size_t name = strcspn(text, "+:");
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strlen(schemes[i].name) == name &&
			strncasecmp(text, schemes[i].name, name) == 0)
			return &schemes[i];
	return NULL;
}

bool database_url_scheme(const char *text, enum database_kind *kind)
{
	size_t length;
	const struct scheme *scheme = find_scheme(text, &length);
	if (scheme != NULL && kind != NULL)
		*kind = scheme->kind;
	return scheme != NULL;
}

static int refuse_scheme(const char *text, const char *origin, struct error *error)
{
	size_t length = strcspn(text, ":");
	const char *form = "postgres://user:password@host/name, mysql://user:password@host/name or "
			   "sqlite:////path/of/file";
	if (text[0] == '\0')
		return error_set(error, STATUS_CONFIG, "%s: the database URL is empty", origin);
	if (text[0] == '"' || text[0] == '\'')
		return error_set(error, STATUS_CONFIG,
			"%s: the database URL begins with a quote, which is part of the value: "
			"leave the quotes out",
			origin);
	if (strncmp(text + length, "://", 3) != 0 || length > 40)
		return error_set(error, STATUS_CONFIG,
			"%s: the database URL has no scheme; it is of the form %s", origin, form);
	return error_set(error, STATUS_CONFIG,
		"%s: the scheme \"%.*s\" of the database URL is not known; there are %s", origin,
		(int)length, text, form);
}

/* SQLite's path is taken as it stands: SQLAlchemy decodes nothing in it either. */
static int parse_sqlite(struct database_url *url, const char *rest, struct error *error)
{
	bool slashes = text_starts_with(rest, "//");
	const char *path = slashes ? rest + 2 : rest;
	if (slashes && *path != '\0' && *path != '/' && *path != '?')
		return error_set(error, STATUS_CONFIG,
			"%s: an SQLite URL has no host: sqlite:///relative/file, "
			"sqlite:////absolute/file",
			url->origin);
	if (slashes && *path == '/')
		path++;
	const char *question = path + strcspn(path, "?");
	url->name = memory_copy_bytes(path, (size_t)(question - path));
	if (text_equal(url->name, ":memory:"))
		replace(&url->name, memory_copy(""));
	struct part query = {0};
	if (*question == '?')
		query = part_between(question + 1, question + strlen(question));
	return parse_query(url, &query, error);
}

static int parse_network(struct database_url *url, const char *rest, struct error *error)
{
	if (!text_starts_with(rest, "//"))
		return error_set(error, STATUS_CONFIG,
			"%s: the database URL has no \"//\" behind its scheme", url->origin);
	struct anatomy anatomy = dissect(rest + 2);
	if (anatomy.slash_in_password)
		return error_set(error, STATUS_CONFIG,
			"%s: an @ stands behind the first / of the database URL; in a password "
			"write / as "
			"%%2F, in the name of a database @ as %%40",
			url->origin);
	const char *hosts_end = anatomy.hosts.start + anatomy.hosts.length;
	if (take_part(&anatomy.user, "user", url->origin, &url->user, error) != 0 ||
		take_part(&anatomy.password, "password", url->origin, &url->password, error) != 0 ||
		take_part(&anatomy.path, "name", url->origin, &url->name, error) != 0 ||
		parse_hosts(url, anatomy.hosts.start, hosts_end, error) != 0 ||
		parse_query(url, &anatomy.query, error) != 0)
		return -1;
	return apply_parameters(url, error);
}

bool database_name_is_plain(const char *name)
{
	while (*name != '\0' && (unsigned char)*name >= ' ')
		name++;
	return *name == '\0';
}

int database_url_parse(
	const char *text, const char *origin, struct database_url **result, struct error *error)
{
	size_t length;
	const struct scheme *scheme = find_scheme(text, &length);
	if (scheme == NULL)
		return refuse_scheme(text, origin, error);
	struct database_url *url = memory_zeroed(1, sizeof *url);
	url->kind = scheme->kind;
	url->origin = memory_copy(origin);
	url->scheme = memory_copy_bytes(text, length);
	const char *rest = text + length + 1;
	int status = url->kind == DATABASE_SQLITE ? parse_sqlite(url, rest, error)
						  : parse_network(url, rest, error);
	if (status == 0 && url->name != NULL && !database_name_is_plain(url->name))
		status = error_set(error, STATUS_CONFIG,
			"%s: the name of the database has a control character in it, a newline say",
			origin);
	if (status != 0) {
		database_url_free(url);
		return -1;
	}
	apply_defaults(url);
	*result = url;
	return 0;
}

struct database_url *database_url_from_parts(enum database_kind kind, const char *host, int port,
	const char *user, const char *password, const char *name, const char *origin)
{
	struct database_url *url = memory_zeroed(1, sizeof *url);
	url->kind = kind;
	url->origin = memory_copy(origin);
	if (kind != DATABASE_SQLITE)
		add_host(url, memory_copy(host != NULL ? host : ""), port);
	url->user = user != NULL ? memory_copy(user) : NULL;
	url->password = password != NULL ? memory_copy(password) : NULL;
	url->name = name != NULL ? memory_copy(name) : NULL;
	apply_defaults(url);
	return url;
}

void database_url_free(struct database_url *url)
{
	if (url == NULL)
		return;
	drop_hosts(url);
	for (size_t i = 0; i < url->parameter_count; i++) {
		free(url->parameters[i].name);
		free(url->parameters[i].value);
	}
	free(url->parameters);
	free(url->user);
	free(url->password);
	free(url->name);
	free(url->origin);
	free(url->scheme);
	free(url);
}

static void display_host(struct text *text, const struct database_host *host)
{
	if (strchr(host->name, ':') != NULL && host->name[0] != '/')
		text_add_format(text, "[%s]:%d", host->name, host->port);
	else
		text_add_format(text, "%s:%d", host->name, host->port);
}

static char *display(const struct database_url *url, const char *user)
{
	struct text text = {0};
	text_add_format(&text, "%s://", kinds[url->kind].name);
	if (url->kind == DATABASE_SQLITE) {
		text_add_format(&text, "/%s", url->name != NULL ? url->name : ":memory:");
		return text_take(&text);
	}
	if (user != NULL)
		text_add_format(&text, "%s@", user);
	bool socket = url->host_count == 1 && url->hosts[0].name[0] == '/';
	for (size_t i = 0; !socket && i < url->host_count; i++) {
		text_add(&text, i > 0 ? "," : "");
		display_host(&text, &url->hosts[i]);
	}
	text_add_format(&text, "/%s", url->name != NULL ? url->name : "");
	if (socket && url->kind == DATABASE_POSTGRES)
		text_add_format(&text, "?host=%s&port=%d", url->hosts[0].name, url->hosts[0].port);
	else if (socket)
		text_add_format(&text, "?unix_socket=%s", url->hosts[0].name);
	return text_take(&text);
}

char *database_url_display(const struct database_url *url)
{
	return display(url, url->user);
}

char *database_url_place(const struct database_url *url)
{
	return display(url, NULL);
}

const char *database_url_parameter(const struct database_url *url, const char *name)
{
	for (size_t i = 0; i < url->parameter_count; i++)
		if (text_equal(url->parameters[i].name, name))
			return url->parameters[i].value;
	return NULL;
}

bool database_url_in_memory(const struct database_url *url)
{
	return url->kind == DATABASE_SQLITE && url->name == NULL;
}

/* Copies a query with the values of "password", "sslpassword" and the like masked. */
static void mask_query(struct text *masked, const char *query)
{
	while (*query != '\0') {
		size_t length = strcspn(query, "&");
		size_t name = strcspn(query, "=&");
		bool secret = false;
		for (size_t i = 0; i + 4 <= name; i++)
			secret = secret || strncasecmp(query + i, "pass", 4) == 0;
		secret = secret && name < length;
		text_add_bytes(masked, query, secret ? name + 1 : length);
		text_add(masked, secret ? MASK : "");
		query += length;
		if (*query == '&')
			text_add_byte(masked, *query++);
	}
}

/* Where the next URL of a list begins behind a comma, or NULL. */
static const char *next_url(const char *rest)
{
	const char *sign = strstr(rest, "://");
	if (sign == NULL)
		return NULL;
	while (sign > rest && (isalnum((unsigned char)sign[-1]) || strchr("+.-", sign[-1]) != NULL))
		sign--;
	return sign > rest && sign[-1] == ',' ? sign : NULL;
}

char *url_masked(const char *text) /* NOLINT(misc-no-recursion) */
{
	struct text masked = {0};
	const char *rest = strstr(text, "://");
	if (rest == NULL)
		return memory_copy(text);
	const char *next = next_url(rest + 3);
	if (next != NULL) {
		autofree char *head = memory_copy_bytes(text, (size_t)(next - 1 - text));
		autofree char *first = url_masked(head);
		autofree char *others = url_masked(next);
		text_add_format(&masked, "%s,%s", first, others);
		return text_take(&masked);
	}
	rest += 3;
	text_add_bytes(&masked, text, (size_t)(rest - text));
	struct anatomy anatomy = dissect(rest);
	if (anatomy.slash_in_password) { /* rather too much than a part of it */
		text_add(&masked, MASK);
		return text_take(&masked);
	}
	if (anatomy.password.start != NULL) {
		text_add_bytes(&masked, rest, (size_t)(anatomy.password.start - rest));
		text_add(&masked, MASK);
		rest = anatomy.password.start + anatomy.password.length;
	}
	const char *query = anatomy.query.start != NULL ? anatomy.query.start : rest + strlen(rest);
	text_add_bytes(&masked, rest, (size_t)(query - rest));
	mask_query(&masked, query);
	return text_take(&masked);
}

char *database_url_normalized(const char *text)
{
	static const char given[] = "postgres://";
	struct text result = {0};
	if (!text_starts_with(text, given))
		return memory_copy(text);
	text_add(&result, "postgresql://");
	text_add(&result, text + sizeof given - 1);
	return text_take(&result);
}

int database_default_port(enum database_kind kind)
{
	return kinds[kind].port;
}

#include "config/database_settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/expand.h"
#include "config/given.h"
#include "config/source_environment.h"
#include "config/url_text.h"
#include "config/value.h"
#include "config/variables.h"

#define NAMES 3
#define PORT_MAX 65535

/* The variables of one family; of each row the first that is set counts. */
struct family {
	enum database_kind kind;
	const char *host[NAMES];
	const char *port[NAMES];
	const char *user[NAMES];
	const char *password[NAMES];
	const char *name[NAMES];
};

static const struct family families[] = {
	{
		DATABASE_POSTGRES,
		{"PGHOST", "POSTGRES_HOST"},
		{"PGPORT", "POSTGRES_PORT"},
		{"PGUSER", "POSTGRES_USER"},
		{"PGPASSWORD", "POSTGRES_PASSWORD"},
		{"PGDATABASE", "POSTGRES_DB"},
	},
	{
		DATABASE_MYSQL,
		{"MYSQL_HOST", "MARIADB_HOST"},
		{"MYSQL_TCP_PORT", "MYSQL_PORT", "MARIADB_PORT"},
		{"MYSQL_USER", "MARIADB_USER"},
		{"MYSQL_PASSWORD", "MARIADB_PASSWORD"},
		{"MYSQL_DATABASE", "MARIADB_DATABASE"},
	},
};

struct search {
	const struct config *config;
	char *const *environment;
	struct faults *faults;
	struct list *handed; /* NAME=value that children need to reach it too */
	struct list *warnings;
};

static const struct given *given_of(const struct search *search, const char *key)
{
	return origins_plain(search->config->origins, "database", key);
}

/* By who gave it; -1 for nobody. A file is the environment's. */
static int rank_of(const struct search *search, const char *key)
{
	const struct given *given = given_of(search, key);
	if (given->text == NULL)
		return -1;
	return given->source == SOURCE_FILE ? SOURCE_ENVIRONMENT : (int)given->source;
}

/* A part takes the place of the URL's own, unless who gave the URL has precedence. */
static bool counts(const struct search *search, const char *key, const char *value)
{
	return value != NULL && rank_of(search, key) >= rank_of(search, "url");
}

static void warn_passed_over(const struct search *search, const char *key, const char *url)
{
	const struct given *given = given_of(search, key);
	struct text warning = {0};
	if (given->text == NULL || given->text[0] == '\0')
		return;
	text_add_format(&warning, "%s: database.%s is passed over: the URL of %s counts",
		given->origin, key, url);
	list_append_owned(search->warnings, text_take(&warning));
}

static const char *first_filled(char *const *environment, const char *const *names, size_t *which)
{
	for (size_t i = 0; i < NAMES && names[i] != NULL; i++) {
		const char *value = variable_filled(environment, names[i]);
		if (value == NULL)
			continue;
		*which = i;
		return value;
	}
	return NULL;
}

static const char *variable_of(const struct search *search, const char *const *names)
{
	size_t which;
	return first_filled(search->environment, names, &which);
}

/* The kind that database.kind names; false when it names none (which is a fault) or is not set. */
static bool named_kind(const struct search *search, enum database_kind *kind)
{
	const char *name = search->config->database_kind;
	if (name == NULL)
		return false;
	struct text scheme = {0};
	text_add_format(&scheme, "%s:", name);
	bool known = database_url_scheme(scheme.bytes, kind);
	text_free(&scheme);
	return known;
}

static void check_name(const struct search *search)
{
	const char *name = search->config->database_name;
	if (name != NULL && !database_name_is_plain(name))
		faults_add(search->faults,
			"%s: database.name has a control character in it, a newline say",
			given_of(search, "name")->origin);
}

static void check_kind(const struct search *search)
{
	enum database_kind kind;
	if (search->config->database_kind != NULL && !named_kind(search, &kind))
		faults_add(search->faults, "%s: \"%.40s\" is not one of postgres, mysql, sqlite",
			given_of(search, "kind")->origin, search->config->database_kind);
}

static struct database_url *parse(const struct search *search, const char *text, const char *origin)
{
	struct error error;
	struct database_url *url;
	if (database_url_parse(text, origin, &url, &error) == 0) {
		database_url_complete(url, search->environment);
		return url;
	}
	bool explicit = search->config->database_url != NULL;
	faults_add(search->faults, "%s%s", error.message,
		explicit || database_url_scheme(text, NULL)
			? ""
			: " (an empty database.url switches it off)");
	return NULL;
}

static bool parse_port(const struct search *search, const char *text, const char *origin, int *port)
{
	int64_t number;
	if (value_integer(text, &number) == 0 && number >= 1 && number <= PORT_MAX) {
		*port = (int)number;
		return true;
	}
	faults_add(search->faults, "%s: \"%.40s\" is not a port from 1 to 65535", origin, text);
	return false;
}

/* The kind of a database given by host: database.kind, else what its port tells. */
static bool kind_of_host(const struct search *search, enum database_kind *kind)
{
	if (named_kind(search, kind))
		return true;
	*kind = DATABASE_POSTGRES;
	if (search->config->database_port == database_default_port(DATABASE_POSTGRES))
		return true;
	*kind = DATABASE_MYSQL;
	if (search->config->database_port == database_default_port(DATABASE_MYSQL))
		return true;
	if (search->config->database_kind == NULL)
		faults_add(search->faults,
			"%s: database.host needs database.kind: postgres or mysql",
			given_of(search, "host")->origin);
	return false;
}

static struct database_url *from_host(const struct search *search)
{
	const struct config *config = search->config;
	enum database_kind kind;
	if (!kind_of_host(search, &kind))
		return NULL;
	int64_t port = config->database_port;
	if (port == 0 || port > PORT_MAX) {
		faults_add(search->faults, "%s: is not a port from 1 to 65535",
			given_of(search, "port")->origin);
		return NULL;
	}
	if (kind == DATABASE_SQLITE) {
		faults_add(search->faults, "%s: SQLite has no host; it has database.name, a file",
			given_of(search, "host")->origin);
		return NULL;
	}
	return database_url_from_parts(kind, config->database_host, port > 0 ? (int)port : 0,
		config->database_user, config->database_password, config->database_name,
		given_of(search, "host")->origin);
}

/* database.kind = sqlite and database.name. */
static bool is_sqlite_file(const struct search *search)
{
	enum database_kind kind;
	return search->config->database_name != NULL && named_kind(search, &kind) &&
	       kind == DATABASE_SQLITE;
}

static struct database_url *from_file_name(const struct search *search)
{
	return database_url_from_parts(DATABASE_SQLITE, NULL, 0, NULL, NULL,
		search->config->database_name, given_of(search, "name")->origin);
}

static void hand(const struct search *search, const char *name, const char *value)
{
	struct text entry = {0};
	text_add_format(&entry, "%s=%s", name, value);
	list_append_owned(search->handed, text_take(&entry));
}

/* The password of a family, from its variable or from the file that NAME_FILE names. */
static char *find_password(const struct search *search, const struct family *family)
{
	struct error error;
	for (size_t i = 0; i < NAMES && family->password[i] != NULL; i++) {
		char *secret = NULL;
		const char *value = variable_filled(search->environment, family->password[i]);
		if (secret_from_file(search->environment, family->password[i], &secret, &error) !=
			0)
			faults_add(search->faults, "%s", error.message);
		if (secret != NULL) {
			hand(search, family->password[i], secret);
			return secret;
		}
		if (value != NULL)
			return memory_copy(value);
	}
	return NULL;
}

static bool find_port(const struct search *search, const struct family *family, int *port)
{
	for (size_t i = 0; i < NAMES && family->port[i] != NULL; i++) {
		const char *text = variable_filled(search->environment, family->port[i]);
		if (text != NULL && !text_starts_with(text, "tcp://"))
			return parse_port(search, text, family->port[i], port);
	}
	return true;
}

static struct database_url *from_family(const struct search *search, const struct family *family)
{
	size_t which = 0;
	int port = 0;
	const char *host = first_filled(search->environment, family->host, &which);
	if (!find_port(search, family, &port))
		return NULL;
	autofree char *password = find_password(search, family);
	return database_url_from_parts(family->kind, host, port, variable_of(search, family->user),
		password, variable_of(search, family->name), family->host[which]);
}

static const struct family *find_family(const struct search *search)
{
	enum database_kind kind;
	bool named = named_kind(search, &kind);
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		if (named && families[i].kind != kind)
			continue;
		if (variable_of(search, families[i].host) != NULL)
			return &families[i];
	}
	return NULL;
}

/* The parts that may stand beside a URL. */
struct part {
	const char *key;
	const char *value;
	char **field; /* the URL's; NULL where it has none */
};

#define PARTS 3

static void list_parts(
	const struct search *search, struct database_url *url, struct part parts[PARTS])
{
	const struct config *config = search->config;
	bool file = url->kind == DATABASE_SQLITE;
	parts[0] = (struct part){"name", config->database_name, &url->name};
	parts[1] = (struct part){"user", config->database_user, file ? NULL : &url->user};
	parts[2] =
		(struct part){"password", config->database_password, file ? NULL : &url->password};
}

/* database.user, password and name in the place of the URL's own; and what cannot be. */
static void override(const struct search *search, struct database_url *url)
{
	struct part parts[PARTS];
	bool by_url = url->scheme != NULL;
	list_parts(search, url, parts);
	for (size_t i = 0; i < PARTS; i++) {
		if (parts[i].value == NULL || parts[i].field == NULL)
			continue;
		if (!counts(search, parts[i].key, parts[i].value)) {
			warn_passed_over(search, parts[i].key, url->origin);
			continue;
		}
		free(*parts[i].field);
		*parts[i].field = memory_copy(parts[i].value);
	}
	if (by_url) {
		warn_passed_over(search, "host", url->origin);
		warn_passed_over(search, "port", url->origin);
	}
}

/* The commands and the app know DATABASE_URL, and not our settings: where those say which database
 * it is, they get it as a URL. */
static void hand_url(const struct search *search, const struct database_url *url)
{
	const struct config *config = search->config;
	bool by_host = url->scheme == NULL && config->database_host != NULL;
	bool changed = counts(search, "name", config->database_name) ||
		       counts(search, "user", config->database_user) ||
		       counts(search, "password", config->database_password);
	if (config->database_url == NULL && config->database_host == NULL && !changed)
		return;
	autofree char *text = changed || by_host || config->database_url == NULL
				      ? database_url_text(url)
				      : memory_copy(config->database_url);
	autofree char *normalized =
		config->database_normalize ? database_url_normalized(text) : memory_copy(text);
	hand(search, "DATABASE_URL", normalized);
}

static const char *platform_origin(const struct search *search)
{
	bool from_file = variable_filled(search->environment, "DATABASE_URL_FILE") != NULL;
	return from_file ? "DATABASE_URL_FILE" : "DATABASE_URL";
}

/* What does not has its own fault. */
static bool expands(const struct search *search, const char *text)
{
	struct error error;
	autofree char *expanded = NULL;
	const struct expand_names names = {.environment = search->environment, .strict = true};
	return expand_url(text, &names, &expanded, &error) == 0;
}

static struct database_url *search_all(const struct search *search)
{
	const struct config *config = search->config;
	const struct given *explicit = given_of(search, "url");
	if (config->database_host != NULL && rank_of(search, "host") > rank_of(search, "url"))
		return from_host(search);
	if (config->database_url != NULL)
		return parse(search, config->database_url, explicit->origin);
	if (explicit->text != NULL && explicit->text[0] != '\0' && expands(search, explicit->text))
		faults_add(search->faults, "%s: database.url is empty once it is expanded",
			explicit->origin);
	if (explicit->text != NULL)
		return NULL;
	if (is_sqlite_file(search))
		return from_file_name(search);
	const char *platform = variable_filled(search->environment, "DATABASE_URL");
	if (platform != NULL)
		return parse(search, platform, platform_origin(search));
	const struct family *family = find_family(search);
	if (family != NULL)
		return from_family(search, family);
	if (variable_value(search->environment, "DATABASE_URL") != NULL &&
		origins_any(config->origins))
		list_append(
			search->warnings, "DATABASE_URL is set, but empty: there is no database");
	return NULL;
}

void database_settings_find(const struct config *config, char *const *environment,
	struct database_url **url, struct list *handed, struct list *warnings,
	struct faults *faults)
{
	struct search search = {config, environment, faults, handed, warnings};
	check_kind(&search);
	check_name(&search);
	*url = search_all(&search);
	if (*url == NULL)
		return;
	override(&search, *url);
	hand_url(&search, *url);
	if (!database_url_in_memory(*url))
		return;
	struct text warning = {0};
	text_add_format(&warning,
		"%s: an SQLite database in memory is the app's own: there is nothing to wait for",
		(*url)->origin);
	list_append_owned(warnings, text_take(&warning));
	database_url_free(*url);
	*url = NULL;
}

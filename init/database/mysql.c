#include "database/driver.h"

#include <mysql.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "database/certificates.h"
#include "database/failure.h"
#include "database/mysql_greeting.h"

/* Error numbers that are handled, not only told. */
#define ACCESS_DENIED 1045
#define UNKNOWN_VARIABLE 1193
#define CONNECTION_FAILED 2002
#define HOST_FAILED 2003
#define TLS_FAILED 2026
#define PLUGIN_NOT_ALLOWED 5010

#define NOT_PARKED (-1)
#define FAREWELL_LIMIT 100 /* ms */
#define GREETING_SIZE 256  /* as much of it as matters */

enum tls { TLS_PREFERRED, TLS_NONE, TLS_REQUIRED, TLS_CHAIN, TLS_IDENTITY };

/*
 * What the library waits for goes through wait_for_library, which knows the limits. The library
 * hands it nothing but the descriptor, so the wait that is on stands in this file's one variable; a
 * process has one login at a time.
 */
struct wait {
	const struct attempt *attempt; /* while it logs in */
	int64_t connect_limit;
	int64_t deadline; /* of the handshake or the query; CLOCK_NEVER while it connects */
	int64_t limit;
	bool late;
	bool foreign;	  /* the first bytes are no greeting */
	bool without_tls; /* though the server may want it */
	bool uses_tls;
	bool requires_tls; /* the library takes it as a wish, unless it verifies */
	bool lacks_tls;	   /* though it is required */
	int parked;	   /* the connected descriptor, or NOT_PARKED */
	int connect_errno; /* of the connect that failed */
	MYSQL *handle;
};
static struct wait *current;

struct mysql {
	struct connection base;
	MYSQL *handle;
};

/* --- waiting --------------------------------------------------------------------------------- */

static void make_nonblocking(int descriptor)
{
	int flags = fcntl(descriptor, F_GETFL);
	if (flags >= 0)
		(void)fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

/*
 * Between connect(2) and the greeting the library makes its descriptor blocking and does not wait
 * if the greeting is there already; OpenSSL would then read without any limit. So an empty socket
 * takes the descriptor's place until the library waits for the greeting, which it then always does.
 */
static void park(int descriptor)
{
	autoclose int empty = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int parked = empty >= 0 ? fcntl(descriptor, F_DUPFD_CLOEXEC, 0) : -1;
	if (parked < 0)
		return;
	if (dup3(empty, descriptor, O_CLOEXEC) < 0) {
		(void)close(parked);
		return;
	}
	const int on = 1; /* as the library does, now in vain */
	(void)setsockopt(parked, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(parked, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	current->parked = parked;
}

/* True when it was parked: the greeting is what is waited for. */
static bool unpark(int descriptor)
{
	if (current->parked == NOT_PARKED)
		return false;
	(void)dup3(current->parked, descriptor, O_CLOEXEC);
	(void)close(current->parked);
	current->parked = NOT_PARKED;
	return true;
}

/* The ways to log in that a server may ask for without TLS: what goes over the wire is hashed, or
 * encrypted. mysql_clear_password and dialog (PAM) send the password itself, and so does
 * caching_sha2_password where TLS is only wished for. caching_sha2_pw.c, is_connection_secure */
static const char hashing_plugins[] = "mysql_native_password,client_ed25519,parsec,sha256_password,"
				      "caching_sha2_password,auth_gssapi_client";

static void leave_tls_out(MYSQL *handle)
{
	const my_bool off = 0;
	(void)mysql_optionsv(handle, MYSQL_OPT_SSL_ENFORCE, &off);
	(void)mysql_optionsv(handle, MYSQL_OPT_SSL_CERT, NULL);
	(void)mysql_optionsv(handle, MYSQL_OPT_SSL_KEY, NULL);
}

/* Before anything is sent: a server without TLS could ask for the password in clear text. */
static void judge_greeting(int descriptor)
{
	unsigned char bytes[GREETING_SIZE];
	ssize_t got = recv(descriptor, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
	if (got <= 0)
		return;
	current->foreign = got >= 4 && mysql_greeting_is_foreign(bytes);
	bool lacks_tls = mysql_greeting_lacks_tls(bytes, (size_t)got);
	current->lacks_tls = current->requires_tls && lacks_tls;
	if (current->uses_tls && !lacks_tls)
		(void)mysql_optionsv(current->handle, MARIADB_OPT_RESTRICTED_AUTH, NULL);
	else if (current->uses_tls)
		leave_tls_out(current->handle);
}

/* The errno of a connect that has ended: the library tells another one. */
static int connect_error(int descriptor)
{
	int number = 0;
	socklen_t size = sizeof number;
	return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size) == 0 ? number : errno;
}

/* Waits for the end of connect(2). */
static void await_connect(int descriptor)
{
	int64_t deadline = clock_deadline(current->connect_limit);
	current->late = address_wait(descriptor, POLLOUT, deadline) == 0;
	current->connect_errno = current->late ? 0 : connect_error(descriptor);
	if (!current->late && current->connect_errno == 0)
		park(descriptor);
}

/* Waits for everything after it: the greeting, TLS, the answers. */
static void await_server(int descriptor, bool is_read)
{
	bool greeting = unpark(descriptor);
	if (current->deadline == CLOCK_NEVER)
		current->deadline = clock_deadline(current->limit);
	make_nonblocking(descriptor);
	short events = is_read ? POLLIN : POLLOUT;
	current->late =
		(greeting ? mysql_greeting_wait(current->attempt, descriptor, current->deadline)
			  : address_wait(descriptor, events, current->deadline)) == 0;
	if (greeting && !current->late)
		judge_greeting(descriptor);
}

/* MARIADB_OPT_IO_WAIT: 1 when there is something, 0 when it is too late. The library's own limit is
 * in whole seconds, for each packet, and 5 ms for each step of TLS in 3.4. ma_pvio.c, pvio_socket.c
 */
static int wait_for_library(my_socket descriptor, my_bool is_read, int timeout)
{
	(void)timeout;
	if (!is_read && current->deadline == CLOCK_NEVER)
		await_connect(descriptor);
	else
		await_server(descriptor, is_read);
	errno = current->late ? ETIMEDOUT : current->connect_errno;
	bool refused = current->foreign || current->lacks_tls;
	return !current->late && current->connect_errno == 0 && !refused ? 1 : 0;
}

#if MARIADB_PACKAGE_VERSION_ID >= 30400
/* MARIADB_OPT_TLS_VERIFICATION_CALLBACK for TLS_CHAIN: the chain has been verified while TLS was
 * set up, the name is not looked at. ma_tls.c of 3.4 */
static int verify_chain(void *tls, unsigned flags)
{
	(void)tls;
	(void)flags;
	return current->handle->net.tls_verify_status != 0;
}
#endif

/* --- TLS ------------------------------------------------------------------------------------- */

static const char *first_parameter(
	const struct database_url *url, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *value = database_url_parameter(url, names[i]);
		if (value != NULL)
			return value;
	}
	return NULL;
}

/* The spellings of MySQL's tools, SQLAlchemy's drivers, Rails, Go and Prisma. The first MODES are
 * modes, whose words are known; the others take whatever their driver knows. */
static const char *const mode_names[] = {
	"ssl-mode", "ssl_mode", "sslmode", "sslMode", "tls", "ssl", "useSSL"};
#define MODES 4
static const char *const ca_names[] = {"ssl_ca", "ssl-ca", "sslca", "sslrootcert"};
static const char *const cert_names[] = {"ssl_cert", "ssl-cert", "sslcert"};
static const char *const key_names[] = {"ssl_key", "ssl-key", "sslkey"};
static const char *const identity_names[] = {"ssl_check_hostname", "ssl_verify_identity"};

#define FIRST(url, names) first_parameter(url, names, sizeof(names) / sizeof((names)[0]))

static const struct {
	const char *word;
	enum tls tls;
} modes[] = {
	{"disabled", TLS_NONE},
	{"disable", TLS_NONE},
	{"false", TLS_NONE},
	{"0", TLS_NONE},
	{"no", TLS_NONE},
	{"off", TLS_NONE},
	{"preferred", TLS_PREFERRED},
	{"prefer", TLS_PREFERRED},
	{"allow", TLS_PREFERRED},
	{"required", TLS_REQUIRED},
	{"require", TLS_REQUIRED},
	{"true", TLS_REQUIRED},
	{"1", TLS_REQUIRED},
	{"yes", TLS_REQUIRED},
	{"on", TLS_REQUIRED},
	{"verify_ca", TLS_CHAIN},
	{"verify-ca", TLS_CHAIN},
	{"verify_identity", TLS_IDENTITY},
	{"verify-identity", TLS_IDENTITY},
	{"verify-full", TLS_IDENTITY},
	{"verify_full", TLS_IDENTITY},
};

static bool is_true(const char *value)
{
	return value != NULL && (strcasecmp(value, "true") == 0 || text_equal(value, "1"));
}

static const enum tls *find_word(const char *word)
{
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		if (strcasecmp(word, modes[i].word) == 0)
			return &modes[i].tls;
	return NULL;
}

/* What the parameters ask for; an unknown word ("skip-verify", JSON) wants TLS. Nothing said: TLS
 * where the server has it, unverified, as MySQL's own clients do. A CA alone means that the chain
 * is verified, as in PyMySQL. */
static enum tls find_tls(const struct database_url *url)
{
	const char *mode = FIRST(url, mode_names);
	const enum tls *known = mode != NULL ? find_word(mode) : NULL;
	bool has_ca = FIRST(url, ca_names) != NULL;
	if (is_true(FIRST(url, identity_names)))
		return TLS_IDENTITY;
	if (known != NULL)
		/* Without a CA of its own the library verifies only together with the name. */
		return *known == TLS_CHAIN && !has_ca ? TLS_IDENTITY : *known;
	if (has_ca)
		return TLS_CHAIN;
	return mode != NULL ? TLS_REQUIRED : TLS_PREFERRED;
}

static int check_mode(const struct attempt *attempt, struct failure *failure)
{
	for (size_t i = 0; i < MODES; i++) {
		const char *word = database_url_parameter(attempt->url, mode_names[i]);
		if (word != NULL && find_word(word) == NULL)
			return failure_set(failure, failure_of_kind(FAILURE_SETTING), "",
				"%s: %s=%.40s of the URL is none of disabled, preferred, required, "
				"verify_ca, verify_identity",
				attempt->place, mode_names[i], word);
	}
	return 0;
}

/* The file of authorities; NULL for none. The image's own are handed over as a file too: without
 * one the library takes a certificate that nobody has signed for good when the password fits, and
 * looks at none of 127.0.0.1. */
static const char *find_ca(const struct database_url *url, enum tls tls)
{
	const char *given = FIRST(url, ca_names);
	return given == NULL && tls == TLS_IDENTITY ? certificates_find() : given;
}

/* The library does not say which file it cannot read. */
static int check_file(const struct attempt *attempt, const char *path, struct failure *failure)
{
	if (path == NULL || access(path, R_OK) == 0)
		return 0;
	return failure_set(failure, failure_of_kind(FAILURE_TLS), "",
		"%s: the certificate file %s cannot be read: %s", attempt->place, path,
		strerror(errno));
}

static int check_certificates(const struct attempt *attempt, enum tls tls, struct failure *failure)
{
	const struct database_url *url = attempt->url;
	if (tls == TLS_NONE || attempt->host->name[0] == '/')
		return 0;
	if (tls == TLS_IDENTITY && find_ca(url, tls) == NULL)
		return failure_set(failure, failure_of_kind(FAILURE_NO_AUTHORITIES), "",
			"%s: the server's certificate cannot be verified", attempt->place);
	if (check_file(attempt, FIRST(url, ca_names), failure) != 0 ||
		check_file(attempt, FIRST(url, cert_names), failure) != 0)
		return -1;
	return check_file(attempt, FIRST(url, key_names), failure);
}

/* Sets every option of the library's, because its defaults differ: 3.3 has no TLS unless told, 3.4
 * verifies by default, and passes unverified ones whose password it can check. */
static void set_tls(MYSQL *handle, const struct database_url *url, enum tls tls)
{
	my_bool use = tls != TLS_NONE ? 1 : 0;
	my_bool verify = tls == TLS_IDENTITY ? 1 : 0;
#if MARIADB_PACKAGE_VERSION_ID >= 30400
	verify = tls == TLS_IDENTITY || tls == TLS_CHAIN ? 1 : 0;
	if (tls == TLS_CHAIN)
		(void)mysql_optionsv(handle, MARIADB_OPT_TLS_VERIFICATION_CALLBACK, verify_chain);
#endif
	if (tls == TLS_CHAIN || tls == TLS_IDENTITY)
		(void)mysql_optionsv(handle, MYSQL_OPT_SSL_CA, find_ca(url, tls));
	if (use) {
		(void)mysql_optionsv(handle, MYSQL_OPT_SSL_CERT, FIRST(url, cert_names));
		(void)mysql_optionsv(handle, MYSQL_OPT_SSL_KEY, FIRST(url, key_names));
	}
	(void)mysql_optionsv(handle, MYSQL_OPT_SSL_ENFORCE, &use);
	(void)mysql_optionsv(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

/* --- option files ---------------------------------------------------------------------------- */

/* MySQL manual 6.2.2.2: quotes keep a "#", and these escapes are known. */
static void add_option(struct text *text, const char *name, const char *value)
{
	if (value == NULL)
		return;
	text_add_format(text, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			text_add_byte(text, '\\');
		if (*value == '\n')
			text_add(text, "\\n");
		else
			text_add_byte(text, *value);
	}
	text_add(text, "\"\n");
}

static void add_host(struct text *text, const struct database_host *host)
{
	if (host->name[0] == '/') {
		add_option(text, "socket", host->name);
		return;
	}
	add_option(text, "host", host->name);
	text_add_format(text, "port=%d\nprotocol=tcp\n", host->port);
}

/* MySQL's tools have ssl-mode, and read no [client-mariadb]; MariaDB's have switches, and only warn
 * of what is loose. */
static void add_tls(struct text *text, const struct database_url *url, enum tls tls)
{
	static const char *const mysql_modes[] = {[TLS_PREFERRED] = "PREFERRED",
		[TLS_NONE] = "DISABLED",
		[TLS_REQUIRED] = "REQUIRED",
		[TLS_CHAIN] = "VERIFY_CA",
		[TLS_IDENTITY] = "VERIFY_IDENTITY"};
	if (tls != TLS_NONE) {
		add_option(text, "ssl-ca", find_ca(url, tls));
		add_option(text, "ssl-cert", FIRST(url, cert_names));
		add_option(text, "ssl-key", FIRST(url, key_names));
	}
	add_option(text, "loose-ssl-mode", mysql_modes[tls]);
	text_add_format(text, "[client-mariadb]\nssl=%d\nssl-verify-server-cert=%d\n",
		tls > TLS_NONE, tls == TLS_IDENTITY);
}

static char *mysql_tool_options(const struct database_url *url)
{
	struct text text = {0};
	enum tls tls = url->hosts[0].name[0] == '/' ? TLS_NONE : find_tls(url);
	text_add(&text, "[client]\n");
	add_option(&text, "user", url->user);
	add_option(&text, "password", url->password);
	add_option(&text, "default-character-set", "utf8mb4");
	add_host(&text, &url->hosts[0]);
	add_tls(&text, url, tls);
	return text_take(&text);
}

/* --- errors ---------------------------------------------------------------------------------- */

/* 3.4 wraps what a server says before TLS: "... cannot be verified: 1040 - Too many connections".
 */
static unsigned unwrap(unsigned number, const char **text)
{
	static const char wrapped[] = "cannot be verified: ";
	const char *inner = strstr(*text, wrapped);
	if (inner == NULL)
		return number;
	char *end;
	unsigned long value = strtoul(inner + sizeof wrapped - 1, &end, 10);
	if (!text_starts_with(end, " - "))
		return number;
	*text = end + 3;
	return (unsigned)value;
}

/* connect(2) has failed: its errno, which the message ends with, "... (2)", where nothing had to be
 * waited for; 0 for any other failure. */
static int find_errno(unsigned number, const char *text, const struct wait *wait)
{
	if (number != CONNECTION_FAILED && number != HOST_FAILED)
		return 0;
	const char *bracket = strrchr(text, '(');
	if (wait->connect_errno != 0 || bracket == NULL)
		return wait->connect_errno;
	return (int)strtol(bracket + 1, NULL, 10);
}

static int tell_failure(
	MYSQL *handle, const struct wait *wait, const char *place, struct failure *failure)
{
	const char *text = mysql_error(handle);
	unsigned number = unwrap(mysql_errno(handle), &text);
	if (wait->late && wait->deadline == CLOCK_NEVER)
		return address_late(place, wait->connect_limit, failure);
	if (wait->late)
		return address_silent(place, wait->limit, failure);
	if (wait->foreign)
		return failure_set(failure, failure_of_kind(FAILURE_FOREIGN_PROTOCOL), "",
			"%s: what answers there does not speak MySQL", place);
	if (wait->lacks_tls)
		return failure_set(failure, failure_of_kind(FAILURE_TLS), "",
			"%s: the server has no TLS, and the URL requires it", place);
	int reason = find_errno(number, text, wait);
	if (reason > 0)
		return failure_set(
			failure, failure_of_errno(reason), "", "%s: %s", place, strerror(reason));
	char code[12];
	(void)snprintf(code, sizeof code, "%u", number);
	if (number == PLUGIN_NOT_ALLOWED) /* the library's text has bytes of anything in it */
		text = "without TLS the server asks for the password itself, or the weakest hash";
	const struct failure_class *class = failure_of_mysql(number, text);
	if (number == ACCESS_DENIED && wait->without_tls)
		class = failure_of_kind(FAILURE_PASSWORD_OR_TLS);
	return failure_set(failure, class, code, "%s: %.300s", place, text);
}

/* --- login ----------------------------------------------------------------------------------- */

static MYSQL *new_handle(const struct attempt *attempt, enum tls tls)
{
	MYSQL *handle = mysql_init(NULL);
	if (handle == NULL)
		return NULL;
	bool is_path = attempt->host->name[0] == '/';
	unsigned protocol = is_path ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
	(void)mysql_optionsv(handle, MYSQL_OPT_PROTOCOL, &protocol);
	(void)mysql_optionsv(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	(void)mysql_optionsv(handle, MARIADB_OPT_IO_WAIT, wait_for_library);
	if (attempt->options->application_name != NULL)
		(void)mysql_optionsv(handle, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name",
			attempt->options->application_name);
	set_tls(handle, attempt->url, is_path ? TLS_NONE : tls);
	if (!is_path)
		(void)mysql_optionsv(handle, MARIADB_OPT_RESTRICTED_AUTH, hashing_plugins);
	return handle;
}

/* The name to connect to: the numeric address, except where the certificate is compared with it. */
static const char *target_of(const struct attempt *attempt, enum tls tls)
{
	return tls == TLS_IDENTITY ? attempt->host->name : attempt->address->text;
}

static int connect_handle(
	MYSQL *handle, const struct attempt *attempt, enum tls tls, struct failure *failure)
{
	const struct database_url *url = attempt->url;
	bool is_path = attempt->host->name[0] == '/';
	const char *path = is_path ? attempt->host->name : NULL;
	const char *host = is_path ? NULL : target_of(attempt, tls);
	unsigned port = is_path ? 0 : (unsigned)attempt->host->port;
	if (mysql_real_connect(handle, host, url->user, url->password, url->name, port, path, 0) ==
		NULL)
		return tell_failure(handle, current, attempt->place, failure);
	make_nonblocking(mysql_get_socket(handle));
	current->lacks_tls = current->requires_tls && mysql_get_ssl_cipher(handle) == NULL;
	if (current->lacks_tls)
		return tell_failure(handle, current, attempt->place, failure);
	return 0;
}

static int log_in(
	const struct attempt *attempt, enum tls tls, MYSQL **handle, struct failure *failure)
{
	*handle = new_handle(attempt, tls);
	if (*handle == NULL)
		return failure_set(failure, failure_of_kind(FAILURE_INTERNAL), "", "out of memory");
	current->handle = *handle;
	return connect_handle(*handle, attempt, tls, failure);
}

/* --- queries --------------------------------------------------------------------------------- */

/* Runs query. *row is the caller's to free, when 0 is returned; it holds at least one row. */
static int ask(struct mysql *mysql, const char *query, MYSQL_RES **row, struct failure *failure)
{
	*row = NULL;
	if (mysql_real_query(mysql->handle, query, (unsigned long)strlen(query)) == 0)
		*row = mysql_store_result(mysql->handle);
	if (*row != NULL && mysql_num_rows(*row) > 0)
		return 0;
	(void)tell_failure(mysql->handle, current, mysql->base.place, failure);
	mysql_free_result(*row);
	return -1;
}

/* MySQL has super_read_only, MariaDB does not, and old servers have neither it nor InnoDB's. */
static const char *const writable_queries[] = {
	"SELECT @@global.read_only, @@global.innodb_read_only, @@global.super_read_only",
	"SELECT @@global.read_only, @@global.innodb_read_only",
	"SELECT @@global.read_only",
};
static const char *const variables[] = {"read_only", "innodb_read_only", "super_read_only"};

static bool is_off(const char *value)
{
	return value == NULL || text_equal(value, "0") || strcasecmp(value, "OFF") == 0;
}

static int check_row(const struct mysql *mysql, MYSQL_RES *result, struct failure *failure)
{
	unsigned columns = mysql_num_fields(result);
	MYSQL_ROW row = mysql_fetch_row(result);
	const unsigned known = sizeof variables / sizeof variables[0];
	for (unsigned i = 0; row != NULL && i < columns && i < known; i++)
		if (!is_off(row[i]))
			return failure_set(failure, failure_of_kind(FAILURE_READ_ONLY), "",
				"%s: read-only (%s)", mysql->base.place, variables[i]);
	return 0;
}

static int check_writable(struct mysql *mysql, struct failure *failure)
{
	MYSQL_RES *row = NULL;
	size_t i = mariadb_connection(mysql->handle) ? 1 : 0;
	while (ask(mysql, writable_queries[i], &row, failure) != 0)
		if (mysql_errno(mysql->handle) != UNKNOWN_VARIABLE ||
			++i == sizeof writable_queries / sizeof writable_queries[0])
			return -1;
	int result = check_row(mysql, row, failure);
	mysql_free_result(row);
	return result;
}

/* The variables are no less of an answer than SELECT 1. */
static int check_now(struct mysql *mysql, bool writable, struct failure *failure)
{
	if (writable)
		return check_writable(mysql, failure);
	MYSQL_RES *row = NULL;
	if (ask(mysql, "SELECT 1", &row, failure) != 0)
		return -1;
	mysql_free_result(row);
	return 0;
}

static int mysql_check(struct connection *connection, bool writable, struct failure *failure)
{
	struct mysql *mysql = (struct mysql *)connection;
	struct wait wait = {.limit = connection->limit,
		.deadline = clock_deadline(connection->limit),
		.parked = NOT_PARKED};
	current = &wait;
	int result = check_now(mysql, writable, failure);
	current = NULL;
	return result;
}

static int query_now(
	const struct mysql *mysql, const char *sql, struct rows *rows, struct failure *failure)
{
	if (mysql_real_query(mysql->handle, sql, (unsigned long)strlen(sql)) != 0)
		return tell_failure(mysql->handle, current, mysql->base.place, failure);
	MYSQL_RES *result = mysql_store_result(mysql->handle);
	if (result == NULL && mysql_field_count(mysql->handle) > 0)
		return tell_failure(mysql->handle, current, mysql->base.place, failure);
	if (rows != NULL && result != NULL) {
		rows->columns = mysql_num_fields(result);
		for (MYSQL_ROW row; (row = mysql_fetch_row(result)) != NULL;)
			for (size_t column = 0; column < rows->columns; column++)
				list_append(&rows->values, row[column] != NULL ? row[column] : "");
	}
	mysql_free_result(result);
	return 0;
}

static int mysql_run(
	struct connection *connection, const char *sql, struct rows *rows, struct failure *failure)
{
	struct mysql *mysql = (struct mysql *)connection;
	struct wait wait = {.limit = connection->limit,
		.deadline = clock_deadline(connection->limit),
		.parked = NOT_PARKED};
	current = &wait;
	int result = query_now(mysql, sql, rows, failure);
	current = NULL;
	return result;
}

/* mysql_real_escape_string(3): by the connection's character set; twice the length and a NUL. */
static char *mysql_literal(struct connection *connection, const char *text)
{
	const struct mysql *mysql = (const struct mysql *)connection;
	size_t length = strlen(text);
	char *literal = memory_zeroed(2 * length + 3, 1);
	literal[0] = '\'';
	size_t escaped =
		mysql_real_escape_string(mysql->handle, literal + 1, text, (unsigned long)length);
	literal[escaped + 1] = '\'';
	return literal;
}

/* Says goodbye, for which it may have to wait too. */
static void end_handle(MYSQL *handle)
{
	struct wait wait = {.limit = FAREWELL_LIMIT,
		.deadline = clock_deadline(FAREWELL_LIMIT),
		.parked = NOT_PARKED};
	current = &wait;
	mysql_close(handle);
	current = NULL;
}

static void mysql_end(struct connection *connection)
{
	struct mysql *mysql = (struct mysql *)connection;
	end_handle(mysql->handle);
	free(mysql);
}

/* "MariaDB 10.11.6" of "10.11.6-MariaDB-0+deb12u1", "MySQL 8.0.36" of "8.0.36-0ubuntu0.22.04.1" */
static void name_server(struct mysql *mysql)
{
	const char *version = mysql_get_server_info(mysql->handle);
	(void)snprintf(mysql->base.server, sizeof mysql->base.server, "%s %.*s",
		mariadb_connection(mysql->handle) ? "MariaDB" : "MySQL",
		(int)strcspn(version, "-+ "), version);
}

static struct mysql *keep(const struct attempt *attempt, MYSQL *handle)
{
	struct mysql *mysql = memory_zeroed(1, sizeof *mysql);
	mysql->handle = handle;
	mysql->base.limit = attempt->options->handshake_limit;
	(void)snprintf(mysql->base.place, sizeof mysql->base.place, "%s", attempt->place);
	name_server(mysql);
	return mysql;
}

static int open_with(const struct attempt *attempt, enum tls tls, struct connection **connection,
	struct failure *failure)
{
	struct wait wait = {.attempt = attempt,
		.connect_limit = attempt->options->connect_limit,
		.limit = attempt->options->handshake_limit,
		.deadline = CLOCK_NEVER,
		.without_tls = tls == TLS_NONE && attempt->host->name[0] != '/',
		.uses_tls = tls != TLS_NONE && attempt->host->name[0] != '/',
		.requires_tls = tls >= TLS_REQUIRED && attempt->host->name[0] != '/',
		.parked = NOT_PARKED};
	MYSQL *handle = NULL;
	if (check_certificates(attempt, tls, failure) != 0)
		return -1;
	current = &wait;
	if (log_in(attempt, tls, &handle, failure) != 0) {
		end_handle(handle);
		if (wait.parked != NOT_PARKED)
			(void)close(wait.parked);
		return -1;
	}
	struct mysql *mysql = keep(attempt, handle);
	if (wait.deadline == CLOCK_NEVER)
		wait.deadline = clock_deadline(wait.limit);
	int result = check_now(mysql, attempt->options->writable, failure);
	current = NULL;
	if (result != 0) {
		mysql_end(&mysql->base);
		return -1;
	}
	*connection = &mysql->base;
	return 0;
}

/* TLS that nobody asked for and that does not work is left out: the app's driver does not try it.
 */
static int mysql_open(
	const struct attempt *attempt, struct connection **connection, struct failure *failure)
{
	enum tls tls = find_tls(attempt->url);
	if (check_mode(attempt, failure) != 0)
		return -1;
	int result = open_with(attempt, tls, connection, failure);
	if (result != 0 && tls == TLS_PREFERRED && strtoul(failure->code, NULL, 10) == TLS_FAILED)
		result = open_with(attempt, TLS_NONE, connection, failure);
	return result;
}

static int mysql_greet(const struct attempt *attempt, int descriptor, struct failure *failure)
{
	return mysql_greeting_read(attempt, descriptor, failure);
}

static void mysql_socket_path(const struct database_host *host, char *room, size_t size)
{
	(void)snprintf(room, size, "%s", host->name);
}

const struct db_driver mysql_driver = {
	.socket_path = mysql_socket_path,
	.greet = mysql_greet,
	.open = mysql_open,
	.check = mysql_check,
	.query = mysql_run,
	.literal = mysql_literal,
	.tool_options = mysql_tool_options,
	.close = mysql_end,
};

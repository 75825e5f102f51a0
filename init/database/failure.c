#include "database/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

#define RETRY(advice)                                            \
	{                                                        \
		VERDICT_RETRY, STATUS_UNAVAILABLE, false, advice \
	}
#define STARTING(advice)                                        \
	{                                                       \
		VERDICT_RETRY, STATUS_UNAVAILABLE, true, advice \
	}
#define GRACE(advice)                                        \
	{                                                    \
		VERDICT_GRACE, STATUS_REFUSED, false, advice \
	}
#define REFUSE(status, advice)                        \
	{                                             \
		VERDICT_REFUSE, status, false, advice \
	}

/* What is told more than once. */
#define SLOTS "every connection is taken: raise max_connections or put a pooler in between"
#define PASSWORD "check user and password against the server's"
#define TLS "check sslmode and the certificate files of the URL against the server's"
#define AUTHORITY "against the authority that signed the server's certificate"
#define WRITABLE "a server that can be written is needed"
#define OWNER "check owner and mode of the file and its folder"
#define PLUGIN                                                                                \
	"the client library cannot load that login plugin: install it (Debian: libmariadb3; " \
	"folder: MARIADB_PLUGIN_DIR) or use the static build of tminus, which has it inside"

/* --- PostgreSQL ------------------------------------------------------------------------------ */

struct sqlstate_row {
	const char *sqlstate; /* five letters, or two for the rest of a class */
	struct failure_class class;
};

static const struct sqlstate_row sqlstates[] = {
	{"57P03", STARTING(NULL)}, /* cannot_connect_now */
	{"57P01", RETRY(NULL)},	   /* admin_shutdown */
	{"57P02", RETRY(NULL)},	   /* crash_shutdown */
	{"57P04", GRACE("create the database again, or check its name in the URL")},
	{"57", RETRY(NULL)},
	{"53300", RETRY(SLOTS)},
	{"53", RETRY("the server is short of memory or disk")},
	{"08", RETRY(NULL)},
	{"25006", RETRY(WRITABLE)},
	{"28P01", GRACE(PASSWORD)},
	{"28000", GRACE("check the role, and pg_hba.conf on the server (where it wants TLS: "
			"sslmode=require)")},
	{"28", GRACE(PASSWORD)},
	{"3D000", GRACE("create the database, or check its name in the URL")},
	{"42501", GRACE("grant this role CONNECT on the database")},
	{"55000", GRACE("the server lets nobody into this database")},
	{"0A000", GRACE(NULL)},
	{"22023", GRACE("check options= in the URL and the settings of the role")},
	{"42704", GRACE("check options= in the URL and the settings of the role")},
	{"0P000", GRACE("check the settings of the role")},
	{"58", RETRY(NULL)},
	{"XX", RETRY(NULL)},
};

/* Poolers answer with one SQLSTATE for everything: the refusals among that, by their words. */
static const char *const pooler_refusals[] = {
	"no such database",
	"no such user",
	"authentication failed",
	"auth failed",
	"unsupported startup parameter",
	"Tenant or user not found",
	"not allowed",
	"SSL required",
	"TLS required",
};
static const struct failure_class pooler_refusal =
	GRACE("check user, password, database name and parameters of the URL against the pooler's");

static const struct failure_class unknown_error = RETRY(NULL);

static bool holds_any(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(text, words[i]) != NULL)
			return true;
	return false;
}

/* 42501 says CONNECT of a database alone; of schemas and tables it is another right. */
static const struct failure_class other_right = GRACE(NULL);

static const struct sqlstate_row *find_sqlstate(const char *sqlstate, size_t length)
{
	for (size_t i = 0; i < COUNT(sqlstates); i++)
		if (strlen(sqlstates[i].sqlstate) == length &&
			strncmp(sqlstates[i].sqlstate, sqlstate, length) == 0)
			return &sqlstates[i];
	return NULL;
}

const struct failure_class *failure_of_sqlstate(const char *sqlstate, const char *text)
{
	bool pooler = text_equal(sqlstate, "08P01") || text_equal(sqlstate, "XX000");
	if (pooler && holds_any(text, pooler_refusals, COUNT(pooler_refusals)))
		return &pooler_refusal;
	if (text_equal(sqlstate, "42501") && strstr(text, "for database") == NULL)
		return &other_right;
	const struct sqlstate_row *row = find_sqlstate(sqlstate, 5);
	if (row == NULL)
		row = find_sqlstate(sqlstate, 2);
	return row != NULL ? &row->class : &unknown_error;
}

size_t failure_sqlstate_count(void)
{
	return COUNT(sqlstates);
}

const char *failure_sqlstate_at(size_t index)
{
	return sqlstates[index].sqlstate;
}

/* --- libpq's own errors ---------------------------------------------------------------------- */

struct text_row {
	const char *text;
	struct failure_class class;
};

#define NOT_POSTGRES GRACE("what answers there does not speak PostgreSQL: check host and port")

/* The first row whose text occurs decides. fe-connect.c, fe-secure.c, fe-auth.c of libpq 15 to 18
 */
static const struct text_row libpq_texts[] = {
	{"server closed the connection unexpectedly", RETRY(NULL)},
	{"could not receive data from server", RETRY(NULL)},
	{"could not send", RETRY(NULL)},
	{"SSL SYSCALL error", RETRY(NULL)},
	{"unexpected eof while reading", RETRY(NULL)},
	{"SSL connection has been closed", RETRY(NULL)},
	{"session is read-only", RETRY(WRITABLE)},
	{"session is not read-only", RETRY("target_session_attrs wants another server")},
	{"hot standby mode", RETRY("target_session_attrs wants another server")},
	{"invalid response to SSL negotiation", NOT_POSTGRES},
	{"invalid response to GSSAPI negotiation", NOT_POSTGRES},
	{"expected authentication request", NOT_POSTGRES},
	{"invalid authentication request", NOT_POSTGRES},
	{"invalid protocol negotiation", NOT_POSTGRES},
	{"does not support SSL", GRACE("turn TLS on in the server (ssl = on), or leave "
				       "sslmode=require out of the URL")},
	{"does not match host name", GRACE("the certificate is for another name: connect by that "
					   "one, or use sslmode=verify-ca")},
	{"certificate verify failed", GRACE("check sslrootcert of the URL " AUTHORITY)},
	{"root certificate file", GRACE("name the authority's certificate by sslrootcert in the "
					"URL; sslrootcert=system takes this image's bundle, "
					"/etc/ssl/certs/ca-certificates.crt say")},
	{"SSL", GRACE(TLS)},
	{"certificate", GRACE(TLS)},
	{"private key", GRACE(TLS)},
	{"no password supplied", GRACE("put the password into the URL")},
	{"SASL", GRACE(PASSWORD)},
	{"SCRAM", GRACE(PASSWORD)},
	{"could not find digest", GRACE("channel binding cannot use the key of the server's "
					"certificate: channel_binding=disable in the URL")},
	{"channel binding", GRACE("check channel_binding and sslmode of the URL")},
	{"authentication method", GRACE("the client library cannot log in that way")},
};
static const struct failure_class libpq_error = GRACE("check the parameters of the URL");

static const struct failure_class *find_text(
	const struct text_row *rows, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(text, rows[i].text) != NULL)
			return &rows[i].class;
	return NULL;
}

const struct failure_class *failure_of_libpq(const char *text)
{
	const struct failure_class *class = find_text(libpq_texts, COUNT(libpq_texts), text);
	return class != NULL ? class : &libpq_error;
}

/* --- MySQL and MariaDB ----------------------------------------------------------------------- */

struct mysql_row {
	unsigned number;
	struct failure_class class;
};

#define NOT_MYSQL GRACE("what answers there does not speak MySQL: check host and port")
#define TLS_FAILED 2026
#define OLD_PASSWORD GRACE("the account's password is in the format of before MySQL 4.1")

static const struct mysql_row mysql_errors[] = {
	/* the server's */
	{1037, RETRY("the server is out of memory")},
	{1038, RETRY("the server is out of memory")},
	{1040, RETRY(SLOTS)},
	{1041, RETRY("the server is out of memory")},
	{1042, RETRY("the server cannot resolve this client's address")},
	{1043, RETRY(NULL)}, /* ER_HANDSHAKE_ERROR */
	{1044, GRACE("grant this user the database, or check its name in the URL")},
	{1045, GRACE(PASSWORD)},
	{1047, STARTING(
		       NULL)}, /* ER_UNKNOWN_COM_ERROR: Galera, "WSREP has not yet prepared node" */
	{1049, GRACE("create the database, or check its name in the URL")},
	{1053, RETRY(NULL)}, /* ER_SERVER_SHUTDOWN */
	{1129, GRACE("the server blocks this host after too many broken connections: run "
		     "`mysqladmin flush-hosts` there, and find what connects without a login")},
	{1130, GRACE("the server has no account for this host: CREATE USER ...@'%'")},
	{1142, GRACE(NULL)}, /* ER_TABLEACCESS_DENIED_ERROR */
	{1152, RETRY(NULL)}, /* ER_ABORTING_CONNECTION */
	{1158, RETRY(NULL)}, /* ER_NET_READ_ERROR */
	{1159, RETRY(NULL)}, /* ER_NET_READ_INTERRUPTED */
	{1160, RETRY(NULL)}, /* ER_NET_ERROR_ON_WRITE */
	{1161, RETRY(NULL)}, /* ER_NET_WRITE_INTERRUPTED */
	{1184, RETRY(NULL)}, /* ER_NEW_ABORTING_CONNECTION */
	{1203, RETRY("this user's connections are all taken: raise max_user_connections")},
	{1226, RETRY("this user's limit is used up")},
	{1227, GRACE(NULL)}, /* ER_SPECIFIC_ACCESS_DENIED_ERROR */
	{1251, GRACE("the account wants a way to log in that the client does not know")},
	{1275, OLD_PASSWORD},
	{1290, RETRY(WRITABLE)},
	{1524, GRACE("the server lacks the plugin that this account logs in with")},
	{1698, GRACE("this account logs in by unix_socket: give it a password, or use another")},
	{1820, GRACE("the account's password has to be changed first")},
	{1836, RETRY(WRITABLE)},
	{1862, GRACE("the account's password has expired")},
	{1927, RETRY(NULL)}, /* ER_CONNECTION_KILLED */
	{3032, RETRY("the server is in offline mode")},
	{3118, GRACE("the account is locked")},
	{3159, GRACE("the server wants TLS: ssl-mode=REQUIRED in the URL")},
	{3168, STARTING(NULL)}, /* ER_SERVER_ISNT_AVAILABLE */
	{4151, GRACE("the account is locked")},
	/* the client library's */
	{2000, RETRY(NULL)},
	{2001, RETRY(NULL)},
	{2002, RETRY(NULL)},
	{2003, RETRY(NULL)},
	{2004, RETRY(NULL)},
	{2005, RETRY("check the host of the URL, and that both containers are on one network")},
	{2006, RETRY(NULL)},
	{2007, NOT_MYSQL},
	{2008, RETRY(NULL)},
	{2012, NOT_MYSQL},
	{2013, RETRY(NULL)},
	{TLS_FAILED,
		GRACE("check ssl-mode and the certificate files of the URL against the server's")},
	{2027, NOT_MYSQL},
	{2049, OLD_PASSWORD},
	{2055, RETRY(NULL)},
	{2059, GRACE(PLUGIN)},
	{2061, GRACE("the server has no RSA key for that login: ssl-mode=REQUIRED in the URL")},
	{5010, GRACE("that is sent over TLS alone: ssl-mode=REQUIRED in the URL")},
	{5012, GRACE(PLUGIN)},
};
static const struct failure_class plugin_missing = GRACE(PLUGIN);

/* What 2026 says, which stands for all of TLS. ma_tls.c, openssl.c, gnutls.c of
 * Connector/C 3.3, 3.4 */
#define UNTRUSTED GRACE("check ssl_ca of the URL " AUTHORITY)

static const struct text_row mysql_tls_texts[] = {
	{"unexpected eof", RETRY(NULL)}, /* the server ended in the middle of a session */
	{"Hostname verification failed",
		GRACE("the certificate is for another name: connect by that one, or use "
		      "ssl-mode=VERIFY_CA")},
	{"certificate verify failed", UNTRUSTED}, {"NOT trusted", UNTRUSTED},
	{"self-signed certificate", UNTRUSTED}, {"self signed certificate", UNTRUSTED},
	{"unable to get", UNTRUSTED}, /* ... issuer certificate */
};

/* "Plugin caching_sha2_password could not be loaded: ..." is no wrong password. */
static bool is_plugin_missing(unsigned number, const char *text)
{
	return (number == 1045 || number == 1524 || number == 2059) &&
	       strstr(text, "could not be loaded") != NULL;
}

const struct failure_class *failure_of_mysql(unsigned number, const char *text)
{
	if (is_plugin_missing(number, text))
		return &plugin_missing;
	const struct failure_class *class = NULL;
	if (number == TLS_FAILED && strstr(text, strerror(ECONNRESET)) != NULL)
		return &unknown_error;
	if (number == TLS_FAILED)
		class = find_text(mysql_tls_texts, COUNT(mysql_tls_texts), text);
	if (class != NULL)
		return class;
	for (size_t i = 0; i < COUNT(mysql_errors); i++)
		if (mysql_errors[i].number == number)
			return &mysql_errors[i].class;
	return &unknown_error;
}

size_t failure_mysql_count(void)
{
	return COUNT(mysql_errors);
}

unsigned failure_mysql_at(size_t index)
{
	return mysql_errors[index].number;
}

/* --- SQLite ---------------------------------------------------------------------------------- */

#define SQLITE_PRIMARY 0xff
#define SQLITE_LAST 32

/* By primary result code, with its name; what is not here is retried. */
static const struct failure_class sqlite_codes[SQLITE_LAST] = {
	[3] = GRACE(OWNER),						      /* PERM */
	[5] = RETRY("another process holds the lock"),			      /* BUSY */
	[6] = RETRY("another process holds the lock"),			      /* LOCKED */
	[8] = GRACE(OWNER),						      /* READONLY */
	[11] = GRACE("restore the file from a backup"),			      /* CORRUPT */
	[13] = RETRY("the disk is full"),				      /* FULL */
	[14] = GRACE(OWNER),						      /* CANTOPEN */
	[23] = GRACE(NULL),						      /* AUTH */
	[26] = GRACE("it is another kind of file, or an encrypted database"), /* NOTADB */
};

const struct failure_class *failure_of_sqlite(int code)
{
	int primary = code & SQLITE_PRIMARY;
	if (primary >= SQLITE_LAST || sqlite_codes[primary].status == 0)
		return &unknown_error;
	return &sqlite_codes[primary];
}

/* --- connect(2) and the rest ----------------------------------------------------------------- */

struct errno_row {
	int number;
	struct failure_class class;
};

static const struct errno_row errnos[] = {
	{ECONNREFUSED, RETRY("nothing listens there yet")},
	{ENOENT, RETRY("the socket is not there yet")},
	{ECONNRESET, RETRY(NULL)},
	{EACCES, GRACE("check owner and mode of the socket and its folder")},
	{EPERM, GRACE("a firewall or the sandbox forbids it")},
	{ENETUNREACH, RETRY("no route: is the network up?")},
	{EHOSTUNREACH, RETRY("the host is down, or a firewall rejects")},
	{ETIMEDOUT, RETRY("the host is down, or a firewall drops what is sent to it")},
	{ENOTSOCK, GRACE("that path is no socket")},
	{ENAMETOOLONG, REFUSE(STATUS_CONFIG, "a socket's path has at most 107 bytes")},
};

const struct failure_class *failure_of_errno(int number)
{
	for (size_t i = 0; i < COUNT(errnos); i++)
		if (errnos[i].number == number)
			return &errnos[i].class;
	return &unknown_error;
}

const struct failure_class *failure_of_errno_text(const char *text)
{
	for (size_t i = 0; i < COUNT(errnos); i++)
		if (strstr(text, strerror(errnos[i].number)) != NULL)
			return &errnos[i].class;
	return NULL;
}

static const struct failure_class kinds[] = {
	[FAILURE_UNKNOWN_HOST] =
		RETRY("check the host's spelling, and that both containers are on one network"),
	[FAILURE_RESOLVER] = RETRY("the name server does not answer"),
	[FAILURE_CONNECT_LIMIT] = RETRY("the host is down, or a firewall drops what is sent to it"),
	[FAILURE_HANDSHAKE_LIMIT] = RETRY("the server hangs, or something else listens there"),
	[FAILURE_CLOSED] = RETRY(NULL),
	[FAILURE_FOREIGN_PROTOCOL] = GRACE("check host and port"),
	[FAILURE_NEEDS_PASSWORD] = GRACE("put the password into the URL"),
	[FAILURE_PASSWORD_OR_TLS] = GRACE(PASSWORD ", and ssl-mode: it may want TLS"),
	[FAILURE_TLS] = GRACE(TLS),
	[FAILURE_NO_AUTHORITIES] =
		GRACE("this image holds no certificate authorities: copy a bundle of them to "
		      "/etc/ssl/certs/ca-certificates.crt, or name one by sslrootcert (MySQL: "
		      "ssl_ca) in the URL"),
	[FAILURE_RECOVERY] = RETRY(WRITABLE ": promote the standby, or name the primary"),
	[FAILURE_READ_ONLY] = RETRY(WRITABLE),
	[FAILURE_NO_FOLDER] = RETRY("create it, or mount the volume"),
	[FAILURE_NO_ACCESS] = GRACE("check owner and mode, and that the volume is not read-only"),
	[FAILURE_NOT_READY] = RETRY(NULL),
	[FAILURE_SETTING] = REFUSE(STATUS_CONFIG, "check the parameters of the URL"),
	[FAILURE_TARGET] = REFUSE(STATUS_CONFIG, NULL),
	[FAILURE_NOT_BUILT] = REFUSE(STATUS_CONFIG, "use a build that has it"),
	[FAILURE_INTERNAL] = REFUSE(STATUS_INTERNAL, NULL),
};

const struct failure_class *failure_of_kind(enum failure_kind kind)
{
	return &kinds[kind];
}

/* One line, without control characters and without blanks at its end. */
static void make_one_line(char *text)
{
	for (char *byte = text; *byte != '\0'; byte++)
		if ((unsigned char)*byte < ' ' || *byte == 0x7f)
			*byte = ' ';
	size_t length = strlen(text);
	while (length > 0 && text[length - 1] == ' ')
		text[--length] = '\0';
}

int failure_set(struct failure *failure, const struct failure_class *class, const char *code,
	const char *format, ...)
{
	*failure = (struct failure){
		.verdict = class->verdict, .status = class->status, .starting = class->starting};
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(failure->message, sizeof failure->message, format, arguments);
	va_end(arguments);
	make_one_line(failure->message);
	(void)snprintf(failure->code, sizeof failure->code, "%s", code);

	const char *advice = class->advice;
	size_t used = strlen(failure->message);
	(void)snprintf(failure->message + used, sizeof failure->message - used, "%s%s%s%s%s",
		code[0] != '\0' ? " (" : "", code, code[0] != '\0' ? ")" : "",
		advice != NULL ? "; " : "", advice != NULL ? advice : "");
	return -1;
}

/* [key NAME]: a secret that is made once, and kept in a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/partial.h"
#include "config/file_settings.h"
#include "steps/file_parts.h"
#include "steps/place.h"
#include "steps/tree.h"

#define KIND "key"
#define VALUE_MOST 900 /* bytes of a file that somebody else has made */

static void set_variable(struct files_key *key, const char *value)
{
	(void)snprintf(key->variable, FILES_KEY_SIZE, "%s=%s", key->settings->name, value);
}

static const char *value_of(const struct files_key *key)
{
	return key->variable + strlen(key->settings->name) + 1;
}

/* --- making one ------------------------------------------------------------------------------ */

static void add_hex(struct text *text, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		text_add_format(text, "%02x", bytes[i]);
}

/* RFC 4648, 4 and 5; that for URLs and file names mostly comes without its padding. */
static void add_base64(struct text *text, const unsigned char *bytes, size_t length, bool url)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		unsigned group = (unsigned)bytes[i] << 16 |
				 (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
				 (left > 2 ? bytes[i + 2] : 0);
		for (size_t digit = 0; digit < 4; digit++) {
			unsigned value = group >> (18 - 6 * digit) & 63;
			if (digit > left && url)
				return;
			if (digit > left)
				text_add_byte(text, '=');
			else if (value < 62)
				text_add_byte(text, digits[value]);
			else
				text_add_byte(text, (url ? "-_" : "+/")[value - 62]);
		}
	}
}

/* getrandom(2) waits for the kernel's first entropy, which is why it is not PID 1 that asks. */
static int make_value(const struct key_settings *settings, struct text *value)
{
	unsigned char bytes[KEY_BYTES_MOST];
	size_t length = (size_t)settings->bytes;
	ssize_t got;
	do {
		got = getrandom(bytes, length, 0);
	} while (got < 0 && errno == EINTR);
	if (got != (ssize_t)length)
		return -1;
	if (settings->prefix != NULL)
		text_add(value, settings->prefix);
	if (settings->encoding == KEY_HEX)
		add_hex(value, bytes, length);
	else
		add_base64(value, bytes, length, settings->encoding == KEY_BASE64URL);
	return 0;
}

/* --- reading one ----------------------------------------------------------------------------- */

static int refuse(const struct key_settings *settings, struct error *error, const char *what)
{
	return error_set(error, STATUS_CONFIG, SECTION_FORMAT "%s %s", settings->origin, KIND,
		settings->name, settings->file, what);
}

/* A secret of another user, or one that others can read, is none. */
static int check_status(
	const struct key_settings *settings, const struct stat *status, struct error *error)
{
	if (!S_ISREG(status->st_mode))
		return refuse(settings, error, "is not a regular file");
	if (status->st_uid != geteuid())
		return error_set(error, STATUS_CONFIG,
			SECTION_FORMAT "%s belongs to uid %u, and tminus is uid %u: chown %u %s",
			settings->origin, KIND, settings->name, settings->file,
			(unsigned)status->st_uid, (unsigned)geteuid(), (unsigned)geteuid(),
			settings->file);
	if ((status->st_mode & 077) != 0)
		return error_set(error, STATUS_CONFIG,
			SECTION_FORMAT "%s can be read or written by others (mode %04o): chmod 600 "
				       "%s; whoever has read it knows the key",
			settings->origin, KIND, settings->name, settings->file,
			(unsigned)(status->st_mode & 07777), settings->file);
	return 0;
}

static int take_value(struct files_key *key, char *value, ssize_t length, struct error *error)
{
	const struct key_settings *settings = key->settings;
	if (length < 0)
		return refuse(settings, error, strerror(errno));
	if (length > VALUE_MOST || memchr(value, '\0', (size_t)length) != NULL)
		return refuse(settings, error, "holds no key: more than 900 bytes, or a NUL byte");
	value[length] = '\0';
	value[strcspn(value, "\r\n")] = '\0';
	if (value[0] == '\0')
		return refuse(settings, error,
			"is empty: remove it, and a new key is made, or write the key into it");
	set_variable(key, value);
	key->found = true;
	return 0;
}

/* 0 with key->found, or, where there is no file, without it. */
static int read_key(struct files_key *key, struct error *error)
{
	char value[VALUE_MOST + 2];
	struct stat status;
	const char *name;
	const struct key_settings *settings = key->settings;
	autoclose int folder = tree_open_parent(settings->file, &name);
	autoclose int file =
		folder < 0 ? -1
			   : openat(folder, name,
				     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (file < 0 && (folder < 0 || errno == ENOENT))
		return 0; /* the folder is looked at by itself */
	if (file < 0 && errno == ELOOP)
		return refuse(settings, error, "is a symlink: name the file itself");
	if (file < 0 || fstat(file, &status) != 0)
		return refuse(settings, error, strerror(errno));
	if (check_status(settings, &status, error) != 0)
		return -1;
	if (status.st_nlink > 1)
		partial_clear(folder); /* killed between link(2) and unlink(2) */
	return take_value(key, value, read(file, value, VALUE_MOST + 1), error);
}

/* --------------------------------------------------------------------------------------------- */

void key_check(const struct files_job *job, struct files_key *key, struct faults *faults)
{
	struct error error;
	struct text value = {0};
	const struct key_settings *settings = key->settings;
	files_check_parent(job, settings->origin, KIND, settings->name, settings->file, faults);
	if (read_key(key, &error) != 0)
		faults_add(faults, "%s", error.message);
	else if (!key->found && make_value(settings, &value) != 0)
		faults_add(faults, SECTION_FORMAT "getrandom: %s", settings->origin, KIND,
			settings->name, strerror(errno));
	else if (!key->found)
		set_variable(key, value.bytes);
	text_free(&value);
}

/* The file has a newline at its end, as any that an editor wrote. */
static int write_key(const struct files_job *job, const struct files_key *key)
{
	struct text contents = {0};
	struct place place = {
		.boot_id = job->boot_id,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.mode = 0600,
	};
	autoclose int folder = tree_open_parent(key->settings->file, &place.name);
	place.folder = folder;
	text_add_format(&contents, "%s\n", value_of(key));
	int result = folder < 0 ? -1 : place_write(&place, &contents, false);
	int number = errno;
	text_free(&contents);
	errno = number;
	return result;
}

int key_apply(const struct files_job *job, struct files_key *key, struct text *summary,
	struct error *error)
{
	const struct key_settings *settings = key->settings;
	if (key->found)
		return 0;
	if (write_key(job, key) == 0) {
		text_add_format(summary, "key %s made, in %s", settings->name, settings->file);
		return 0;
	}
	if (errno != EEXIST)
		return files_failed(error, settings->origin, KIND, settings->name, errno,
			"it cannot be written");
	return read_key(key, error);
}

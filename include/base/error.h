/*
 * Errors: one failure is one message for the user and one exit status.
 *
 * A function that can fail returns -1 and fills the struct error that is its last argument. The
 * message names the object, where it came from (file:line, variable name) and what to do about it;
 * it has no "tminus:" in front and no newline behind.
 */
#ifndef TMINUS_BASE_ERROR_H
#define TMINUS_BASE_ERROR_H

/* The exit statuses of tminus's own. They are documented in README.md and never change meaning. */
enum exit_status {
	STATUS_USAGE = 64,
	STATUS_MIGRATION_STATE = 65,
	STATUS_UNAVAILABLE = 69,
	STATUS_INTERNAL = 70,
	STATUS_BACKUP = 73,
	STATUS_RESTORE = 74,
	STATUS_LOCK = 75,
	STATUS_UPGRADE = 76,
	STATUS_REFUSED = 77,
	STATUS_CONFIG = 78,
	STATUS_VERIFY = 79,
	STATUS_STEP = 80,
	STATUS_CANNOT_RUN = 126,
	STATUS_NOT_FOUND = 127,
	STATUS_SIGNAL_BASE = 128,
};

struct error {
	int status;
	char message[1020];
};

/* Fills error with status and the formatted message, cut at the room there is. Always -1. */
int error_set(struct error *error, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, followed by ": " and strerror(number). Always -1. */
int error_set_errno(struct error *error, int status, int number, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif

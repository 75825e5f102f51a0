/* A folder of a test's own, in which it stands while it runs. */
#ifndef TMINUS_TESTS_FOLDER_H
#define TMINUS_TESTS_FOLDER_H

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

static char folder_path[64];

/* cmocka's setup and teardown. */
static inline int folder_enter(void **state)
{
	(void)state;
	(void)snprintf(folder_path, sizeof folder_path, "/tmp/tminus-test-XXXXXX");
	(void)umask(022);
	return mkdtemp(folder_path) == NULL || chdir(folder_path) != 0;
}

static inline int folder_remove(
	const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

static inline int folder_leave(void **state)
{
	(void)state;
	return chdir("/") != 0 || nftw(folder_path, folder_remove, 8, FTW_DEPTH | FTW_PHYS) != 0;
}

/* Writes a file, in folders that are made. */
static inline void folder_write_bytes(const char *path, const char *bytes, size_t length)
{
	const char *slash = path;
	while ((slash = strchr(slash + 1, '/')) != NULL && path[0] != '/') {
		char parent[64];
		(void)snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
		(void)mkdir(parent, 0755);
	}
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static inline void folder_write(const char *path, const char *text)
{
	folder_write_bytes(path, text, strlen(text));
}

#endif

/* What every unit test of this room includes: cmocka needs these before its own header. */
#ifndef TMINUS_TESTS_CHECK_H
#define TMINUS_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* Fails, and says in which row, unless both are equal or both NULL. */
#define CHECK_TEXT(row, actual, expected) check_text(row, actual, expected, __FILE__, __LINE__)

static inline void check_text(
	const char *row, const char *actual, const char *expected, const char *file, int line)
{
	if (actual == NULL && expected == NULL)
		return;
	if (actual != NULL && expected != NULL && strcmp(actual, expected) == 0)
		return;
	print_error("row <%s>: \"%s\" instead of \"%s\"\n", row, actual != NULL ? actual : "(null)",
		expected != NULL ? expected : "(null)");
	_fail(file, line);
}

#define CHECK_TRUE(row, truth) check_true(row, truth, __FILE__, __LINE__)

static inline void check_true(const char *row, int truth, const char *file, int line)
{
	if (truth)
		return;
	print_error("row <%s>\n", row);
	_fail(file, line);
}

#define CHECK_HOLDS(row, text, part) check_holds(row, text, part, __FILE__, __LINE__)

static inline void check_holds(
	const char *row, const char *text, const char *part, const char *file, int line)
{
	if (strstr(text, part) != NULL)
		return;
	print_error("row <%s>: \"%s\" does not hold \"%s\"\n", row, text, part);
	_fail(file, line);
}

#endif

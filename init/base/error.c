#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, int status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	error->status = status;
	(void)vsnprintf(error->message, sizeof error->message, format, arguments);
	va_end(arguments);
	return -1;
}

int error_set_errno(struct error *error, int status, int number, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	error->status = status;
	(void)vsnprintf(error->message, sizeof error->message, format, arguments);
	va_end(arguments);
	size_t used = strlen(error->message);
	(void)snprintf(
		error->message + used, sizeof error->message - used, ": %s", strerror(number));
	return -1;
}

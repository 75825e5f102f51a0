#include "config/faults.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"

void faults_add(struct faults *faults, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	char *message = memory_zeroed((size_t)length + 1, 1);
	va_start(arguments, format);
	(void)vsnprintf(message, (size_t)length + 1, format, arguments);
	va_end(arguments);
	list_append_owned(&faults->messages, message);
}

void faults_free(struct faults *faults)
{
	list_clear(&faults->messages);
}

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "tminus: error: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
	(void)ignored;
	_exit(STATUS_INTERNAL);
}

void *memory_zeroed(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);
	if (memory == NULL)
		out_of_memory();
	return memory;
}

void *memory_resized(void *old, size_t count, size_t size)
{
	void *memory = reallocarray(old, count > 0 ? count : 1, size);
	if (memory == NULL)
		out_of_memory();
	return memory;
}

char *memory_copy_bytes(const char *bytes, size_t length)
{
	char *copy = memory_zeroed(length + 1, 1);
	memcpy(copy, bytes, length);
	return copy;
}

char *memory_copy(const char *text)
{
	return memory_copy_bytes(text, strlen(text));
}

void memory_free_at(void *pointer_to_pointer)
{
	void *pointer;
	memcpy(&pointer, pointer_to_pointer, sizeof pointer);
	free(pointer);
}

void memory_close_at(const int *descriptor)
{
	if (*descriptor >= 0)
		(void)close(*descriptor);
}

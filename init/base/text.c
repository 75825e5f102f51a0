#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static void reserve(struct text *text, size_t more)
{
	size_t needed = text->length + more + 1;
	if (needed <= text->capacity)
		return;
	size_t capacity = text->capacity > 0 ? text->capacity : 64;
	while (capacity < needed)
		capacity *= 2;
	text->bytes = memory_resized(text->bytes, capacity, 1);
	text->capacity = capacity;
}

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
	reserve(text, length);
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_add_byte(struct text *text, char byte)
{
	text_add_bytes(text, &byte, 1);
}

void text_add_arguments(struct text *text, const char *format, va_list arguments)
{
	va_list again;
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return;
	reserve(text, (size_t)length);
	(void)vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
	text->length += (size_t)length;
}

void text_add_format(struct text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	text_add_arguments(text, format, arguments);
	va_end(arguments);
}

char *text_take(struct text *text)
{
	char *taken = text->bytes != NULL ? text->bytes : memory_copy("");
	*text = (struct text){0};
	return taken;
}

void text_free(struct text *text)
{
	free(text->bytes);
	*text = (struct text){0};
}

void list_append_owned(struct list *list, char *string)
{
	/* Full with its NULL at 1, 3, 7 ... strings: the room doubles. */
	if ((list->count & (list->count + 1)) == 0)
		list->items =
			memory_resized(list->items, 2 * (list->count + 1), sizeof *list->items);
	list->items[list->count++] = string;
	list->items[list->count] = NULL;
}

void list_append(struct list *list, const char *string)
{
	list_append_owned(list, memory_copy(string));
}

void list_clear(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct list){0};
}

bool text_starts_with(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

bool list_has(const struct list *list, const char *string)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_equal(list->items[i], string))
			return true;
	return false;
}

bool text_equal(const char *one, const char *other)
{
	return strcmp(one, other) == 0;
}

const char *text_last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

const char *text_duration(long long milliseconds, char *room, size_t size)
{
	long long seconds = milliseconds / 1000;
	long long tenths = milliseconds % 1000 / 100;
	if (milliseconds < 1000)
		(void)snprintf(room, size, "%lld ms", milliseconds);
	else if (seconds < 60 && milliseconds % 1000 != 0)
		(void)snprintf(room, size, "%lld.%lld s", seconds, tenths);
	else if (seconds < 60 || seconds == 60)
		(void)snprintf(room, size, "%lld s", seconds);
	else
		(void)snprintf(room, size, "%lld min %lld s", seconds / 60, seconds % 60);
	return room;
}

#include "base/json.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void escape_byte(char byte, char *room)
{
	static const char special[] = "\"\\\n\r\t";
	static const char letters[] = "\"\\nrt";
	const char *found = strchr(special, byte);
	if (found != NULL)
		(void)snprintf(room, JSON_CHARACTER, "\\%c", letters[found - special]);
	else if ((unsigned char)byte < 0x20 || byte == 0x7f)
		(void)snprintf(room, JSON_CHARACTER, "\\u%04x", (unsigned)(unsigned char)byte);
	else
		memcpy(room, (char[]){byte, '\0'}, 2);
}

size_t json_escape(const char *text, char room[static JSON_CHARACTER])
{
	size_t length = utf8_length(text);
	if (length == 1)
		escape_byte(*text, room);
	else
		(void)snprintf(room, JSON_CHARACTER, "%.*s", length == 0 ? 6 : (int)length,
			length == 0 ? "\\ufffd" : text);
	return length > 0 ? length : 1;
}

void json_add(char *room, size_t size, size_t *used, const char *text)
{
	while (*text != '\0' && *used + JSON_CHARACTER < size) {
		text += json_escape(text, room + *used);
		*used += strlen(room + *used);
	}
}

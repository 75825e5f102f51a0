#include "config/json.h"

#include <string.h>

/* The length of the UTF-8 character at text, 0 when it is none. RFC 3629 */
static size_t character_length(const char *text)
{
	static const struct {
		unsigned char first, last, low, high; /* of the first byte; of the second */
		size_t length;
	} forms[] = {
		{0x00, 0x7f, 0, 0, 1},
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	unsigned char first = (unsigned char)text[0];
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (first < forms[i].first || first > forms[i].last)
			continue;
		for (size_t byte = 1; byte < forms[i].length; byte++) {
			unsigned char next = (unsigned char)text[byte];
			if (next < (byte == 1 ? forms[i].low : 0x80) ||
				next > (byte == 1 ? forms[i].high : 0xbf))
				return 0;
		}
		return forms[i].length;
	}
	return 0;
}

static void put_byte(FILE *stream, char byte)
{
	static const char special[] = "\"\\\n\r\t";
	static const char letters[] = "\"\\nrt";
	const char *found = strchr(special, byte);
	if (found != NULL && *found != '\0')
		(void)fprintf(stream, "\\%c", letters[found - special]);
	else if ((unsigned char)byte < 0x20 || byte == 0x7f)
		(void)fprintf(stream, "\\u%04x", (unsigned)(unsigned char)byte);
	else
		(void)fputc(byte, stream);
}

void json_string(FILE *stream, const char *text)
{
	if (text == NULL) {
		(void)fputs("null", stream);
		return;
	}
	(void)fputc('"', stream);
	while (*text != '\0') {
		size_t length = character_length(text);
		if (length == 1)
			put_byte(stream, *text);
		else if (length == 0)
			(void)fputs("\\ufffd", stream);
		else
			(void)fwrite(text, 1, length, stream);
		text += length > 0 ? length : 1;
	}
	(void)fputc('"', stream);
}

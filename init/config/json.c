#include "config/json.h"

#include <string.h>

#include "base/utf8.h"

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
		size_t length = utf8_length(text);
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

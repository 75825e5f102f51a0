#include "config/json.h"

#include "base/json.h"

void json_string(FILE *stream, const char *text)
{
	char character[JSON_CHARACTER];
	if (text == NULL) {
		(void)fputs("null", stream);
		return;
	}
	(void)fputc('"', stream);
	while (*text != '\0') {
		text += json_escape(text, character);
		(void)fputs(character, stream);
	}
	(void)fputc('"', stream);
}

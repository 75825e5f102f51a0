#include "base/utf8.h"

size_t utf8_length(const char *text)
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

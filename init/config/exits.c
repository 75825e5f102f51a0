#include "config/exits.h"

#include "config/value.h"

int exits_read(const struct list *words, struct exits *exits, struct error *error)
{
	for (size_t i = 0; i < words->count; i++) {
		int64_t status;
		if (value_integer(words->items[i], &status) != 0 || status > EXITS_MOST)
			return error_set(error, STATUS_CONFIG,
				"\"%s\" is not an exit status from 0 to 255", words->items[i]);
		unsigned char *bits = &exits->bits[status / 8];
		*bits = (unsigned char)(*bits | 1U << status % 8);
	}
	return 0;
}

bool exits_has(const struct exits *exits, int status)
{
	return status == 0 || (status > 0 && status <= EXITS_MOST &&
				      ((unsigned)exits->bits[status / 8] >> status % 8 & 1U) != 0);
}

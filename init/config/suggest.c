#include "config/suggest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static int smallest(int one, int two, int three)
{
	int least = one < two ? one : two;
	return least < three ? least : three;
}

/* The classic table, of which three rows are kept: swaps look two rows back. */
static int distance_between(const char *one, size_t one_length, const char *other, size_t length)
{
	int rows[3][SUGGEST_LENGTH + 1];
	for (size_t j = 0; j <= length; j++)
		rows[0][j] = (int)j;
	for (size_t i = 1; i <= one_length; i++) {
		int *row = rows[i % 3];
		const int *above = rows[(i - 1) % 3];
		row[0] = (int)i;
		for (size_t j = 1; j <= length; j++) {
			int differs = one[i - 1] != other[j - 1];
			row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + differs);
			if (i < 2 || j < 2 || one[i - 1] != other[j - 2] ||
				one[i - 2] != other[j - 1])
				continue;
			int swapped = rows[(i - 2) % 3][j - 2] + 1;
			row[j] = swapped < row[j] ? swapped : row[j];
		}
	}
	return rows[one_length % 3][length];
}

struct suggestion suggest_for(const char *word)
{
	size_t length = strlen(word);
	/* Near enough is a third of the word, but one slip in any case. */
	int limit = length > SUGGEST_LENGTH ? 0 : (int)length / 3;
	struct suggestion suggestion = {.word = word, .distance = (limit < 1 ? 1 : limit) + 1};
	return suggestion;
}

void suggest_offer(struct suggestion *suggestion, const char *candidate)
{
	size_t length = strlen(suggestion->word);
	size_t other = strlen(candidate);
	if (length == 0 || length > SUGGEST_LENGTH || other > SUGGEST_LENGTH)
		return;
	int distance = 0;
	if (strcasecmp(suggestion->word, candidate) != 0)
		distance = distance_between(suggestion->word, length, candidate, other);
	if (distance >= suggestion->distance)
		return;
	suggestion->distance = distance;
	memcpy(suggestion->best, candidate, other + 1);
}

const char *suggest_text(const struct suggestion *suggestion, char *room)
{
	room[0] = '\0';
	if (suggestion->best[0] != '\0')
		(void)snprintf(room, SUGGEST_TEXT_SIZE, "; did you mean \"%s\"?", suggestion->best);
	return room;
}

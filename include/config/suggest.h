/*
 * "did you mean ...?": the candidate that is the fewest slips of the hand away from a word.
 *
 * Nearest is what other programs call by that word (cmd for command), then the same with words left
 * out (TMINUS_PRESET for TMINUS_BOOT_PRESET).
 *
 * Distance: insertions, deletions, replacements and swaps of neighbours (restricted
 * Damerau-Levenshtein). Nothing is allocated; candidates are borrowed.
 */
#ifndef TMINUS_CONFIG_SUGGEST_H
#define TMINUS_CONFIG_SUGGEST_H

#define SUGGEST_LENGTH 64 /* longer words and candidates get no suggestion */

struct suggestion {
	const char *word;
	char best[SUGGEST_LENGTH + 1]; /* "" while none is near enough */
	int distance;
};

struct suggestion suggest_for(const char *word);
void suggest_offer(struct suggestion *suggestion, const char *candidate);

/* `; did you mean "timeout"?`, or "" when nothing was near; written into room. Returns room. */
const char *suggest_text(const struct suggestion *suggestion, char *room);

#define SUGGEST_TEXT_SIZE (SUGGEST_LENGTH + 32)

#endif

/* In place of libFuzzer: the target gets each file that is named, once. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int feed(const char *name)
{
	struct text text = {0};
	FILE *file = fopen(name, "re");
	if (file == NULL)
		return -1;
	for (int byte = getc(file); byte != EOF; byte = getc(file))
		text_add_byte(&text, (char)byte);
	(void)fclose(file);
	(void)LLVMFuzzerTestOneInput((const uint8_t *)text.bytes, text.length);
	text_free(&text);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (feed(argv[i]) != 0) {
			perror(argv[i]);
			return EXIT_FAILURE;
		}
	(void)printf("%d files\n", argc - 1);
	return EXIT_SUCCESS;
}

/* A file of variables: what is read can be written again, quoted, and reads as the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/env_file.h"
#include "config/source_environment.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char *environment[] = {"A=alpha", "E=", "S=a 'b \"c ${A} $$\n`x` $(y)", NULL};
static const struct expand_names names = {.environment = environment};

/* NAME="value", with everything in the value that means something escaped. */
static char *written(const struct env_file_entry *entry)
{
	struct text text = {0};
	text_add_format(&text, "%s=\"", entry->name);
	for (const char *byte = entry->value; *byte != '\0'; byte++) {
		if (*byte == '\r')
			text_add(&text, "\\r");
		else if (strchr("\"\\$`", *byte) != NULL)
			text_add_format(&text, "\\%c", *byte);
		else
			text_add_byte(&text, *byte);
	}
	text_add(&text, "\" # behind it\r\n");
	return text_take(&text);
}

static void read_again(const struct env_file_entry *entry)
{
	struct faults faults = {0};
	autofree char *text = written(entry);
	struct env_file file = {"again", text, 1, &faults};
	struct env_file_entry again;
	if (!env_file_next(&file, &names, &again) || faults.messages.count > 0)
		abort();
	if (strcmp(again.name, entry->name) != 0 || strcmp(again.value, entry->value) != 0)
		abort();
	free(again.name);
	free(again.value);
	if (env_file_next(&file, &names, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	autofree char *text = memory_copy_bytes((const char *)bytes, size);
	struct faults faults = {0};
	struct env_file file = {"fuzzed", text, 1, &faults};
	struct env_file_entry entry;
	size_t line = 0;
	while (env_file_next(&file, &names, &entry)) {
		if (variable_name_fault(entry.name) != NULL || entry.line <= line)
			abort();
		line = entry.line;
		read_again(&entry);
		free(entry.name);
		free(entry.value);
	}
	if (*file.cursor != '\0')
		abort();
	faults_free(&faults);
	return 0;
}

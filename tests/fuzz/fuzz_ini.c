/* The INI reader: whatever a file holds, it ends, and its keys and faults can be freed. */
#include <stddef.h>
#include <stdint.h>

#include "config/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ini_document document;
	struct faults faults = {0};
	ini_parse_text("tminus.ini", (const char *)bytes, size, &document, &faults);
	ini_clear(&document);
	faults_free(&faults);
	return 0;
}

/* Schedules of cron: whatever the text, what is understood has a next time behind any other. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct schedule schedule;
	struct error error;
	autofree char *text = memory_copy_bytes((const char *)bytes, size);
	if (schedule_parse(text, &schedule, &error) != 0)
		return 0;
	int64_t first = schedule_next(&schedule, 1700000000);
	if (first <= 1700000000 || first % 60 != 0 || schedule_next(&schedule, first) <= first)
		abort();
	return 0;
}

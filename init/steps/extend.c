#include "steps/extend.h"

#include <stdio.h>

#include "database/extensions.h"
#include "steps/record.h"

static int create_extension(struct coordination *all, const char *name, struct failure *failure)
{
	char text[COORDINATION_TEXT];
	const struct work work = {.kind = WORK_EXTENSION, .name = name};
	int result = extension_create(*all->session, all->job->wait.database, name, failure);
	if (result != 0 && failure->verdict == VERDICT_RETRY)
		return result;
	struct ledger_entry *entry =
		record_add(all, &work, result == 0 ? LEDGER_FINISHED : LEDGER_FAILED);
	ledger_set(&entry->from, record_revision(all));
	ledger_set(&entry->to, record_revision(all));
	(void)snprintf(text, sizeof text, "%s was created", name);
	if (result == 0)
		coordination_tell(all, 0, text);
	return result;
}

int extend(struct coordination *all, struct failure *failure)
{
	struct failure other;
	struct list *missing = &all->inspection.missing;
	if (coordination_connect(all, failure) != 0 ||
		extensions_missing(*all->session, &all->job->config->database_extensions, missing,
			failure) != 0)
		return -1;
	int result = 0;
	for (size_t i = 0; result == 0 && i < missing->count; i++)
		result = create_extension(all, missing->items[i], failure);
	if (result == 0)
		return record_write(all, failure);
	if (failure->verdict != VERDICT_RETRY)
		(void)record_write(all, &other);
	return result;
}

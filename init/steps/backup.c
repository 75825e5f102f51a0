#include "steps/backup.h"

#include "base/error.h"
#include "steps/message.h"

int backup_make(const struct backup_job *job, int channel, char **path, char **summary,
	struct error *error)
{
	(void)job;
	(void)channel;
	(void)path;
	(void)summary;
	return error_set(error, STATUS_BACKUP, "not built in yet");
}

int backup_child(void *context, int channel)
{
	struct error error;
	char *path = 0;
	if (backup_make(context, channel, &path, 0, &error) == 0)
		return 0;
	(void)message_send(channel, MESSAGE_REFUSED, error.status, error.message);
	return error.status;
}

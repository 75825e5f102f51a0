#include "steps/backup.h"

#include "base/error.h"
#include "steps/message.h"

int backup_child(void *context, int channel)
{
	(void)context;
	(void)message_send(channel, MESSAGE_REFUSED, STATUS_BACKUP, "not built in yet");
	return STATUS_BACKUP;
}

int restore_child(void *context, int channel)
{
	(void)context;
	(void)message_send(channel, MESSAGE_REFUSED, STATUS_RESTORE, "not built in yet");
	return STATUS_RESTORE;
}

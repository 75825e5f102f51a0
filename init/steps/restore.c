#include "base/error.h"
#include "steps/backup.h"
#include "steps/message.h"

int restore_child(void *context, int channel)
{
	(void)context;
	(void)message_send(channel, MESSAGE_REFUSED, STATUS_RESTORE, "not built in yet");
	return STATUS_RESTORE;
}

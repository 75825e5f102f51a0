#include "steps/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "steps/file_parts.h"
#include "steps/message.h"
#include "steps/tree.h"

/* What to do about it, where strerror(3) alone does not say so. */
static const char *advice(int number)
{
	switch (number) {
	case EROFS:
		return "; mount a volume or a tmpfs there";
	case ENOSPC:
	case EDQUOT:
		return "; make room on that volume";
	case EACCES:
	case EPERM:
		return "; this user may not: start the container as root, or prepare the place in "
		       "the image";
	case ENOENT:
		return "; a [dir PATH] makes its folder";
	default:
		return "";
	}
}

int files_failed(struct error *error, const char *origin, const char *kind, const char *name,
	int number, const char *what)
{
	return error_set(error, STATUS_STEP, SECTION_FORMAT "%s: %s%s", origin, kind, name, what,
		strerror(number), advice(number));
}

/* --------------------------------------------------------------------------------------------- */

static int enter_folder(const char *folder, struct error *error)
{
	if (folder == NULL || chdir(folder) == 0)
		return 0;
	return error_set_errno(
		error, STATUS_CONFIG, errno, "cannot change to its folder (workdir) %s", folder);
}

static void check(const struct files_job *job, struct faults *faults)
{
	for (size_t i = 0; i < job->dir_count; i++)
		folder_check(job, job->dirs[i], faults);
}

static void tell(int channel, struct text *summary)
{
	if (summary->length > 0)
		(void)message_send(channel, MESSAGE_PROGRESS, 0, summary->bytes);
	text_free(summary);
}

static int apply(const struct files_job *job, int channel, struct error *error)
{
	struct text summary = {0};
	for (size_t i = 0; i < job->dir_count; i++) {
		if (folder_apply(job, job->dirs[i], &summary, error) != 0)
			return -1;
		tell(channel, &summary);
	}
	return 0;
}

static int refuse(int channel, const struct error *error)
{
	(void)message_send(channel, MESSAGE_REFUSED, error->status, error->message);
	return error->status;
}

int files_child(void *context, int channel)
{
	const struct files_job *job = context;
	struct faults faults = {0};
	struct error error;
	if (enter_folder(job->folder, &error) != 0)
		return refuse(channel, &error);
	check(job, &faults);
	for (size_t i = 0; i < faults.messages.count; i++)
		(void)message_send(
			channel, MESSAGE_REFUSED, STATUS_CONFIG, faults.messages.items[i]);
	if (faults.messages.count > 0)
		return STATUS_CONFIG;
	return apply(job, channel, &error) == 0 ? 0 : refuse(channel, &error);
}

#include "steps/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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
	case EBUSY:
		return "; a file that is mounted by itself cannot be replaced: mount its folder";
	case EMFILE:
		return "; each level of folders takes a descriptor, and recursive goes down 500 at "
		       "most: ulimit -n, or fewer levels";
	default:
		return "";
	}
}

/* A step runs as app.user, whoever tminus is. */
static const char *step_advice(int number)
{
	if (number == EACCES || number == EPERM)
		return "; the folder is not this user's: user = root in the step, or owner in a "
		       "[dir PATH]";
	return advice(number);
}

int files_failed(struct error *error, const char *origin, const char *kind, const char *name,
	int number, const char *what)
{
	return error_set(error, STATUS_STEP, SECTION_FORMAT "%s: %s%s", origin, kind, name, what,
		strerror(number), advice(number));
}

/* Does a [dir] make the folder that is length bytes of path? */
static bool is_made(const struct files_job *job, const char *path, size_t length)
{
	while (length > 0 && path[length - 1] == '/')
		length--;
	for (size_t i = 0; i < job->dir_count; i++) {
		const char *dir = job->dirs[i]->name;
		if (strncmp(dir, path, length) == 0 && (dir[length] == '/' || dir[length] == '\0'))
			return true;
	}
	return false;
}

void files_check_parent(const struct files_job *job, const char *origin, const char *kind,
	const char *name, const char *path, struct faults *faults)
{
	struct text why = {0};
	const char *last;
	autoclose int folder = tree_open_parent(path, &last);
	int number = errno;
	size_t length = (size_t)(last - path);
	if (folder >= 0 || (number == ENOENT && is_made(job, path, length)))
		return;
	autofree char *parent = memory_copy_bytes(path, length > 1 ? length - 1 : length);
	if (number == ENOENT)
		text_add_format(&why, "there is no folder %s; [dir %s] makes it", parent, parent);
	else
		tree_explain(parent, number, &why);
	faults_add(faults, SECTION_FORMAT "%s", origin, kind, name, why.bytes);
	text_free(&why);
}

/* --------------------------------------------------------------------------------------------- */

static int enter_folder(const char *folder, struct error *error)
{
	if (folder == NULL || chdir(folder) == 0)
		return 0;
	return error_set_errno(
		error, STATUS_CONFIG, errno, "cannot change to its folder (workdir) %s", folder);
}

void files_look(const struct files_job *job, struct list *warnings, struct faults *faults)
{
	struct error error;
	if (enter_folder(job->config->app_workdir, &error) != 0) {
		faults_add(faults, "%s", error.message);
		return;
	}
	for (size_t i = 0; i < job->dir_count; i++)
		folder_check(job, job->dirs[i], faults);
	for (size_t i = 0; i < job->key_count; i++)
		key_check(job, &job->keys[i], faults);
	for (size_t i = 0; i < job->template_count; i++)
		template_check(job, job->templates[i], warnings, faults);
}

static void tell(int channel, struct text *summary)
{
	if (summary->length > 0)
		(void)message_send(channel, MESSAGE_PROGRESS, 0, summary->bytes);
	text_free(summary);
}

/* PID 1 gives it to the commands and the app. */
static void hand_over(int channel, const struct files_job *job, size_t index)
{
	struct message message = {.kind = MESSAGE_KEY, .work = (uint32_t)index};
	(void)snprintf(message.text, sizeof message.text, "%s", job->keys[index].variable);
	(void)message_write(channel, &message);
}

static int apply(const struct files_job *job, int channel, struct error *error)
{
	struct text summary = {0};
	for (size_t i = 0; i < job->dir_count; i++) {
		if (folder_apply(job, job->dirs[i], &summary, error) != 0)
			return -1;
		tell(channel, &summary);
	}
	for (size_t i = 0; i < job->key_count; i++) {
		if (key_apply(job, &job->keys[i], &summary, error) != 0)
			return -1;
		tell(channel, &summary);
		hand_over(channel, job, i);
	}
	for (size_t i = 0; i < job->template_count; i++) {
		if (template_apply(job, job->templates[i], &summary, error) != 0)
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
	struct list warnings = {0};
	struct error error;
	if (job->config->app_umask >= 0)
		(void)umask((mode_t)job->config->app_umask);
	files_look(job, &warnings, &faults);
	for (size_t i = 0; i < warnings.count; i++)
		(void)message_send(channel, MESSAGE_PROGRESS, STATUS_CONFIG, warnings.items[i]);
	for (size_t i = 0; i < faults.messages.count; i++)
		(void)message_send(
			channel, MESSAGE_REFUSED, STATUS_CONFIG, faults.messages.items[i]);
	if (faults.messages.count > 0)
		return STATUS_CONFIG;
	return apply(job, channel, &error) == 0 ? 0 : refuse(channel, &error);
}

/* As whom and where its command would run: what that user may not remove is not removed. */
static int begin_remove(const struct remove_job *job, struct error *error)
{
	const struct identity *identity = job->place->identity;
	if (identity != NULL && identity_assume(identity, error) != 0)
		return -1;
	return enter_folder(job->place->workdir, error);
}

static int check_removed(const struct list *files, struct error *error)
{
	struct stat status;
	for (size_t i = 0; i < files->count; i++)
		if (lstat(files->items[i], &status) == 0 && S_ISDIR(status.st_mode))
			return error_set(error, STATUS_STEP,
				"%s is a folder; only files are removed", files->items[i]);
	return 0;
}

/* What is not there need not be removed. */
static int remove_files(const struct list *files, struct text *summary, struct error *error)
{
	for (size_t i = 0; i < files->count; i++) {
		const char *file = files->items[i];
		if (unlink(file) == 0)
			text_add_format(
				summary, "%s%s", summary->length > 0 ? ", " : "removed ", file);
		else if (errno != ENOENT && errno != ENOTDIR)
			return error_set(error, STATUS_STEP, "%s cannot be removed: %s%s", file,
				strerror(errno), step_advice(errno));
	}
	return 0;
}

int remove_child(void *context, int channel)
{
	const struct remove_job *job = context;
	struct text summary = {0};
	struct error error;
	if (begin_remove(job, &error) != 0 || check_removed(job->files, &error) != 0)
		return refuse(channel, &error);
	int result = remove_files(job->files, &summary, &error);
	tell(channel, &summary);
	return result == 0 ? 0 : refuse(channel, &error);
}

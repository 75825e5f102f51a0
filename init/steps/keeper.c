#include "steps/keeper.h"

#include <stdlib.h>
#include <unistd.h>

#include "steps/backup.h"
#include "steps/coordinate.h"
#include "steps/message.h"
#include "steps/project.h"
#include "steps/wait.h"
#include "steps/work.h"

struct keeper {
	const struct keeper_job *job;
	int channel;
	struct session *session;    /* opened by the wait step, NULL before */
	struct project_ahead ahead; /* read during its login */
	char *backups; /* backup.directory, from the folder that we were started in; NULL: none */
	struct coordination *coordination; /* NULL before the first question about it */
};

/* Answers one question; -1 ends the keeper. */
typedef int answer(struct keeper *keeper, const struct message *question);

static int answer_wait(struct keeper *keeper, const struct message *question)
{
	(void)question;
	return wait_for(&keeper->job->wait, keeper->channel, &keeper->ahead, &keeper->session);
}

static int answer_coordinate(struct keeper *keeper, const struct message *question)
{
	(void)question;
	if (keeper->coordination == NULL) {
		restore_tell_unfinished(keeper->backups, &keeper->job->wait, keeper->channel);
		keeper->coordination = coordination_new(keeper->job, keeper->channel,
			&keeper->session, &keeper->ahead, keeper->backups);
	}
	return coordinate(keeper->coordination);
}

static int answer_begun(struct keeper *keeper, const struct message *question)
{
	return coordinate_begun(keeper->coordination, question);
}

static int answer_finished(struct keeper *keeper, const struct message *question)
{
	return coordinate_finished(keeper->coordination, question);
}

static int answer_extensions(struct keeper *keeper, const struct message *question)
{
	return coordinate_extensions(keeper->coordination, question);
}

static int answer_back(struct keeper *keeper, const struct message *question)
{
	return coordinate_back(keeper->coordination, question);
}

static int answer_release(struct keeper *keeper, const struct message *question)
{
	(void)question;
	coordinate_release(keeper->coordination);
	return 0;
}

static answer *const answers[MESSAGE_KINDS] = {
	[MESSAGE_WAIT] = answer_wait,
	[MESSAGE_COORDINATE] = answer_coordinate,
	[MESSAGE_BEGUN] = answer_begun,
	[MESSAGE_FINISHED] = answer_finished,
	[MESSAGE_EXTENSIONS] = answer_extensions,
	[MESSAGE_BACK] = answer_back,
	[MESSAGE_RELEASE] = answer_release,
};

/* The next question; -1 when there is none any more, or the lock was lost to another replica. */
static int next_question(struct keeper *keeper, struct message *question)
{
	if (keeper->coordination != NULL && coordinate_idle(keeper->coordination) != 0)
		return -1;
	return message_take(keeper->channel, question) == MESSAGE_TAKEN ? 0 : -1;
}

/* What is read ahead must be what the look at the migrations would read: that is where the commands
 * run. */
static bool may_read_ahead(const struct keeper_job *job)
{
	const char *folder = job->wait.folder;
	return job->looks_at_once && (folder == NULL || chdir(folder) == 0);
}

int keeper_child(void *context, int channel)
{
	const struct keeper_job *job = context;
	struct keeper keeper = {.job = job, .channel = channel};
	struct message question;
	int result = 0;
	if (job->config->backup_directory != NULL)
		keeper.backups = realpath(job->config->backup_directory, NULL);
	if (may_read_ahead(job))
		keeper.ahead.job = job;
	while (result == 0 && next_question(&keeper, &question) == 0)
		if (answers[question.kind] != NULL)
			result = answers[question.kind](&keeper, &question);
	coordination_free(keeper.coordination);
	project_forget(&keeper.ahead);
	free(keeper.backups);
	session_close(keeper.session);
	return result == 0 ? 0 : STATUS_UNAVAILABLE;
}

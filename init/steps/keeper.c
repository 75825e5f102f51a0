#include "steps/keeper.h"

#include "steps/message.h"
#include "steps/wait.h"

struct keeper {
	const struct wait_job *job;
	int channel;
	struct session *session; /* opened by the wait step, NULL before */
};

/* Answers one question; -1 ends the keeper. */
typedef int answer(struct keeper *keeper);

static int answer_wait(struct keeper *keeper)
{
	return wait_for(keeper->job, keeper->channel, &keeper->session);
}

static answer *const answers[MESSAGE_KINDS] = {
	[MESSAGE_WAIT] = answer_wait,
};

int keeper_child(void *context, int channel)
{
	struct keeper keeper = {.job = context, .channel = channel};
	struct message question;
	int result = 0;
	while (result == 0 && message_take(channel, &question) == MESSAGE_TAKEN)
		if (answers[question.kind] != NULL)
			result = answers[question.kind](&keeper);
	session_close(keeper.session);
	return result == 0 ? 0 : STATUS_UNAVAILABLE;
}

#include "run/plan_draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "config/variables.h"
#include "run/notify.h"

#define APPLICATION_NAME "PGAPPNAME"

static void make_boot_id(char room[BOOT_ID_SIZE])
{
	unsigned char bytes[(BOOT_ID_SIZE - 1) / 2];
	if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != (ssize_t)sizeof bytes) {
		int64_t seed = clock_now() << 16 ^ getpid();
		memcpy(bytes, &seed, sizeof bytes);
	}
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(room + 2 * i, 3, "%02x", bytes[i]);
}

/* The upgrade works as a role of its own where one is set. */
static char *upgrade_variable(struct draft *draft)
{
	const struct config *config = draft->config;
	if (config->upgrade_url == NULL)
		return NULL;
	autofree char *url = config->database_normalize
				     ? database_url_normalized(config->upgrade_url)
				     : memory_copy(config->upgrade_url);
	struct text variable = {0};
	text_add_format(&variable, "DATABASE_URL=%s", url);
	char *text = text_take(&variable);
	list_append_owned(&draft->plan->texts, text);
	return text;
}

/* Sessions of our commands carry a name, so that the next leader sees them: PGAPPNAME, PostgreSQL
 * manual 34.15. */
void draft_name_boot(struct draft *draft)
{
	struct plan *plan = draft->plan;
	make_boot_id(plan->boot_id);
	(void)snprintf(plan->boot_variable, sizeof plan->boot_variable, "TMINUS_BOOT_ID=%s",
		plan->boot_id);
	(void)snprintf(plan->application_variable, sizeof plan->application_variable, "%s=%s%s",
		APPLICATION_NAME, APPLICATION_PREFIX, plan->boot_id);
	plan->boot_variables[0] = plan->boot_variable;
	plan->work_variables[0] = plan->application_variable;
	(void)snprintf(plan->revision_variable, sizeof plan->revision_variable, REVISION_VARIABLE);
	plan->upgrade_variables[0] = plan->application_variable;
	plan->upgrade_variables[1] = plan->revision_variable;
	plan->upgrade_variables[2] = upgrade_variable(draft);
	plan->environment =
		draft_environment(draft->config->environment.items, plan->boot_variables);
}

/* The app's, and that of every step which says nothing else. */
void draft_identity(struct plan *plan, const struct config *config)
{
	struct error error; /* commands_load has looked at the names */
	struct identity identity = {
		.account = config->app_user,
		.limits = &config->app_limits,
		.umask = config->app_umask,
		.no_new_privs = config->security_no_new_privs,
	};
	(void)identity_capabilities(&config->security_keep_caps, &identity.capabilities, &error);
	identity.confined = identity.capabilities != 0 ||
			    (identity.account != NULL && identity.account->uid != 0);
	size_t most = 1 + config->step_count + config->service_count + config->job_count;
	plan->identities = memory_zeroed(most, sizeof identity);
	plan->identities[0] = identity;
	if (identity.confined || identity.account != NULL || identity.no_new_privs ||
		identity.umask >= 0 || identity.limits->count > 0)
		plan->identity = plan->identities;
}

/* variables with what names the user in the place of what they say of it. */
static char **environment_of(struct plan *plan, const struct account *user, char *const *variables)
{
	struct list *texts = &plan->texts;
	size_t first = texts->count;
	variable_add(texts, "HOME", user->home);
	if (user->name != NULL) {
		variable_add(texts, "USER", user->name);
		variable_add(texts, "LOGNAME", user->name);
	}
	return draft_environment(variables, texts->items + first);
}

/* A step's own user: root is all that tminus itself is, anybody else keeps nothing. */
void draft_user(struct plan *plan, struct plan_step *step, const struct account *user)
{
	struct command *command = &step->first->kind.command;
	if (user == NULL)
		return;
	struct identity *identity = &plan->identities[++plan->step_identities];
	*identity = plan->identities[0];
	identity->account = user;
	identity->capabilities = 0;
	identity->confined = user->uid != 0;
	identity->no_new_privs = identity->no_new_privs && user->uid != 0;
	command->identity = identity;
	command->environment = environment_of(plan, user, command->environment);
}

/* Whoever becomes the app gives it the manager's own socket. */
char **draft_app_environment(struct draft *draft)
{
	struct plan *plan = draft->plan;
	bool becomes = draft->config->app_mode == APP_EXEC;
	const char *manager = getenv("NOTIFY_SOCKET");
	if (!draft->config->app_notify || (becomes && manager == NULL))
		return plan->environment;
	if (!becomes)
		plan->notify_address = plan->notify_variable + strlen("NOTIFY_SOCKET=");
	(void)snprintf(plan->notify_variable, sizeof plan->notify_variable, "NOTIFY_SOCKET=%s%s",
		becomes ? manager : NOTIFY_ADDRESS, becomes ? "" : plan->boot_id);
	plan->notify_variables[0] = plan->notify_variable;
	return draft_environment(plan->environment, plan->notify_variables);
}

static bool is_used(const struct plan *plan, const struct identity *identity)
{
	for (size_t i = 0; i < plan->table.count; i++)
		if (plan->table.rows[i].kind.command.identity == identity)
			return true;
	return false;
}

int plan_rehearse(const struct plan *plan, unsigned *lacks, struct error *error)
{
	for (size_t i = 0; i <= plan->step_identities; i++) {
		const struct identity *identity = &plan->identities[i];
		if (!is_used(plan, identity))
			continue;
		if (identity_rehearse(identity, error) != 0)
			return -1;
		*lacks |= identity_lacks(identity);
	}
	return 0;
}

const char *plan_next_lack(unsigned *lacks)
{
	static const struct {
		unsigned lack;
		const char *text;
	} texts[] = {
		{IDENTITY_LACKS_KILL,
			"without CAP_KILL no signal reaches the app's user, so that nothing but "
			"the platform's KILL ends it; add the capability KILL"},
		{IDENTITY_LACKS_SETPCAP,
			"without CAP_SETPCAP the bounding set stays as it is; "
			"security.no_new_privs = yes makes sure that nothing comes of it"},
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if ((*lacks & texts[i].lack) != 0) {
			*lacks &= ~texts[i].lack;
			return texts[i].text;
		}
	return NULL;
}

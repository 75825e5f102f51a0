/* One configuration from tminus.ini, variables, --set and a command line, in a folder of its own.
 */
#ifndef TMINUS_TESTS_INPUT_H
#define TMINUS_TESTS_INPUT_H

#include "folder.h"

#include "base/memory.h"
#include "config/config.h"

#define STRINGS_MAX 8

/* What one configuration is loaded from. */
struct input {
	const char *ini; /* written to tminus.ini; NULL: no file */
	const char *environment[STRINGS_MAX];
	const char *set[4];
	const char *app[6];
};

/* Loads it; NULL with *faults, each with a newline, when there are any. */
static inline struct config *load(const struct input *input, char **faults)
{
	struct list environment = {0};
	struct list app = {0};
	struct config_request request = {0};
	struct faults found = {0};
	struct config *config = NULL;
	(void)remove("tminus.ini");
	if (input->ini != NULL)
		folder_write("tminus.ini", input->ini);
	for (size_t i = 0; i < STRINGS_MAX && input->environment[i] != NULL; i++)
		list_append(&environment, input->environment[i]);
	for (size_t i = 0; i < 4 && input->set[i] != NULL; i++)
		list_append(&request.set, input->set[i]);
	for (size_t i = 0; i < 6 && input->app[i] != NULL; i++)
		list_append(&app, input->app[i]);
	request.environment = environment.items;
	request.app_argv = app.items;
	int status = config_load(&request, &config, &found);
	struct text text = {0};
	for (size_t i = 0; i < found.messages.count; i++)
		text_add_format(&text, "%s\n", found.messages.items[i]);
	assert_int_equal(status, found.messages.count > 0 ? -1 : 0);
	*faults = text_take(&text);
	faults_free(&found);
	list_clear(&environment);
	list_clear(&app);
	list_clear(&request.set);
	return config;
}

static inline struct config *load_well(const struct input *input)
{
	autofree char *faults = NULL;
	struct config *config = load(input, &faults);
	CHECK_TEXT(input->ini != NULL ? input->ini : "no file", faults, "");
	return config;
}

#endif

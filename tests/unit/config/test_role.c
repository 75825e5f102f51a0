#include "input.h"

#include "config/role.h"
#include "config/variables.h"
#include "config/words.h"

static void patterns_fit_the_words_of_a_command(void **state)
{
	(void)state;
	static const struct {
		const char *patterns;
		const char *command;
		bool matches;
	} rows[] = {
		{"celery", "celery", true},
		{"celery", "celery worker", false},
		{"celery *", "celery", true},
		{"celery *", "celery worker -c 2", true},
		{"celery *", "rq worker", false},
		{"celery worker", "celery", false},
		{"celery * -c", "celery worker -c", true},
		{"celery * -c", "celery worker", false},
		{"celery * *", "celery", false},
		{"celery 'a b'", "celery 'a b'", true},
		{"celery a b", "celery 'a b'", false},
		{"celery", "/app/venv/bin/celery", true},
		{"/app/*", "/app/venv/bin/celery", true},
		{"/bin/celery", "celery", false},
		{"celery bin/x", "celery /usr/bin/x", false},
		{"celery x", "celery /usr/bin/x", false},
		{"g[u-z]nicorn *", "gunicorn app:app", true},
		{"python* -m celery *", "python3.11 -m celery", true},
		{"celery ''", "celery ''", true},
		{"celery ?*", "celery ''", false},
		{"celery * | rq *", "rq worker", true},
		{"celery | rq", "celery", true},
		{"celery | rq", "celery rq", false},
		{"*", "bash", true},
		{"| |", "bash", false},
		{"", "bash", false},
		{"CELERY", "celery", false},
	};
	const struct words_options plain = {.kind = WORDS_COMMAND};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct list patterns = {0};
		struct list command = {0};
		struct error error;
		assert_int_equal(words_split(rows[i].patterns, &plain, &patterns, &error), 0);
		assert_int_equal(words_split(rows[i].command, &plain, &command, &error), 0);
		CHECK_TRUE(rows[i].patterns,
			role_matches(&patterns, command.items) == rows[i].matches);
		list_clear(&patterns);
		list_clear(&command);
	}
}

#define ROLES                               \
	"role = ${CONTAINER_ROLE:-}\n"      \
	"[role web]\nmatch = gunicorn *\n"  \
	"[role worker]\nmatch = celery *\n" \
	"[role cron]\ncommand = crond -f ${DIR}\n[app]\ncommand = gunicorn app\n"

static void the_role_is_the_one_named_or_the_one_that_matches(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		const char *role; /* NULL: none; "": none matches */
		const char *app;
	} rows[] = {
		{{ROLES, {0}, {0}, {0}}, "web", "gunicorn app"},
		{{ROLES, {0}, {0}, {"celery", "worker"}}, "worker", "celery worker"},
		{{ROLES, {0}, {0}, {"bash", "-l"}}, "", "bash -l"},
		{{ROLES, {"CONTAINER_ROLE=worker"}, {0}, {0}}, "worker", "gunicorn app"},
		{{ROLES, {"CONTAINER_ROLE=worker"}, {0}, {"bash"}}, "worker", "bash"},
		{{ROLES, {"CONTAINER_ROLE=cron", "DIR=/a b"}, {0}, {"celery", "x"}}, "cron",
			"crond -f '/a b'"},
		{{ROLES, {"CONTAINER_ROLE=web", "TMINUS_ROLE=cron"}, {0}, {0}}, "cron",
			"crond -f ''"},
		{{ROLES, {"TMINUS_ROLE=cron"}, {"role=web"}, {0}}, "web", "gunicorn app"},
		{{"[role web]\n[role worker]", {0}, {0}, {"bash"}}, NULL, "bash"},
		{{"[role web]\nmatch = a", {0}, {0}, {0}}, NULL, ""},
		{{"", {0}, {0}, {"bash"}}, NULL, "bash"},
		{{"role =\n", {"TMINUS_ROLE="}, {0}, {"bash"}}, NULL, "bash"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		const char *role = config->role != NULL ? config->role->name
				   : config->unmatched	? ""
							: NULL;
		char *none[] = {NULL};
		autofree char *app =
			words_join(config->app.items != NULL ? config->app.items : none);
		CHECK_TEXT(rows[i].input.ini, role, rows[i].role);
		CHECK_TEXT(rows[i].input.ini, app, rows[i].app);
		config_free(config);
	}
}

static void a_prefix_stands_before_every_app_but_one_without_a_role(void **state)
{
	(void)state;
	static const char ini[] = "[app]\nprefix = bundle exec ${X}\ncommand = puma\n"
				  "[role web]\nmatch = puma *\n"
				  "[role worker]\ncommand = sidekiq\n";
	static const struct {
		struct input input;
		const char *app;
	} rows[] = {
		{{ini, {"X=a b"}, {0}, {0}}, "bundle exec 'a b' puma"},
		{{ini, {"X=x"}, {0}, {"puma", "-p", "${X}"}}, "bundle exec x puma -p x"},
		{{ini, {"X=x", "TMINUS_ROLE=worker"}, {0}, {0}}, "bundle exec x sidekiq"},
		{{ini, {"X=x"}, {0}, {"bash"}}, "bash"},
		{{"[app]\nprefix = p", {0}, {0}, {"sh", "-c", "echo ${X}"}}, "p sh -c 'echo ${X}'"},
		{{"[app]\nprefix = p", {0}, {0}, {0}}, ""},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		char *none[] = {NULL};
		autofree char *app =
			words_join(config->app.items != NULL ? config->app.items : none);
		CHECK_TEXT(rows[i].app, app, rows[i].app);
		config_free(config);
	}
}

static void a_command_beside_the_app_has_neither_role_nor_prefix(void **state)
{
	(void)state;
	folder_write("tminus.ini", "role = web\n[role web]\ncommand = puma\n[app]\nprefix = p\n");
	char *argv[] = {(char[]){"rails"}, (char[]){"db:rollback"}, NULL};
	char *none[] = {NULL};
	struct config_request request = {.app_argv = argv, .environment = none, .beside = true};
	struct faults faults = {0};
	struct config *config = NULL;
	assert_int_equal(config_load(&request, &config, &faults), 0);
	assert_int_equal(config->app.count, 2);
	assert_string_equal(config->app.items[0], "rails");
	config_free(config);
}

static void what_is_for_other_roles_is_left_out(void **state)
{
	(void)state;
	static const char ini[] =
		"[role web]\n[role worker]\n[role cron]\n"
		"[upgrade]\ncommand = true\nroles = web, worker\non_failure = restore\n"
		"[seed]\nall = true\nroles = web\n"
		"[backup]\ndirectory = /b\nroles = web worker\n"
		"[step x]\ncommand = true\nroles = worker cron\n";
	static const struct {
		struct input input;
		int upgrade;
		int seed;
		int backup;
		bool step;
	} rows[] = {
		{{ini, {"TMINUS_ROLE=web"}, {0}, {0}}, UPGRADE_RUN, SEED_AUTO, BACKUP_PENDING,
			false},
		{{ini, {"TMINUS_ROLE=worker"}, {0}, {0}}, UPGRADE_RUN, SEED_NEVER, BACKUP_PENDING,
			true},
		{{ini, {"TMINUS_ROLE=cron"}, {0}, {0}}, UPGRADE_WAIT, SEED_NEVER, BACKUP_NEVER,
			true},
		{{ini, {0}, {0}, {0}}, UPGRADE_WAIT, SEED_NEVER, BACKUP_NEVER, false},
		{{ini, {"TMINUS_ROLE=cron", "TMINUS_UPGRADE_MODE=off"}, {0}, {0}}, UPGRADE_OFF,
			SEED_NEVER, BACKUP_NEVER, true},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		const char *row = rows[i].input.environment[0];
		CHECK_TRUE(row, config->upgrade_mode == rows[i].upgrade);
		CHECK_TRUE(row, config->writable == (rows[i].upgrade == UPGRADE_RUN));
		CHECK_TRUE(row, config->seed_when == rows[i].seed);
		CHECK_TRUE(row, config->backup_when == rows[i].backup);
		CHECK_TRUE(row, config_has_role(config, &config->steps[0].roles) == rows[i].step);
		config_free(config);
	}
}

static void what_is_wrong_with_roles_is_told_with_its_place(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		const char *faults;
	} rows[] = {
		{{"role = wbe\n[role web]", {0}, {0}, {0}},
			"tminus.ini:1: there is no [role wbe]; did you mean \"web\"?\n"},
		{{"", {"TMINUS_ROLE=web"}, {0}, {0}}, "TMINUS_ROLE: there is no [role web]\n"},
		{{"[role web]\n[step x]\ncommand = true\nroles = web wrk", {0}, {0}, {0}},
			"tminus.ini:4: there is no [role wrk]\n"},
		{{"[seed]\nroles = a\n[service x]\ncommand = b\nroles = c\n[role d]", {0}, {0},
			 {0}},
			"tminus.ini:2: there is no [role a]; did you mean \"d\"?\n"
			"tminus.ini:5: there is no [role c]; did you mean \"d\"?\n"},
		{{"[role one]\nmatch = a *\n[role two]\nmatch = * b\n", {0}, {0}, {"a", "b"}},
			"tminus.ini:3: [role two] and [role one] (tminus.ini:1) match the same "
			"command; name one with role =\n"},
		{{"[role one]\n[role two]\n[upgrade]\nroles = one\n[seed]\nroles = two", {0}, {0},
			 {0}},
			"tminus.ini:6: seed.roles: two is not in upgrade.roles\n"},
		{{"[role]", {0}, {0}, {0}}, "tminus.ini:1: a role has a name: [role NAME]\n"},
		{{"[role x]\nmtach = a", {0}, {0}, {0}}, "tminus.ini:2: unknown key \"mtach\" in "
							 "[role x]; did you mean \"match\"?\n"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *faults = NULL;
		assert_null(load(&rows[i].input, &faults));
		CHECK_TEXT(rows[i].faults, faults, rows[i].faults);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_fit_the_words_of_a_command),
		IN_FOLDER(the_role_is_the_one_named_or_the_one_that_matches),
		IN_FOLDER(a_prefix_stands_before_every_app_but_one_without_a_role),
		IN_FOLDER(a_command_beside_the_app_has_neither_role_nor_prefix),
		IN_FOLDER(what_is_for_other_roles_is_left_out),
		IN_FOLDER(what_is_wrong_with_roles_is_told_with_its_place),
	};
	return cmocka_run_group_tests_name("role", tests, NULL, NULL);
}

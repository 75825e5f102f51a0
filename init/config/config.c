#include "config/config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "config/assign.h"
#include "config/checks.h"
#include "config/condition.h"
#include "config/database_settings.h"
#include "config/environment.h"
#include "config/expand.h"
#include "config/file_settings.h"
#include "config/given.h"
#include "config/presets.h"
#include "config/role.h"
#include "config/section_name.h"
#include "config/settings.h"
#include "config/source_environment.h"
#include "config/source_ini.h"
#include "config/source_set.h"
#include "config/target.h"
#include "config/url_text.h"
#include "config/variables.h"
#include "config/words.h"

/* A configuration on its way. */
struct loader {
	const struct config_request *request;
	struct config *config;
	struct faults *faults;
	struct list known; /* what ${...} may refer to, and what commands get but for our own: see
			      environment.h; and DATABASE_URL where it came from a file */
	struct list later; /* keys of [key NAME], which ${...} may not refer to */
	bool *assigned;	   /* by index of settings_plain */
	bool anything_set; /* by more than defaults */
};

static void read_sources(struct loader *loader)
{
	const struct config_request *request = loader->request;
	struct config *config = loader->config;
	config->file = source_ini_read(request->file, request->environment, config->origins,
		&config->warnings, loader->faults);
	source_environment_read(request->environment, config->origins, loader->faults);
	source_set_read(&request->set, config->origins, loader->faults);
	loader->anything_set = origins_any(config->origins);
}

/* Without any setting tminus is a plain init, which runs apps whose DATABASE_URL is of a kind that
 * it does not know (oracle://): that is a warning then. What it does know must be right. */
static void note_platform_fault(struct loader *loader, const char *message)
{
	const char *url = variable_value(loader->known.items, "DATABASE_URL");
	bool known = url != NULL && database_url_scheme(url, NULL);
	if (known || loader->anything_set || loader->request->waits)
		faults_add(loader->faults, "%s", message);
	else
		list_append(&loader->config->warnings, message);
}

/* DATABASE_URL from the file that DATABASE_URL_FILE names. */
static void read_url_file(struct loader *loader)
{
	struct error error;
	autofree char *url = NULL;
	if (secret_from_file(loader->known.items, "DATABASE_URL", &url, &error) != 0)
		note_platform_fault(loader, error.message);
	if (url != NULL)
		variable_set(&loader->known, "DATABASE_URL", url);
}

static struct expand_names names_of(const struct loader *loader, bool strict)
{
	return (struct expand_names){loader->known.items, &loader->later, strict};
}

/* Assigns one row of settings_plain, unless that was done already. */
static void assign_row(struct loader *loader, size_t index)
{
	size_t count;
	const struct setting *plain = settings_plain(&count);
	if (loader->assigned[index])
		return;
	loader->assigned[index] = true;
	const struct expand_names names = names_of(loader, true);
	assign_value(&plain[index], &loader->config->origins->plain[index], &names, loader->config,
		loader->faults);
}

static void assign_early(struct loader *loader, const char *section, const char *key)
{
	int index = settings_find(section, key);
	if (index >= 0)
		assign_row(loader, (size_t)index);
}

static struct environment environment_of(struct loader *loader)
{
	struct config *config = loader->config;
	return (struct environment){
		.process = loader->request->environment,
		.config = config,
		.origins = config->origins,
		.known = &loader->known,
		.later = &loader->later,
		.warnings = &config->warnings,
		.faults = loader->faults,
	};
}

/* For the app, too, which fails at a newline. */
static void trim_url(struct loader *loader)
{
	const char *url = variable_value(loader->known.items, "DATABASE_URL");
	if (url == NULL)
		return;
	autofree char *trimmed = url_trimmed(url);
	variable_set(&loader->known, "DATABASE_URL", trimmed);
}

static void read_known(struct loader *loader)
{
	char *const *process = loader->request->environment;
	const struct given_sections *keys = &loader->config->origins->named[NAMED_KEY];
	for (size_t i = 0; i < keys->count; i++)
		list_append(&loader->later, keys->items[i].name);
	for (char *const *entry = process; entry != NULL && *entry != NULL; entry++)
		list_append(&loader->known, *entry);
	read_url_file(loader);
	assign_early(loader, "app", "env_file");
	assign_early(loader, "env", "required");
	assign_early(loader, "env", "secrets");
	assign_early(loader, "env", "unset");
	const struct environment environment = environment_of(loader);
	environment_compose(&environment);
	if (variable_filled(process, "DATABASE_URL_FILE") == NULL)
		read_url_file(loader);
	trim_url(loader);
	assign_early(loader, "app", "workdir");
	assign_early(loader, "app", "path_prepend");
	environment_prepend_path(&environment);
}

/* TMINUS_ENVIRONMENT and --set; else the frameworks' own variables; else the INI file's
 * environment: an image that carries "development" in its file must not undo seeds where the
 * platform says production. For the same reason what [env] and env_file alone have comes last. */
static void find_environment_name(struct loader *loader)
{
	static const char *const variables[] = {
		"FLASK_ENV", "APP_ENV", "DJANGO_ENV", "RAILS_ENV", "NODE_ENV"};
	const size_t count = sizeof variables / sizeof *variables;
	struct config *config = loader->config;
	struct given *given = origins_plain(config->origins, "", "environment");
	assign_early(loader, "", "environment");
	bool open = config->environment_name == NULL || given->source <= SOURCE_INI;
	for (size_t i = 0; open && i < 2 * count; i++) {
		const char *name = variables[i % count];
		const char *value = variable_filled(loader->known.items, name);
		bool of_platform = variable_filled(loader->request->environment, name) != NULL;
		if (value == NULL || (i < count && !of_platform))
			continue;
		open = false;
		free(config->environment_name);
		config->environment_name = memory_copy(value);
		/* Above TMINUS_ENVIRONMENT="", which said nothing. */
		given_set(given, value, name, SOURCE_COMMAND_LINE);
	}
	if (config->environment_name == NULL)
		config->environment_name = memory_copy("production");
	config->production = strcasecmp(config->environment_name, "production") == 0 ||
			     strcasecmp(config->environment_name, "prod") == 0 ||
			     strcasecmp(config->environment_name, "live") == 0;
}

/* The app's user; its HOME, as gosu sets it, and what else names it are there for ${...}, too. */
static void find_user(struct loader *loader)
{
	struct config *config = loader->config;
	assign_early(loader, "app", "user");
	assign_early(loader, "app", "group");
	const char *origin = origins_plain(config->origins, "app", "group")->origin;
	const char *name = origins_plain(config->origins, "app", "user")->text;
	struct account *user = config->app_user;
	if (config->app_group >= 0 && (name == NULL || strchr(name, ':') != NULL))
		faults_add(
			loader->faults, "%s: app.group is for an app.user without a group", origin);
	if (user == NULL)
		return;
	if (config->app_group >= 0)
		account_set_group(user, (gid_t)config->app_group);
	/* A HOME of [env] or an env_file is meant for this user. */
	if (given_variable_find(&config->origins->variables, "HOME") == NULL)
		variable_set(&loader->known, "HOME", user->home);
	for (size_t i = 0; user->name != NULL && i < 2; i++)
		variable_set(&loader->known, i == 0 ? "USER" : "LOGNAME", user->name);
}

static void apply_preset(struct loader *loader)
{
	struct config *config = loader->config;
	assign_early(loader, "boot", "preset");
	struct preset_surroundings here = {
		.production = config->production,
		.seeds = true,
		.folder = config->app_workdir,
		.environment = loader->known.items,
	};
	if (config->preset == PRESET_AUTO) {
		struct preset_finding finding = preset_find(here.folder, here.environment);
		config->preset = (int)finding.preset;
		config->preset_reason = finding.reason;
		here.seeds = finding.seeds;
		if (finding.ambiguous)
			faults_add(loader->faults, "%s: %s",
				origins_plain(config->origins, "boot", "preset")->origin,
				finding.reason);
	}
	preset_apply((enum preset)config->preset, &here, config->origins);
}

static void normalize(struct loader *loader)
{
	assign_early(loader, "database", "normalize");
	const char *url = variable_value(loader->known.items, "DATABASE_URL");
	if (url == NULL || !loader->config->database_normalize)
		return;
	autofree char *normalized = database_url_normalized(url);
	variable_set(&loader->known, "DATABASE_URL", normalized);
}

static void fill_environment(struct loader *loader)
{
	for (size_t i = 0; i < loader->known.count; i++) {
		const char *entry = loader->known.items[i];
		if (!source_environment_owns(entry, strcspn(entry, "=")) &&
			!text_starts_with(entry, "NOTIFY_SOCKET="))
			list_append(&loader->config->environment, entry);
	}
}

static void assign_plain(struct loader *loader)
{
	size_t count;
	(void)settings_plain(&count);
	for (size_t i = 0; i < count; i++)
		assign_row(loader, i);
}

static void warn_of_word(struct loader *loader, const char *origin, char *word, const char *what)
{
	struct text warning = {0};
	if (word == NULL)
		return;
	text_add_format(&warning, "%s: \"%.40s\" %s", origin, word, what);
	list_append_owned(&loader->config->warnings, text_take(&warning));
	free(word);
}

static void warn_of_shell(struct loader *loader, const struct given *given)
{
	if (given->text != NULL)
		warn_of_word(loader, given->origin, words_shell_operator(given->text),
			"becomes an argument of the command: no shell runs it, unless it is sh -c "
			"'...'");
}

static void warn_of_pattern(struct loader *loader, const struct given *given)
{
	if (given->text != NULL)
		warn_of_word(loader, given->origin, words_pattern(given->text),
			"is the name of one file, and no pattern; command = sh -c 'rm -f ...' in "
			"the place of remove takes patterns");
}

static void check_named_commands(struct loader *loader, enum named_kind kind)
{
	const struct given_sections *sections = &loader->config->origins->named[kind];
	int command = settings_find_named(kind, "command");
	int remove = settings_find_named(kind, "remove");
	for (size_t i = 0; command >= 0 && i < sections->count; i++) {
		const struct given_section *section = &sections->items[i];
		const struct given *given = &section->keys[command];
		warn_of_shell(loader, given);
		if (remove >= 0)
			warn_of_pattern(loader, &section->keys[remove]);
		if (given->text == NULL && kind != NAMED_ROLE &&
			(kind != NAMED_STEP || section->keys[remove].text == NULL))
			faults_add(loader->faults, "%s: [%s %s] has no command", section->origin,
				settings_kind_name(kind), section->name);
	}
}

static void check_commands(struct loader *loader)
{
	size_t count;
	const struct setting *plain = settings_plain(&count);
	const struct origins *origins = loader->config->origins;
	for (size_t i = 0; i < count; i++)
		if (plain[i].type == TYPE_COMMAND)
			warn_of_shell(loader, &origins->plain[i]);
	for (enum named_kind kind = 0; kind < NAMED_KINDS; kind++)
		check_named_commands(loader, kind);
}

/* Steps a-b and a_b would have the same variables. */
static void check_names(struct loader *loader, enum named_kind kind)
{
	const struct given_sections *sections = &loader->config->origins->named[kind];
	const char *word = settings_kind_name(kind);
	size_t count;
	const struct setting *keys = settings_named(kind, &count);
	for (size_t i = 1; !settings_kind_is_path(kind) && i < sections->count; i++) {
		const struct given_section *section = &sections->items[i];
		autofree char *one = setting_variable(&keys[0], section->name);
		for (size_t j = 0; j < i; j++) {
			autofree char *other = setting_variable(&keys[0], sections->items[j].name);
			if (!text_equal(one, other))
				continue;
			faults_add(loader->faults,
				"%s: [%s %s] and [%s %s] have the same variables (%s); rename one",
				section->origin, word, section->name, word, sections->items[j].name,
				one);
		}
	}
}

/* Where struct config keeps the sections of a kind. */
static const struct {
	size_t sections; /* a pointer to the first of their structures */
	size_t count;
	size_t size;
	size_t name;
	size_t origin;
} places[NAMED_KINDS] = {
#define PLACE(kind)                                                                             \
	{                                                                                       \
		offsetof(struct config, kind##s), offsetof(struct config, kind##_count),        \
			sizeof(struct kind##_settings), offsetof(struct kind##_settings, name), \
			offsetof(struct kind##_settings, origin)                                \
	}
	[NAMED_STEP] = PLACE(step),
	[NAMED_SERVICE] = PLACE(service),
	[NAMED_JOB] = PLACE(job),
	[NAMED_DIR] = PLACE(dir),
	[NAMED_TEMPLATE] = PLACE(template),
	[NAMED_KEY] = PLACE(key),
	[NAMED_ROLE] = PLACE(role),
#undef PLACE
};

static char *section_at(const struct config *config, enum named_kind kind, size_t index)
{
	char *first;
	memcpy(&first, (const char *)config + places[kind].sections, sizeof first);
	return first + index * places[kind].size;
}

const void *config_named(const struct config *config, enum named_kind kind, size_t index)
{
	return section_at(config, kind, index);
}

static char **text_at(char *section, size_t offset)
{
	return (char **)(section + offset);
}

/* A path may come from the environment, as any other value. */
static char *name_of(struct loader *loader, enum named_kind kind,
	const struct given_section *section, const struct expand_names *names)
{
	char *name;
	struct error error = {0};
	if (!settings_kind_is_path(kind))
		return memory_copy(section->name);
	if (expand_text(section->name, names, &name, &error) != 0) {
		faults_add(loader->faults, "%s: [%s %s]: %s", section->origin,
			settings_kind_name(kind), section->name, error.message);
		return memory_copy(section->name);
	}
	const char *wrong = section_name_fault(kind, name);
	if (wrong != NULL)
		faults_add(loader->faults, "%s: the name of [%s %s] %s", section->origin,
			settings_kind_name(kind), section->name, wrong);
	return name;
}

/* Is the section for this container? In one that is not, nothing need be set. */
static bool is_in(
	const struct loader *loader, enum named_kind kind, const struct given_section *section)
{
	struct list roles = {0};
	struct error error;
	int condition = settings_find_named(kind, "if");
	int role = settings_find_named(kind, "roles");
	const char *text = role >= 0 ? section->keys[role].text : NULL;
	const struct words_options options = {.kind = WORDS_LIST};
	if (loader->config->unmatched)
		return false;
	if (condition >= 0 && !condition_holds(section->keys[condition].text, loader->known.items))
		return false;
	bool in = text == NULL || words_split(text, &options, &roles, &error) != 0 ||
		  config_has_role(loader->config, &roles);
	list_clear(&roles);
	return in;
}

static void assign_section(struct loader *loader, enum named_kind kind, size_t index)
{
	size_t count;
	const struct setting *keys = settings_named(kind, &count);
	const struct given_section *given = &loader->config->origins->named[kind].items[index];
	char *section = section_at(loader->config, kind, index);
	const struct expand_names names = names_of(loader, is_in(loader, kind, given));
	*text_at(section, places[kind].name) = name_of(loader, kind, given, &names);
	*text_at(section, places[kind].origin) = memory_copy(given->origin);
	for (size_t key = 0; key < count; key++)
		assign_value(&keys[key], &given->keys[key], &names, section, loader->faults);
}

static void assign_named(struct loader *loader, enum named_kind kind)
{
	char *config = (char *)loader->config;
	size_t count = loader->config->origins->named[kind].count;
	void *sections = memory_zeroed(count, places[kind].size);
	memcpy(config + places[kind].count, &count, sizeof count);
	memcpy(config + places[kind].sections, &sections, sizeof sections);
	for (size_t i = 0; i < count; i++)
		assign_section(loader, kind, i);
	check_names(loader, kind);
}

/* entry: NAME=value */
static void hand_over(struct loader *loader, const char *entry)
{
	autofree char *name = memory_copy_bytes(entry, strcspn(entry, "="));
	variable_set(&loader->known, name, entry + strlen(name) + 1);
}

static int parse_url(
	struct loader *loader, const char *text, const char *origin, struct database_url **url)
{
	struct error error;
	if (database_url_parse(text, origin, url, &error) == 0) {
		database_url_complete(*url, loader->known.items);
		return 0;
	}
	faults_add(loader->faults, "%s", error.message);
	return -1;
}

/* Another URL of the same database: its own kind is the only one that makes sense. */
static void find_other(
	struct loader *loader, const char *section, const char *text, struct database_url **url)
{
	const struct config *config = loader->config;
	const char *origin = origins_plain(config->origins, section, "url")->origin;
	if (text == NULL || parse_url(loader, text, origin, url) != 0)
		return;
	if (config->database == NULL)
		faults_add(loader->faults,
			"%s: %s.url goes with the app's own database, and there is none: set "
			"DATABASE_URL or database.url",
			origin, section);
	else if ((*url)->kind != config->database->kind)
		faults_add(loader->faults, "%s: %s.url is of another kind than the database (%s)",
			origin, section, config->database->origin);
}

/* Nothing of the database that is configured may be taken for the one that is named here: not its
 * name or its role, and not the databases of upgrade.url and lock.url. */
static void take_into(struct loader *loader)
{
	const char *url = loader->request->into;
	(void)parse_url(loader, url, "--into", &loader->config->database);
	variable_set(&loader->known, "DATABASE_URL", url);
}

static void find_configured(struct loader *loader)
{
	struct config *config = loader->config;
	struct faults faults = {0};
	struct list handed = {0};
	database_settings_find(config, loader->known.items, &config->database, &handed,
		&config->warnings, &faults);
	for (size_t i = 0; i < faults.messages.count; i++)
		note_platform_fault(loader, faults.messages.items[i]);
	for (size_t i = 0; i < handed.count; i++)
		hand_over(loader, handed.items[i]);
	faults_free(&faults);
	list_clear(&handed);
	find_other(loader, "upgrade", config->upgrade_url, &config->upgrade_database);
	find_other(loader, "lock", config->lock_url, &config->lock_database);
}

static void find_database(struct loader *loader)
{
	struct config *config = loader->config;
	if (loader->request->into != NULL)
		take_into(loader);
	else
		find_configured(loader);
	config->writable = config->upgrade_mode == UPGRADE_RUN && config->upgrade_command.count > 0;
	if (config->database != NULL)
		config->database_level = config_wait_level(config, config->database);
}

const struct database_url *config_work_database(const struct config *config)
{
	return config->upgrade_database != NULL ? config->upgrade_database : config->database;
}

bool config_coordinates(const struct config *config)
{
	const struct database_url *url = config_work_database(config);
	return url != NULL && config_wait_level(config, url) == WAIT_QUERY &&
	       !database_url_in_memory(url);
}

enum wait_level config_wait_level(const struct config *config, const struct database_url *url)
{
	if (config->wait_level != WAIT_AUTO)
		return (enum wait_level)config->wait_level;
	return url->kind == DATABASE_SQLITE || url->user != NULL ? WAIT_QUERY : WAIT_READY;
}

static void check_target(struct loader *loader, size_t index, const char *origin)
{
	struct config *config = loader->config;
	const char *text = config->wait_targets.items[index];
	struct error error;
	if (database_url_scheme(text, NULL)) {
		(void)parse_url(loader, text, origin, &config->targets[index]);
	} else if (target_check(text, &error) != 0) {
		faults_add(loader->faults, "%s: %s", origin, error.message);
	}
}

static void check_targets(struct loader *loader)
{
	struct config *config = loader->config;
	const char *origin = origins_plain(config->origins, "wait", "targets")->origin;
	config->targets = memory_zeroed(config->wait_targets.count, sizeof(struct database_url *));
	for (size_t i = 0; i < config->wait_targets.count; i++)
		check_target(loader, i, origin);
}

/* "TERM:QUIT", "HUP:0": -1 when it is none. */
static int take_rewrite(char *text, signal_map map)
{
	char *to = strchr(text, ':');
	if (to == NULL)
		return -1;
	*to = '\0';
	int from = signal_number(text);
	int becomes = text_equal(to + 1, "0") ? 0 : signal_number(to + 1);
	*to = ':';
	if (from < 0 || becomes < 0)
		return -1;
	map[from] = (unsigned char)becomes;
	return 0;
}

static void fill_rewrites(struct loader *loader)
{
	struct config *config = loader->config;
	signal_map_identity(config->rewrites);
	for (size_t i = 0; i < config->app_rewrite.count; i++)
		if (take_rewrite(config->app_rewrite.items[i], config->rewrites) != 0)
			faults_add(loader->faults,
				"%s: \"%s\" is not a rewriting (TERM:QUIT, HUP:0)",
				origins_plain(config->origins, "app", "rewrite")->origin,
				config->app_rewrite.items[i]);
}

/* Does a shell read this argv? It expands ${...} itself, and more of it than is done here. */
static bool is_shell(const char *program)
{
	static const char *const shells[] = {
		"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox", NULL};
	for (size_t i = 0; shells[i] != NULL; i++)
		if (text_equal(text_last_part(program), shells[i]))
			return true;
	return false;
}

static void add_argument(struct loader *loader, const char *argument)
{
	struct error error = {0};
	char *expanded;
	const struct expand_names names = names_of(loader, false);
	if (expand_text(argument, &names, &expanded, &error) == 0)
		list_append_owned(&loader->config->app, expanded);
	else
		faults_add(loader->faults, "command line: %s", error.message);
}

static void add_words(struct list *argv, const struct list *words)
{
	for (size_t i = 0; i < words->count; i++)
		list_append(argv, words->items[i]);
}

static bool is_given(char *const *argv)
{
	return argv != NULL && argv[0] != NULL;
}

/* A command that is no app has no role, and the command line's goes before app.command. */
static void find_role(struct loader *loader)
{
	struct config *config = loader->config;
	char *const *argv = loader->request->app_argv;
	if (loader->request->beside)
		argv = NULL;
	else if (!is_given(argv))
		argv = config->app_command.items;
	role_find(config, argv, loader->faults);
}

static void fill_app(struct loader *loader)
{
	struct config *config = loader->config;
	char *const *argv = loader->request->app_argv;
	bool beside = loader->request->beside;
	bool of_role = !beside && config->role != NULL && config->role->command.count > 0;
	bool given = is_given(argv) && !of_role;
	if (!beside && !config->unmatched && (of_role || given || config->app_command.count > 0))
		add_words(&config->app, &config->app_prefix);
	if (!given) {
		add_words(&config->app, of_role ? &config->role->command : &config->app_command);
		return;
	}
	config->origins->app = words_join(argv);
	bool shell = is_shell(argv[0]);
	for (; *argv != NULL; argv++) {
		if (shell)
			list_append(&config->app, *argv);
		else
			add_argument(loader, *argv);
	}
}

static void fill(struct loader *loader)
{
	struct config *config = loader->config;
	read_sources(loader);
	read_known(loader);
	find_environment_name(loader);
	find_user(loader);
	apply_preset(loader);
	normalize(loader);
	assign_plain(loader);
	assign_named(loader, NAMED_ROLE);
	find_role(loader);
	for (enum named_kind kind = 0; kind < NAMED_KINDS; kind++)
		if (kind != NAMED_ROLE)
			assign_named(loader, kind);
	role_check(config, loader->faults);
	check_commands(loader);
	find_database(loader);
	const struct environment environment = environment_of(loader);
	environment_require(&environment);
	fill_environment(loader);
	check_targets(loader);
	checks_run(config, loader->faults);
	file_settings_check(config, loader->faults);
	fill_rewrites(loader);
	fill_app(loader);
	config->order = order_steps(
		config->steps, config->step_count, &config->order_count, loader->faults);
}

int config_load(const struct config_request *request, struct config **result, struct faults *faults)
{
	size_t count;
	(void)settings_plain(&count);
	struct loader loader = {
		.request = request,
		.config = memory_zeroed(1, sizeof(struct config)),
		.faults = faults,
		.assigned = memory_zeroed(count, sizeof(bool)),
	};
	loader.config->origins = origins_new();
	fill(&loader);
	free(loader.assigned);
	list_clear(&loader.known);
	list_clear(&loader.later);
	if (faults->messages.count > 0) {
		faults->log_format = loader.config->log_format;
		faults->log_color = loader.config->log_color;
		config_free(loader.config);
		return -1;
	}
	*result = loader.config;
	return 0;
}

static void free_named(const struct config *config, enum named_kind kind)
{
	size_t count;
	const struct setting *keys = settings_named(kind, &count);
	size_t sections;
	memcpy(&sections, (const char *)config + places[kind].count, sizeof sections);
	for (size_t i = 0; i < sections; i++) {
		char *section = section_at(config, kind, i);
		for (size_t key = 0; key < count; key++)
			assign_clear(&keys[key], section);
		free(*text_at(section, places[kind].name));
		free(*text_at(section, places[kind].origin));
	}
	free(section_at(config, kind, 0));
}

void config_forget_origins(struct config *config)
{
	origins_free(config->origins);
	config->origins = NULL;
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; config->targets != NULL && i < config->wait_targets.count; i++)
		database_url_free(config->targets[i]);
	free(config->targets);
	size_t count;
	const struct setting *plain = settings_plain(&count);
	for (size_t i = 0; i < count; i++)
		assign_clear(&plain[i], config);
	for (enum named_kind kind = 0; kind < NAMED_KINDS; kind++)
		free_named(config, kind);
	free(config->file);
	database_url_free(config->database);
	database_url_free(config->upgrade_database);
	database_url_free(config->lock_database);
	list_clear(&config->app);
	list_clear(&config->environment);
	free(config->order);
	free(config->preset_reason);
	list_clear(&config->warnings);
	config_forget_origins(config);
	free(config);
}

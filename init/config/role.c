#include "config/role.h"

#include <string.h>

#include "base/memory.h"
#include "base/pattern.h"
#include "config/given.h"
#include "config/settings.h"
#include "config/suggest.h"

/* Program names are compared without their folder, unless the pattern has one. */
static bool word_matches(const char *pattern, const char *word, bool program)
{
	bool alone = program && strchr(pattern, '/') == NULL;
	return pattern_matches(pattern, alone ? text_last_part(word) : word);
}

static bool all_match(char *const *patterns, size_t count, char *const *argv)
{
	for (size_t i = 0; i < count; i++) {
		if (i + 1 == count && text_equal(patterns[i], "*"))
			return true;
		if (argv[i] == NULL || !word_matches(patterns[i], argv[i], i == 0))
			return false;
	}
	return count > 0 && argv[count] == NULL;
}

bool role_matches(const struct list *patterns, char *const *argv)
{
	size_t first = 0;
	for (size_t i = 0; i <= patterns->count; i++) {
		if (i < patterns->count && !text_equal(patterns->items[i], "|"))
			continue;
		if (all_match(patterns->items + first, i - first, argv))
			return true;
		first = i + 1;
	}
	return false;
}

static const struct role_settings *find_named(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->role_count; i++)
		if (text_equal(config->roles[i].name, name))
			return &config->roles[i];
	return NULL;
}

static void refuse_unknown(
	const struct config *config, const char *origin, const char *name, struct faults *faults)
{
	char room[SUGGEST_TEXT_SIZE];
	struct suggestion suggestion = suggest_for(name);
	for (size_t i = 0; i < config->role_count; i++)
		suggest_offer(&suggestion, config->roles[i].name);
	faults_add(faults, "%s: there is no [role %.40s]%s", origin, name,
		suggest_text(&suggestion, room));
}

static void find_matching(struct config *config, char *const *argv, struct faults *faults)
{
	bool any = false;
	for (size_t i = 0; i < config->role_count; i++) {
		const struct role_settings *role = &config->roles[i];
		any = any || role->match.count > 0;
		if (!role_matches(&role->match, argv))
			continue;
		if (config->role != NULL)
			faults_add(faults,
				"%s: [role %s] and [role %s] (%s) match the same command; name one "
				"with role =",
				role->origin, role->name, config->role->name, config->role->origin);
		config->role = role;
	}
	config->unmatched = any && config->role == NULL;
}

/* --- roles = --------------------------------------------------------------------------------- */

static void check_roles(const struct config *config, const struct setting *setting,
	const struct given *given, const void *structure, struct faults *faults)
{
	struct list roles;
	if (!text_equal(setting->key, "roles"))
		return;
	memcpy(&roles, (const char *)structure + setting->offset, sizeof roles);
	for (size_t i = 0; i < roles.count; i++)
		if (find_named(config, roles.items[i]) == NULL)
			refuse_unknown(config, given->origin, roles.items[i], faults);
}

static void check_all_roles(const struct config *config, struct faults *faults)
{
	size_t count;
	const struct origins *origins = config->origins;
	const struct setting *plain = settings_plain(&count);
	for (size_t i = 0; i < count; i++)
		check_roles(config, &plain[i], &origins->plain[i], config, faults);
	for (enum named_kind kind = 0; kind < NAMED_KINDS; kind++) {
		const struct setting *keys = settings_named(kind, &count);
		const struct given_sections *sections = &origins->named[kind];
		for (size_t i = 0; i < sections->count; i++)
			for (size_t key = 0; key < count; key++)
				check_roles(config, &keys[key], &sections->items[i].keys[key],
					config_named(config, kind, i), faults);
	}
}

/* Who waits for another's upgrade has no part in what goes with it. */
static void check_upgraders(const struct config *config, const char *section,
	const struct list *roles, struct faults *faults)
{
	for (size_t i = 0; i < roles->count; i++)
		if (!list_has(&config->upgrade_roles, roles->items[i]))
			faults_add(faults, "%s: %s.roles: %s is not in upgrade.roles",
				origins_plain(config->origins, section, "roles")->origin, section,
				roles->items[i]);
}

/* What a setting is for a container that its section's roles do not name. */
static void override(struct config *config, const char *section, const char *key, const char *value,
	int *field, int number)
{
	const char *origin = origins_plain(config->origins, section, "roles")->origin;
	*field = number;
	given_set(origins_plain(config->origins, section, key), value, origin, SOURCE_COMMAND_LINE);
}

static void leave_out(struct config *config)
{
	if (config->upgrade_mode == UPGRADE_RUN && !config_has_role(config, &config->upgrade_roles))
		override(config, "upgrade", "mode", "wait", &config->upgrade_mode, UPGRADE_WAIT);
	if (!config_has_role(config, &config->seed_roles))
		override(config, "seed", "when", "never", &config->seed_when, SEED_NEVER);
	if (!config_has_role(config, &config->backup_roles))
		override(config, "backup", "when", "never", &config->backup_when, BACKUP_NEVER);
}

bool config_has_role(const struct config *config, const struct list *roles)
{
	return roles->count == 0 || (config->role != NULL && list_has(roles, config->role->name));
}

void role_find(struct config *config, char *const *argv, struct faults *faults)
{
	const char *name = config->role_name;
	if (name != NULL)
		config->role = find_named(config, name);
	if (name != NULL && config->role == NULL)
		refuse_unknown(
			config, origins_plain(config->origins, "", "role")->origin, name, faults);
	if (name == NULL && argv != NULL && argv[0] != NULL)
		find_matching(config, argv, faults);
	leave_out(config);
}

void role_check(const struct config *config, struct faults *faults)
{
	check_all_roles(config, faults);
	if (config->upgrade_roles.count > 0) {
		check_upgraders(config, "seed", &config->seed_roles, faults);
		check_upgraders(config, "backup", &config->backup_roles, faults);
	}
}

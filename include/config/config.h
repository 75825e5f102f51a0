/*
 * The configuration: every effective setting and where it came from. Immutable once loaded.
 *
 * config_load is the only way to make one. It reads the INI file, the environment, *_FILE secrets
 * and --set, applies the preset, expands ${...}, and reports every fault it finds at once.
 */
#ifndef TMINUS_CONFIG_CONFIG_H
#define TMINUS_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/signal_name.h"
#include "base/text.h"
#include "config/account.h"
#include "config/exits.h"
#include "config/faults.h"
#include "config/limits.h"
#include "config/order.h"
#include "config/schedule.h"
#include "config/settings.h"
#include "config/url.h"

/* What the types of settings.def are in C. */
typedef char *setting_STRING;	  /* NULL when not set */
typedef char *setting_SECRET;	  /* like STRING; never printed */
typedef char *setting_URL;	  /* like STRING; the password in it is never printed */
typedef char *setting_CONDITION;  /* the text of an if =, checked; see condition.h */
typedef int64_t setting_DURATION; /* milliseconds */
typedef int64_t setting_SIZE;	  /* bytes */
typedef int64_t setting_INTEGER;  /* -1 when not set */
typedef bool setting_BOOLEAN;
typedef int setting_SIGNAL;	      /* number */
typedef struct account *setting_USER; /* NULL when not set */
typedef int64_t setting_GROUP;	      /* gid; -1 when not set */
typedef int64_t setting_MASK;	      /* of umask(2); -1 when not set */
typedef int64_t setting_MODE;	      /* of chmod(2); -1 when not set */
typedef struct limits setting_LIMITS;
typedef struct exits setting_EXITS;
typedef struct schedule setting_SCHEDULE; /* minutes is 0 when not set */
typedef struct list setting_LIST;	  /* words; count 0 when not set */
typedef struct list setting_COMMAND;	  /* argv; count 0 when not set */

/* environment_name is never NULL in a loaded config, and preset never PRESET_AUTO: it is what auto
 * chose. A step with an empty command (TMINUS_STEP_X_COMMAND="") is switched off: it is among the
 * steps, with command.count 0, but not in order. */

/* The choices by name, in the order of settings.def. */
enum preset {
	PRESET_NONE,
	PRESET_AUTO,
	PRESET_FLASK,
	PRESET_ALEMBIC,
	PRESET_DJANGO,
	PRESET_RAILS,
	PRESET_PRISMA,
	PRESET_LARAVEL,
	PRESET_SYMFONY,
	PRESET_GOLANG_MIGRATE,
	PRESET_SQLX,
	PRESET_ECTO,
	PRESET_KNEX,
	PRESET_SEQUELIZE,
	PRESET_DBMATE,
	PRESET_GOOSE,
};
enum wait_level { WAIT_AUTO, WAIT_TCP, WAIT_READY, WAIT_QUERY };
enum upgrade_mode { UPGRADE_RUN, UPGRADE_WAIT, UPGRADE_OFF };
enum upgrade_on_failure { UPGRADE_STOPS, UPGRADE_ROLLS_BACK, UPGRADE_RESTORES };
enum backup_when { BACKUP_PENDING, BACKUP_ALWAYS, BACKUP_NEVER };
enum upgrade_stop { UPGRADE_STOP_AUTO, UPGRADE_STOP_FORWARD, UPGRADE_STOP_FINISH };
enum upgrade_trust { TRUST_VERIFY, TRUST_NATIVE, TRUST_TOOL };
enum upgrade_ahead { AHEAD_WARNS, AHEAD_REFUSES };
enum unversioned { UNVERSIONED_RUNS, UNVERSIONED_REFUSES, UNVERSIONED_STAMPS };
enum seed_when { SEED_AUTO, SEED_ALWAYS, SEED_ONCE, SEED_CHANGED, SEED_NEVER };
enum step_when { STEP_ALWAYS, STEP_ONCE, STEP_CHANGED };
enum on_failure { FAILURE_STOPS, FAILURE_CONTINUES };
enum log_prefix { PREFIX_NONE, PREFIX_OTHERS, PREFIX_ALL };
enum app_mode { APP_SUPERVISE, APP_EXEC };
enum signal_to { SIGNAL_TO_PROCESS, SIGNAL_TO_GROUP };
enum restart { RESTART_NEVER, RESTART_ON_FAILURE, RESTART_ALWAYS };
enum service_after { AFTER_APP, AFTER_BOOT };
enum job_single { SINGLE_AUTO, SINGLE_YES, SINGLE_NO };
enum key_encoding { KEY_HEX, KEY_BASE64, KEY_BASE64URL };

/* One [step NAME], in the file's order. */
struct step_settings {
	char *name;
	char *origin; /* "tminus.ini:20": where the section stands */
#define STEP_SETTING(key, type, field, fallback, help) setting_##type field;
#define STEP_CHOICE(key, field, choices, fallback, help) int field;
#include "config/settings.def"
};

struct service_settings {
	char *name;
	char *origin; /* "tminus.ini:20": where the section stands */
#define SERVICE_SETTING(key, type, field, fallback, help) setting_##type field;
#define SERVICE_CHOICE(key, field, choices, fallback, help) int field;
#include "config/settings.def"
};

struct job_settings {
	char *name;
	char *origin; /* "tminus.ini:20": where the section stands */
#define JOB_SETTING(key, type, field, fallback, help) setting_##type field;
#define JOB_CHOICE(key, field, choices, fallback, help) int field;
#include "config/settings.def"
};

/* The name of a dir and a template is its path, expanded. */
struct dir_settings {
	char *name;
	char *origin;
#define DIR_SETTING(key, type, field, fallback, help) setting_##type field;
#include "config/settings.def"
};

struct template_settings {
	char *name;
	char *origin;
#define TEMPLATE_SETTING(key, type, field, fallback, help) setting_##type field;
#include "config/settings.def"
};

struct key_settings {
	char *name;
	char *origin;
#define KEY_SETTING(key, type, field, fallback, help) setting_##type field;
#define KEY_CHOICE(key, field, choices, fallback, help) int field;
#include "config/settings.def"
};

/* What a container of the image is for. */
struct role_settings {
	char *name;
	char *origin; /* "tminus.ini:20": where the section stands */
#define ROLE_SETTING(key, type, field, fallback, help) setting_##type field;
#include "config/settings.def"
};

struct config {
#define SETTING(section, key, type, field, fallback, help) setting_##type field;
#define CHOICE_SETTING(section, key, field, choices, fallback, help) int field;
#include "config/settings.def"

	struct step_settings *steps;
	size_t step_count;
	struct service_settings *services;
	size_t service_count;
	struct job_settings *jobs;
	size_t job_count;
	struct dir_settings *dirs;
	size_t dir_count;
	struct template_settings *templates;
	size_t template_count;
	struct key_settings *keys;
	size_t key_count;
	struct role_settings *roles;
	size_t role_count;

	/* Derived; all owned by the config. */
	char *file;		       /* the INI file that was read, NULL when there was none */
	bool production;	       /* environment_name is production (or prod, or live) */
	struct database_url *database; /* NULL when none is configured */
	struct database_url *upgrade_database; /* upgrade.url, NULL when not set */
	struct database_url *lock_database;    /* lock.url, NULL when not set */
	struct database_url **targets;	  /* by index of wait_targets: a database URL, else NULL */
	enum wait_level database_level;	  /* wait_level with auto resolved for the database */
	enum unversioned unversioned;	  /* from upgrade_unversioned */
	const char *stamp;		  /* the revision in it, NULL for none */
	bool writable;			  /* the database must be writable: an upgrade follows */
	const struct role_settings *role; /* this container's; NULL: it has none */
	bool unmatched;			  /* no role is named, and none matches: no boot */
	signal_map rewrites;		  /* from app.rewrite; 0: the app does not get it */
	struct list app;	 /* argv of the app: of its role, the command line, app.command */
	struct list environment; /* of steps and app: NAME=value, no TMINUS_* */
	struct ordered_step *order; /* the boot, step by step; see order.h */
	size_t order_count;
	char *preset_reason;	 /* what preset = auto chose and why; NULL otherwise */
	struct list warnings;	 /* to be logged once the log is configured */
	struct origins *origins; /* by setting: where its value came from; see show.h */
};

/* What the command line said. Borrowed: argv and the strings live as long as the process. */
struct config_request {
	const char *file;	  /* --config, or NULL */
	struct list set;	  /* each --set KEY=VALUE */
	char *const *app_argv;	  /* NULL-terminated; NULL or empty when none was given */
	char *const *environment; /* as environ(7) */
	bool waits;		  /* waiting is the very purpose: boot and wait */
	bool beside;		  /* app_argv is a command beside the app, which has no role */
	const char *into;	  /* --into, or NULL: the database, whatever the settings say */
};

/* Loads the configuration into *result, freed with config_free. -1 when there are faults: all of
 * them are in faults (never an incomplete list because of the first), and nothing was started. */
int config_load(
	const struct config_request *request, struct config **result, struct faults *faults);
void config_free(struct config *config);

/* Frees what only show.h needs, before PID 1 goes to sleep for a long time. */
void config_forget_origins(struct config *config);

/* Is there a database with a login, in which replicas can agree? */
bool config_coordinates(const struct config *config);

/* The database as the role that works on it: upgrade.url, else the database; NULL for none. */
const struct database_url *config_work_database(const struct config *config);

/* The settings of a named section of that kind: steps[index], services[index] and so on. */
const void *config_named(const struct config *config, enum named_kind kind, size_t index);

/* Is what has these roles = for this container? Without any it is for all. */
bool config_has_role(const struct config *config, const struct list *roles);

/* wait.level for url, with auto resolved: query where there is a login, else ready. */
enum wait_level config_wait_level(const struct config *config, const struct database_url *url);

#endif

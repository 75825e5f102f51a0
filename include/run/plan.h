/*
 * The plan: the configuration turned into an array of steps and a table of processes.
 *
 * Made once, before anything starts; run.c walks it. It lives as long as the process and borrows
 * the config's strings, so the config must outlive it.
 */
#ifndef TMINUS_RUN_PLAN_H
#define TMINUS_RUN_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "config/config.h"
#include "process/table.h"
#include "run/jobs.h"
#include "run/prefix.h"
#include "run/services.h"
#include "steps/backup.h"
#include "steps/files.h"
#include "steps/wait.h"
#include "steps/work.h"

#define BOOT_ID_SIZE 17

/* How much of boot and app a plan holds. */
enum plan_scope {
	PLAN_RUN,     /* boot, then the app */
	PLAN_BOOT,    /* boot alone */
	PLAN_WAIT,    /* the wait step alone */
	PLAN_BACKUP,  /* a backup, under the lock */
	PLAN_RESTORE, /* a restore, under the lock */
	PLAN_GUARD,   /* the app's command as a work, under the lock */
};

/* What is in a plan, or was left out, and why: for `tminus explain`, in the order of the plan. */
struct plan_note {
	bool runs;
	char *name; /* "upgrade", "step search" */
	char *what; /* the command as it was written, or the target; NULL for none */
	char *why;
};

struct plan_notes {
	struct plan_note *items;
	size_t count;
};

struct plan_request {
	enum plan_scope scope;
	int terminal;		   /* as terminal_find */
	bool backup;		   /* PLAN_GUARD: make one before the command */
	struct backup_job restore; /* PLAN_RESTORE: its restore part */
	const char *job; /* PLAN_GUARD, PLAN_BACKUP: the run NAME@TIME that it is; or NULL */
	const struct config_request *call; /* how tminus was called: jobs call it so, too */
	struct plan_notes *notes;	   /* to be filled, NULL where nobody asks why */
};

enum plan_kind {
	PLAN_STEP_WAIT,
	PLAN_STEP_COORDINATE, /* the keeper says what of the works is due */
	PLAN_STEP_COMMAND,
	PLAN_STEP_CHILD,   /* a function of our own in a child: a backup, a restore */
	PLAN_STEP_KEEPER,  /* a work that the keeper does by itself */
	PLAN_STEP_SERVICE, /* of after = boot: done as soon as it runs */
	PLAN_STEP_RELEASE, /* the lock is not needed any more */
};

#define NO_WORK (-1)

#define REVISION_VARIABLE "TMINUS_REVISION="
#define REVISION_VARIABLE_SIZE 1024

struct plan_step {
	enum plan_kind kind;
	const char *name;      /* "wait", "upgrade", "seed undo", "step collectstatic" */
	const char *written;   /* the command as it stands in the settings, for messages */
	struct process *first; /* its rows: one command, or every wait target */
	size_t count;
	struct wait_state *waits; /* of PLAN_STEP_WAIT: by row */
	int failure_status;
	bool own_status; /* a failure ends with the command's own status */
	bool continues;	 /* a failure is said, and boot goes on */
	int work;	 /* the work that it is part of, or NO_WORK: every replica runs it */
	bool begins;	 /* it is the work's first command; ends: its last */
	bool ends;
};

/* What PID 1 knows of one wait target. */
struct wait_state {
	char *label; /* "postgres://app@db:5432/shop (DATABASE_URL)" */
	bool ready;
	int status;	   /* what giving up now would mean */
	char reason[1004]; /* why it is not ready; "" before the first word */
};

struct plan {
	struct plan_step *steps;
	size_t step_count;
	struct process_table table;
	struct process *app;	  /* NULL when the scope has no app */
	struct services services; /* the app and what lives beside it; none without an app */
	struct job *timed;	  /* those of them that are timed jobs */
	size_t timed_count;
	struct process *keeper; /* the first row, NULL when there is no database */
	struct keeper_job *keeper_job;
	struct work *works; /* what is done under the lock; at most WORK_MOST */
	size_t work_count;
	struct plan_step back; /* the way back after a failed upgrade; first is NULL where there is
				  none */
	struct identity *identities; /* the app's, then those of steps with a user of their own */
	size_t step_identities;
	const struct identity *identity; /* the app's; NULL: every command stays who we are */
	char **environment;		 /* of the app and the steps */
	char *boot_variables[2]; /* what is in it, and what the commands of works have besides */
	char *work_variables[2];
	char *upgrade_variables[4];
	char *notify_variables[2];  /* of the app alone */
	const char *notify_address; /* of the app's socket, NULL without app.notify */
	char notify_variable[128];  /* "NOTIFY_SOCKET=..." */
	char boot_id[BOOT_ID_SIZE];
	char boot_variable[32];				/* "TMINUS_BOOT_ID=BOOTID" */
	char application_variable[48];			/* "PGAPPNAME=tminus-BOOTID" */
	char revision_variable[REVISION_VARIABLE_SIZE]; /* "TMINUS_REVISION=" and, once it is known,
							   the one to go back to */
	struct wait_job *jobs;				/* by wait row */
	struct backup_job *backups;			/* by row of PLAN_STEP_CHILD */
	size_t backup_count;
	struct wait_state *waits; /* by wait row */
	size_t wait_count;
	const struct files_job *files; /* NULL where there is none to do */
	struct files_key *keys;	       /* what [key NAME] gives, in every environment */
	size_t key_count;
	struct list stamp;     /* argv of upgrade.unversioned = stamp:REVISION */
	struct prefix prefix;  /* of the lines of its commands */
	struct list downgrade; /* argv of the rollback, where it is made here */
	struct list texts;     /* names and commands of steps, made here */
};

/* Makes the plan for config; kept until the process ends. Where scope has an app, config->app must
 * not be empty. terminal is as of terminal_find. */
struct plan *plan_new(const struct config *config, const struct plan_request *request);

/* Something else that does not run, and why; name and why are copied. */
void plan_notes_add(struct plan_notes *notes, const char *name, const char *why);
void plan_notes_free(struct plan_notes *notes);

/* Tries every user, group and capability that a row of plan is to have, and adds to *lacks what
 * root lacks for them (enum identity_lacks). -1 and error where one cannot be had.
 * identity_rehearse */
int plan_rehearse(const struct plan *plan, unsigned *lacks, struct error *error);

/* Adds to warnings each command whose program is not there. It is no fault: what runs before it may
 * bring it. */
void plan_look_for_programs(const struct plan *plan, struct list *warnings);

/* Takes one out of *lacks: what follows from it; NULL when there is none left. */
const char *plan_next_lack(unsigned *lacks);

/* Is a backup wanted before an upgrade, and no database known that it could be made of? */
bool plan_misses_backup(const struct config *config);
#define PLAN_MISSES_BACKUP                                                                  \
	"backup.directory is set, but there is no database with a login (DATABASE_URL, or " \
	"database.url) to back up before the upgrade; name it, or set backup.when = never"

#endif

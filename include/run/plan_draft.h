/*
 * A plan while it is being made: its parts, one file each, for plan.c.
 *
 * Everything that is made here is the plan's and lives as long; strings are borrowed from the
 * config unless something else is said. Nothing fails: memory comes or the process ends with 70.
 */
#ifndef TMINUS_RUN_PLAN_DRAFT_H
#define TMINUS_RUN_PLAN_DRAFT_H

#include "config/settings.h"
#include "run/plan.h"

struct draft {
	const struct config *config;
	struct plan *plan;
	const struct plan_request *request;
};

/* --- plan_draft.c: rows, steps, works and commands, which all parts are made of -------------- */

/* A new row of the table of processes, behind the last. */
struct process *draft_row(struct plan *plan, const struct process_kind *kind);

/* A new step, behind the last; its rows begin at the next one that is made. */
struct plan_step *draft_step(struct plan *plan, enum plan_kind kind, const char *name);

/* A function of ours in a child, as a step; entry and context as of spawn_child. */
struct plan_step *draft_child(struct draft *draft, const char *name, spawn_function *entry,
	void *context, int failure_status);

/* A row that waits for what label (kept) names; entry and context as of spawn_child. */
void draft_wait_row(struct draft *draft, spawn_function *entry, void *context, char *label);

/* The digest of a command as it is written, and of files. */
void draft_digest(struct work *work, const struct list *argv, const struct list *files);

/* The index of a new work, or NO_WORK where there is no database to coordinate in. */
int draft_work(struct draft *draft, const char *kind, const char *name, enum work_when when);

/* variables with changes, NAME=value each, in the place of older ones. The strings are borrowed. */
char **draft_environment(char *const *variables, char *const *changes);

/* Gives the command of a step these variables, NAME=value each, in the place of older ones. */
void draft_variables(struct plan_step *step, char *const *variables);

/* Makes the steps from first on, which there may be none of, the commands of work. */
void draft_join(struct draft *draft, size_t first, int work);

/* One command as a step: what differs is given, the rest is the same for all. written is kept. */
void draft_command(struct draft *draft, const char *name, char *written, const struct list *argv,
	int64_t time_limit, int failure_status);

/* Does an if =, which was given at origin, not hold? Then that is said of title. */
bool draft_omits(
	const struct draft *draft, const char *title, const char *origin, const char *condition);

/* The same for a named section; or is it for other roles? */
bool draft_leaves_out(struct draft *draft, enum named_kind kind, const char *name,
	const char *origin, const struct list *roles, const char *condition);

/* "step assets": what a section is called in messages; kept. */
const char *draft_name(const struct draft *draft, enum named_kind kind, const char *name);

/* The command of a section, with argv, which may be another than its own. Nobody's terminal. */
struct plan_step *draft_named(struct draft *draft, enum named_kind kind, size_t index,
	const char *name, const struct list *argv);

/* Where and as whom the command of a named section runs; NULL: as every other. */
void draft_place(struct draft *draft, struct plan_step *step, const char *workdir,
	const struct account *user);

/* --- plan_identity.c: who runs a command, and what it finds in its environment --------------- */

/* Sessions of our commands carry a name, so that the next leader sees them: PGAPPNAME, PostgreSQL
 * manual 34.15. */
void draft_name_boot(struct draft *draft);

/* The app's, and that of every step which says nothing else. */
void draft_identity(struct plan *plan, const struct config *config);

/* A step's own user: root is all that tminus itself is, anybody else keeps nothing. */
void draft_user(struct plan *plan, struct plan_step *step, const struct account *user);

/* Whoever becomes the app gives it the manager's own socket. */
char **draft_app_environment(struct draft *draft);

/* --- plan_wait.c: the wait step -------------------------------------------------------------- */

/* The database, as the role that works on it and as the app, and every target. */
void draft_wait(struct draft *draft);

/* The app waits until the service can be used, as boot waits for targets. */
void draft_ready(struct draft *draft, const char *target);

/* --- plan_upgrade.c: backup, upgrade, the way back, restore, guard --------------------------- */

/* A backup as a work of its own; reason goes into its manifest. */
void draft_backup(struct draft *draft, enum work_when when, const char *reason);

/* What the request says is put back. */
void draft_restore(struct draft *draft);

/* The command line's command, or a job's, as a work; where asked behind a backup. */
void draft_guarded(struct draft *draft);

/* The upgrade with its backup, its verify and its way back; with mode = wait, only its state. */
void draft_upgrade(struct draft *draft);

/* --- plan_files.c: folders, keys and templates, and files that a step removes ---------------- */

/* What of them is to be done, before anything else; of a guarded command the keys alone. Makes room
 * for the keys in the environment of all that comes behind. */
void draft_files(struct draft *draft);

/* The files of a step that removes, in the place of its command. */
struct plan_step *draft_remove(struct draft *draft, const struct step_settings *settings);

/* --- plan_services.c: what lives on behind boot: services and timed jobs --------------------- */

/* Looked after behind boot: the app, a service, a job. */
struct supervised *draft_supervise(struct plan *plan, struct process *process);

/* Started again as policy (enum restart) says. */
void draft_restart(struct supervised *one, int policy, const struct config *config);

/* The service of that index in the config, unless its if = does not hold. */
void draft_service(struct draft *draft, size_t index);

/* argv is its own, or that of tminus, which then runs it. */
struct plan_step *draft_job_command(struct draft *draft, size_t index, const struct list *argv);

/* The job of that index in the config, unless its if = does not hold. */
void draft_job(struct draft *draft, size_t index);

/* --- plan_notes.c: why, for explain; nothing is done where nobody asks -------------------------
 */

/* Something runs, or is left out. what and name are copied. */
void draft_note(const struct draft *draft, bool runs, const char *name, const char *what,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* When a work, or NO_WORK, runs. */
const char *draft_when(const struct draft *draft, int work);

/* The command of [section] key runs, as when says. */
void draft_note_setting(const struct draft *draft, const char *name, const char *section,
	const char *key, const char *when);

/* A named section runs, as when says, for its condition (NULL for none) holds; key names what it
 * runs. */
void draft_note_named(const struct draft *draft, enum named_kind kind, size_t index,
	const char *key, const char *condition, const char *when);

/* A named section is left out, for this reason; for its condition. */
void draft_note_no(const struct draft *draft, enum named_kind kind, const char *name,
	const char *origin, const char *reason);
/* A condition, which was given at origin, does not hold. */
void draft_note_left_out(
	const struct draft *draft, const char *title, const char *origin, const char *condition);

/* Those sections of a kind whose command was made empty. */
void draft_note_switched_off(const struct draft *draft, enum named_kind kind);

#endif

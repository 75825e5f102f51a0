#include "database/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "database/catalog.h"

/* The view's columns behind n, and the fields they fill. */
static const struct {
	const char *name;
	size_t offset;
} columns[] = {
	{"kind", offsetof(struct ledger_entry, kind)},
	{"name", offsetof(struct ledger_entry, name)},
	{"state", offsetof(struct ledger_entry, state)},
	{"digest", offsetof(struct ledger_entry, digest)},
	{"revision_from", offsetof(struct ledger_entry, from)},
	{"revision_to", offsetof(struct ledger_entry, to)},
	{"boot", offsetof(struct ledger_entry, boot)},
	{"host", offsetof(struct ledger_entry, host)},
	{"at", offsetof(struct ledger_entry, at)},
};
#define COLUMNS (sizeof columns / sizeof columns[0])

static char **field(struct ledger_entry *entry, size_t column)
{
	return (char **)((char *)entry + columns[column].offset); // NOLINT
}

static const char *value_of(const struct ledger_entry *entry, size_t column)
{
	const char *const *place =
		(const char *const *)((const char *)entry + columns[column].offset); // NOLINT
	return *place != NULL ? *place : "";
}

static void free_entry(struct ledger_entry *entry)
{
	for (size_t column = 0; column < COLUMNS; column++)
		free(*field(entry, column));
}

static struct ledger_entry *append(struct ledger *ledger)
{
	ledger->entries =
		memory_resized(ledger->entries, ledger->count + 1, sizeof *ledger->entries);
	struct ledger_entry *entry = &ledger->entries[ledger->count++];
	*entry = (struct ledger_entry){0};
	return entry;
}

void ledger_clear(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++)
		free_entry(&ledger->entries[i]);
	free(ledger->entries);
	*ledger = (struct ledger){0};
}

/* --- reading --------------------------------------------------------------------------------- */

static void take_rows(struct ledger *ledger, const struct rows *rows)
{
	for (size_t row = 0; row < rows_count(rows); row++) {
		struct ledger_entry *entry = append(ledger);
		for (size_t column = 0; column < COLUMNS; column++)
			*field(entry, column) = memory_copy(rows_value(rows, row, column));
	}
}

/* "SELECT kind, name, ... FROM tminus_ledger ORDER BY n" */
static void add_select(struct text *sql, const char *view)
{
	for (size_t column = 0; column < COLUMNS; column++)
		text_add_format(sql, "%s%s", column == 0 ? "SELECT " : ", ", columns[column].name);
	text_add_format(sql, " FROM %s ORDER BY n", view);
}

/* The view belongs to the role that upgrades. */
static void advise(const char *view, struct failure *failure)
{
	if (!text_equal(failure->code, "42501") && !text_equal(failure->code, "1142"))
		return;
	size_t used = strlen(failure->message);
	(void)snprintf(failure->message + used, sizeof failure->message - used,
		"; grant this role SELECT on %s, or name the role that upgrades in upgrade.url",
		view);
}

int ledger_read(
	struct session *session, const char *view, struct ledger *ledger, struct failure *failure)
{
	struct text sql = {0};
	struct rows rows = {0};
	ledger_clear(ledger);
	add_select(&sql, view);
	int result = session_query(session, sql.bytes, &rows, failure);
	if (result == 0)
		take_rows(ledger, &rows);
	else if (catalog_misses_table(failure))
		result = 0;
	else
		advise(view, failure);
	rows_clear(&rows);
	text_free(&sql);
	return result;
}

/* --- changing -------------------------------------------------------------------------------- */

static bool is_about(const struct ledger_entry *entry, const char *kind, const char *name)
{
	return text_equal(entry->kind, kind) && text_equal(entry->name, name);
}

const struct ledger_entry *ledger_find(
	const struct ledger *ledger, const char *kind, const char *name)
{
	for (size_t i = ledger->count; i > 0; i--)
		if (is_about(&ledger->entries[i - 1], kind, name))
			return &ledger->entries[i - 1];
	return NULL;
}

bool ledger_is(const struct ledger_entry *entry, const char *state)
{
	return entry != NULL && text_equal(entry->state, state);
}

static void remove_at(struct ledger *ledger, size_t index)
{
	free_entry(&ledger->entries[index]);
	memmove(&ledger->entries[index], &ledger->entries[index + 1],
		(ledger->count - index - 1) * sizeof *ledger->entries);
	ledger->count--;
}

/* What this boot has begun and now ends is one piece of work. */
static void remove_begun(
	struct ledger *ledger, const char *kind, const char *name, const char *boot)
{
	for (size_t i = ledger->count; i > 0; i--) {
		const struct ledger_entry *entry = &ledger->entries[i - 1];
		if (is_about(entry, kind, name) && text_equal(entry->boot, boot) &&
			ledger_is(entry, LEDGER_BEGUN))
			remove_at(ledger, i - 1);
	}
}

/* The oldest entry that a newer one of its kind and name makes superfluous. */
static void shorten(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++) {
		const struct ledger_entry *entry = &ledger->entries[i];
		if (ledger_find(ledger, entry->kind, entry->name) != entry) {
			remove_at(ledger, i);
			return;
		}
	}
}

void ledger_set(char **place, const char *text)
{
	char *copy = memory_copy(text);
	free(*place);
	*place = copy;
}

struct ledger_entry *ledger_add(struct ledger *ledger, const char *kind, const char *name,
	const char *state, const char *boot)
{
	char now[CLOCK_UTC_SIZE];
	(void)clock_utc(clock_now(), now);
	remove_begun(ledger, kind, name, boot);
	if (ledger->count >= LEDGER_KEEPS)
		shorten(ledger);
	struct ledger_entry *added = append(ledger);
	for (size_t column = 0; column < COLUMNS; column++)
		ledger_set(field(added, column), "");
	ledger_set(&added->kind, kind);
	ledger_set(&added->name, name);
	ledger_set(&added->state, state);
	ledger_set(&added->boot, boot);
	ledger_set(&added->at, now);
	return added;
}

/* --- writing --------------------------------------------------------------------------------- */

/* PostgreSQL keeps the columns' types when a view is replaced, so they are said. */
static void add_row(
	struct text *sql, struct session *session, const struct ledger_entry *entry, size_t number)
{
	bool casts = session_kind(session) == DATABASE_POSTGRES;
	text_add_format(sql, "%sSELECT %zu AS n", number > 1 ? " UNION ALL " : "", number);
	for (size_t column = 0; column < COLUMNS; column++) {
		autofree char *literal = session_literal(session, value_of(entry, column));
		text_add_format(
			sql, ", %s%s AS %s", literal, casts ? "::text" : "", columns[column].name);
	}
}

static char *view_of(
	struct session *session, const char *view, const struct ledger *ledger, const char *create)
{
	struct text sql = {0};
	text_add_format(&sql, "%s %s AS ", create, view);
	for (size_t i = 0; i < ledger->count; i++)
		add_row(&sql, session, &ledger->entries[i], i + 1);
	return text_take(&sql);
}

/* SQLite cannot replace a view, but its DDL is part of the transaction. */
static int write_sqlite(struct session *session, const char *view, const struct ledger *ledger,
	struct failure *failure)
{
	autofree char *create = view_of(session, view, ledger, "CREATE VIEW");
	struct text sql = {0};
	struct failure ignored;
	text_add_format(&sql, "BEGIN IMMEDIATE; DROP VIEW IF EXISTS %s; %s; COMMIT", view, create);
	int result = session_query(session, sql.bytes, NULL, failure);
	if (result != 0)
		(void)session_query(session, "ROLLBACK", NULL, &ignored);
	text_free(&sql);
	return result;
}

int ledger_write(struct session *session, const char *view, const struct ledger *ledger,
	struct failure *failure)
{
	if (ledger->count == 0)
		return 0;
	if (session_kind(session) == DATABASE_SQLITE)
		return write_sqlite(session, view, ledger, failure);
	/* As the definer's, MySQL could not read it any more once that user is dropped. */
	autofree char *replace = view_of(session, view, ledger,
		session_kind(session) == DATABASE_MYSQL
			? "CREATE OR REPLACE SQL SECURITY INVOKER VIEW"
			: "CREATE OR REPLACE VIEW");
	return session_query(session, replace, NULL, failure);
}

#include "config/account.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/value.h"

/* NULL where there is no such file. */
static FILE *open_file(const char *files, const char *name)
{
	char path[PATH_MAX];
	(void)snprintf(path, sizeof path, "%s/%s", files, name);
	return fopen(path, "re");
}

static void close_file(FILE *const *file)
{
	if (*file != NULL)
		(void)fclose(*file);
}

#define autofclose __attribute__((cleanup(close_file)))

/* The largest number means "leave it" to the kernel. setresuid(2) */
static bool parse_id(const char *text, uint32_t *id)
{
	int64_t number;
	if (value_integer(text, &number) != 0 || number >= UINT32_MAX)
		return false;
	*id = (uint32_t)number;
	return true;
}

static int tell_missing(const char *what, const char *text, const char *files, const char *name,
	struct error *error)
{
	return error_set(error, STATUS_CONFIG,
		"there is no %s \"%s\" in %s/%s, and it is no number", what, text, files, name);
}

static void take_entry(struct account *account, const struct passwd *entry)
{
	free(account->name);
	free(account->home);
	account->name = memory_copy(entry->pw_name);
	account->home = memory_copy(entry->pw_dir[0] != '\0' ? entry->pw_dir : "/");
	account->uid = entry->pw_uid;
	account->gid = entry->pw_gid;
}

static int find_user(
	const char *text, const char *files, struct account *account, struct error *error)
{
	autofclose FILE *file = open_file(files, "passwd");
	bool is_number = parse_id(text, &account->uid);
	bool named = false;
	uid_t uid = account->uid;
	account->gid = uid;
	for (struct passwd *entry; file != NULL && !named && (entry = fgetpwent(file)) != NULL;) {
		named = text_equal(entry->pw_name, text);
		if (named || (is_number && account->name == NULL && entry->pw_uid == uid))
			take_entry(account, entry);
	}
	if (account->name != NULL)
		return 0;
	if (!is_number)
		return tell_missing("user", text, files, "passwd", error);
	account->home = memory_copy("/");
	return 0;
}

int account_find_group(const char *text, const char *files, gid_t *gid, struct error *error)
{
	autofclose FILE *file = open_file(files, "group");
	for (struct group *entry; file != NULL && (entry = fgetgrent(file)) != NULL;) {
		if (!text_equal(entry->gr_name, text))
			continue;
		*gid = entry->gr_gid;
		return 0;
	}
	return parse_id(text, gid) ? 0 : tell_missing("group", text, files, "group", error);
}

static void add_group(struct account *account, gid_t gid)
{
	for (size_t i = 0; i < account->group_count; i++)
		if (account->groups[i] == gid)
			return;
	account->groups =
		memory_resized(account->groups, account->group_count + 1, sizeof *account->groups);
	account->groups[account->group_count++] = gid;
}

static void add_supplementary(struct account *account, const char *files)
{
	autofclose FILE *file = open_file(files, "group");
	for (struct group *entry; file != NULL && (entry = fgetgrent(file)) != NULL;)
		for (char **member = entry->gr_mem; *member != NULL; member++)
			if (text_equal(*member, account->name))
				add_group(account, entry->gr_gid);
}

int account_find(const char *text, const char *origin, const char *files, struct account **result,
	struct error *error)
{
	const char *colon = strchr(text, ':');
	autofree char *user = memory_copy_bytes(text, strcspn(text, ":"));
	struct account *account = memory_zeroed(1, sizeof *account);
	account->text = memory_copy(text);
	account->origin = memory_copy(origin);
	if (find_user(user, files, account, error) != 0 ||
		(colon != NULL &&
			account_find_group(colon + 1, files, &account->gid, error) != 0)) {
		account_free(account);
		return -1;
	}
	add_group(account, account->gid);
	if (colon == NULL && account->name != NULL)
		add_supplementary(account, files);
	*result = account;
	return 0;
}

void account_set_group(struct account *account, gid_t gid)
{
	account->gid = gid;
	account->groups[0] = gid;
	for (size_t i = 1; i < account->group_count; i++)
		if (account->groups[i] == gid)
			account->groups[i] = account->groups[--account->group_count];
}

void account_free(struct account *account)
{
	if (account == NULL)
		return;
	free(account->text);
	free(account->origin);
	free(account->name);
	free(account->home);
	free(account->groups);
	free(account);
}

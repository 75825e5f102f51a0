#include "migrations/configuration.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/pattern.h"
#include "config/read_file.h"
#include "migrations/versioned_files.h"

struct search {
	const struct configuration *configuration;
	const struct migrations_files *files;
	const char *root;
	size_t found;
	struct finding *finding;
};

bool configuration_same_folder(const char *one, const char *other)
{
	struct stat first;
	struct stat second;
	return stat(one, &first) == 0 && stat(other, &second) == 0 &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

unsigned configuration_vouchers(
	const struct configuration *configuration, const struct migrations_files *files)
{
	bool set = !text_equal(files->directory, configuration->directory);
	return (set ? VOUCHER_DIRECTORY : 0U) | (files->version_table_is_set ? VOUCHER_TABLE : 0U) |
	       (files->schema_is_set ? VOUCHER_SCHEMA : 0U);
}

bool configuration_doubt(
	const struct configuration_file *file, const char *what, struct finding *finding)
{
	(void)finding_set(finding, FINDING_UNKNOWN,
		"%s/%s has %s, which may move the migrations or their table", file->root,
		file->path, what);
	finding_advise(finding,
		"say where they are: upgrade.migrations, upgrade.version_table, database.schema");
	return false;
}

/* A line of comment becomes blanks. "//" stands for all of JavaScript's: a line of a block too,
 * unless code follows the block's end in it. */
static bool is_comment(const char *line, size_t length, const char *comment)
{
	size_t blanks = strspn(line, " \t\r");
	line += blanks;
	length -= blanks < length ? blanks : length;
	if (strncmp(line, comment, strlen(comment)) == 0)
		return true;
	if (comment[0] != '/' || (line[0] != '*' && strncmp(line, "/*", 2) != 0))
		return false;
	const char *end = memmem(line, length, "*/", 2);
	return end == NULL || strspn(end + 2, " \t\r") == length - (size_t)(end + 2 - line);
}

static void blank_comments(char *code, const char *comment)
{
	for (char *line = code; *line != '\0';) {
		size_t length = strcspn(line, "\n");
		if (is_comment(line, length, comment))
			memset(line, ' ', length);
		line += length + (line[length] == '\n');
	}
}

static bool words_are_plain(const struct configuration_file *file,
	const struct configuration_word *words, struct finding *finding)
{
	for (const struct configuration_word *row = words; row->word != NULL; row++) {
		bool vouched = row->needs != VOUCHER_NONE && (row->needs & ~file->vouchers) == 0;
		if (!vouched && strstr(file->code, row->word) != NULL)
			return configuration_doubt(file, row->word, finding);
	}
	return true;
}

/* The code of the file called whole, for the caller to free; NULL with finding concluded. */
static char *read_code(const char *whole, const char *comment, struct finding *finding)
{
	struct error error = {.message = "a NUL byte in a configuration file"};
	struct text contents = {0};
	bool is_read = read_file(whole, &contents, &error) == 0;
	size_t length = contents.length;
	autofree char *code = text_take(&contents);
	if (!is_read || strlen(code) != length) {
		(void)finding_set(finding, FINDING_UNKNOWN, "%s", error.message);
		return NULL;
	}
	blank_comments(code, comment);
	char *taken = code;
	code = NULL;
	return taken;
}

static char *path_in(const char *folder, const char *name)
{
	struct text path = {0};
	text_add_format(&path, "%s/%s", folder, name);
	return text_take(&path);
}

static bool file_is_plain(struct search *search, const char *path)
{
	const struct configuration *configuration = search->configuration;
	autofree char *whole = path_in(search->root, path);
	autofree char *code = read_code(whole, configuration->comment, search->finding);
	if (code == NULL)
		return false;
	search->found++;
	const struct configuration_file file = {.root = search->root,
		.path = path,
		.code = code,
		.directory = search->files->directory,
		.vouchers = configuration_vouchers(configuration, search->files)};
	return words_are_plain(&file, configuration->words, search->finding) &&
	       (configuration->check == NULL || configuration->check(&file, search->finding));
}

/* For versioned_files_read: every .rb file, and no version. */
static enum versioned_name is_ruby(const char *name, char **version)
{
	size_t length = strlen(name);
	bool ruby = length > 3 && text_equal(name + length - 3, ".rb");
	*version = NULL;
	return ruby ? VERSIONED_FILE : VERSIONED_OTHER;
}

static bool folder_is_plain(struct search *search, const char *path, const char *whole)
{
	static const struct versioned_names names = {
		.subfolders = true, .classify = is_ruby, .compare = versioned_files_by_path};
	struct versioned_files files = {0};
	bool plain = versioned_files_read(whole, &names, &files, search->finding);
	for (size_t i = 0; plain && i < files.count; i++) {
		autofree char *inside = path_in(path, files.items[i].path);
		plain = file_is_plain(search, inside);
	}
	versioned_files_clear(&files);
	return plain;
}

static bool path_is_plain(struct search *search, const char *path)
{
	autofree char *whole = path_in(search->root, path);
	struct stat status;
	if (stat(whole, &status) != 0)
		return errno == ENOENT || errno == ENOTDIR || file_is_plain(search, path);
	return S_ISDIR(status.st_mode) ? folder_is_plain(search, path, whole)
				       : file_is_plain(search, path);
}

/* The first path that fits pattern and is not the migrations' own folder; NULL for none, and else
 * the caller's to free. */
static char *other_folder(const struct search *search, const char *pattern)
{
	struct list found = {0};
	char *other = NULL;
	pattern_find(search->root, pattern, &found);
	for (size_t i = 0; i < found.count && other == NULL; i++) {
		autofree char *whole = path_in(search->root, found.items[i]);
		if (!configuration_same_folder(whole, search->files->directory))
			other = memory_copy(whole);
	}
	list_clear(&found);
	return other;
}

static bool folder_is_alone(struct search *search, const char *pattern)
{
	autofree char *other = other_folder(search, pattern);
	if (other == NULL)
		return true;
	(void)finding_set(search->finding, FINDING_UNKNOWN, "%s may hold migrations too", other);
	finding_advise(search->finding, "if it does not: upgrade.migrations");
	return false;
}

static bool is_alone(struct search *search, unsigned vouchers)
{
	const char *const *pattern = search->configuration->others;
	if (pattern == NULL || (vouchers & VOUCHER_DIRECTORY) != 0)
		return true;
	for (; *pattern != NULL; pattern++)
		if (!folder_is_alone(search, *pattern))
			return false;
	return true;
}

static bool root_is_plain(struct search *search, const char *root)
{
	search->root = root;
	for (const char *const *path = search->configuration->paths; *path != NULL; path++)
		if (!path_is_plain(search, *path))
			return false;
	return is_alone(search, configuration_vouchers(search->configuration, search->files));
}

bool configuration_is_plain(const struct configuration *configuration,
	const struct migrations_files *files, size_t *found, struct finding *finding)
{
	struct search search = {.configuration = configuration, .files = files, .finding = finding};
	autofree char *first = path_in(files->directory, "..");
	autofree char *second = path_in(first, "..");
	bool plain = root_is_plain(&search, ".") && root_is_plain(&search, first) &&
		     root_is_plain(&search, second);
	if (found != NULL)
		*found = search.found;
	return plain;
}

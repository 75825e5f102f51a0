#include "migrations/configuration.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/read_file.h"

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

static bool ends_in_rb(const char *name)
{
	size_t length = strlen(name);
	return length > 3 && text_equal(name + length - 3, ".rb");
}

static bool folder_is_plain(struct search *search, const char *path, DIR *folder)
{
	bool plain = true;
	for (const struct dirent *entry; plain && (entry = readdir(folder)) != NULL;) {
		if (!ends_in_rb(entry->d_name))
			continue;
		autofree char *inside = path_in(path, entry->d_name);
		plain = file_is_plain(search, inside);
	}
	(void)closedir(folder);
	return plain;
}

static bool path_is_plain(struct search *search, const char *path)
{
	autofree char *whole = path_in(search->root, path);
	if (access(whole, F_OK) != 0)
		return true;
	DIR *folder = ends_in_rb(path) ? NULL : opendir(whole);
	if (folder != NULL)
		return folder_is_plain(search, path, folder);
	return file_is_plain(search, path);
}

static bool root_is_plain(struct search *search, const char *root)
{
	search->root = root;
	for (const char *const *path = search->configuration->paths; *path != NULL; path++)
		if (!path_is_plain(search, *path))
			return false;
	return true;
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

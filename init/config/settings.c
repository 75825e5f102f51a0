#include "config/settings.h"

#include <ctype.h>
#include <string.h>

#include "config/config.h"

#define ROW(in, section, key, type, field, fallback, help, choices) \
	{section, key, type, offsetof(struct in, field), fallback, help, choices},

static const struct setting plain[] = {
#define SETTING(section, key, type, field, fallback, help) \
	ROW(config, section, key, TYPE_##type, field, fallback, help, NULL)
#define CHOICE_SETTING(section, key, field, choices, fallback, help) \
	ROW(config, section, key, TYPE_CHOICE, field, fallback, help, choices)
#include "config/settings.def"
};

static const struct setting named[] = {
#define NAMED_SETTING(kind, key, type, field, fallback, help) \
	ROW(kind##_settings, #kind, key, TYPE_##type, field, fallback, help, NULL)
#define NAMED_CHOICE(kind, key, field, choices, fallback, help) \
	ROW(kind##_settings, #kind, key, TYPE_CHOICE, field, fallback, help, choices)
#include "config/settings.def"
};

static const char *const kind_names[] = {
	[NAMED_STEP] = "step",
	[NAMED_SERVICE] = "service",
	[NAMED_JOB] = "job",
	[NAMED_DIR] = "dir",
	[NAMED_TEMPLATE] = "template",
	[NAMED_KEY] = "key",
	[NAMED_ROLE] = "role",
};

#define PLAIN_COUNT (sizeof plain / sizeof *plain)
#define NAMED_COUNT (sizeof named / sizeof *named)

const struct setting *settings_plain(size_t *count)
{
	*count = PLAIN_COUNT;
	return plain;
}

const struct setting *settings_named(enum named_kind kind, size_t *count)
{
	const struct setting *first = named;
	while (!text_equal(first->section, kind_names[kind]))
		first++;
	*count = 0;
	while (first + *count < named + NAMED_COUNT &&
		text_equal(first[*count].section, kind_names[kind]))
		++*count;
	return first;
}

const struct setting *settings_all_named(size_t *count)
{
	*count = NAMED_COUNT;
	return named;
}

const char *settings_kind_name(enum named_kind kind)
{
	return kind_names[kind];
}

enum named_kind settings_kind(const char *name)
{
	enum named_kind kind = NAMED_STEP;
	while (kind < NAMED_KINDS && !text_equal(kind_names[kind], name))
		kind++;
	return kind;
}

bool settings_kind_is_path(enum named_kind kind)
{
	return kind == NAMED_DIR || kind == NAMED_TEMPLATE;
}

const char *settings_placeholder(const char *section)
{
	enum named_kind kind = settings_kind(section);
	if (kind == NAMED_KINDS)
		return "";
	return settings_kind_is_path(kind) ? " PATH" : " NAME";
}

int settings_find(const char *section, const char *key)
{
	for (size_t i = 0; i < PLAIN_COUNT; i++)
		if (text_equal(plain[i].section, section) && text_equal(plain[i].key, key))
			return (int)i;
	return -1;
}

int settings_find_named(enum named_kind kind, const char *key)
{
	size_t count;
	const struct setting *keys = settings_named(kind, &count);
	for (size_t i = 0; i < count; i++)
		if (text_equal(keys[i].key, key))
			return (int)i;
	return -1;
}

bool settings_has_section(const char *section)
{
	for (size_t i = 0; i < PLAIN_COUNT; i++)
		if (text_equal(plain[i].section, section))
			return true;
	return false;
}

static void add_upper(struct text *text, const char *part)
{
	text_add_byte(text, '_');
	for (; *part != '\0'; part++) {
		unsigned char byte = (unsigned char)*part;
		text_add_byte(text, isalnum(byte) ? (char)toupper(byte) : '_');
	}
}

char *setting_variable(const struct setting *setting, const char *name)
{
	struct text variable = {0};
	text_add(&variable, "TMINUS");
	if (setting->section[0] != '\0')
		add_upper(&variable, setting->section);
	if (name != NULL)
		add_upper(&variable, name);
	add_upper(&variable, setting->key);
	return text_take(&variable);
}

char *setting_path(const struct setting *setting, const char *name)
{
	struct text path = {0};
	if (setting->section[0] != '\0')
		text_add_format(&path, "%s.", setting->section);
	if (name != NULL)
		text_add_format(&path, "%s.", name);
	text_add(&path, setting->key);
	return text_take(&path);
}

bool setting_is_secret(const struct setting *setting)
{
	return setting->type == TYPE_SECRET || setting->type == TYPE_URL;
}

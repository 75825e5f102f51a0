#include "config/help.h"

#include <string.h>

#include "base/memory.h"
#include "config/settings.h"

#define LINE_WIDTH 78

const char *config_type_name(const struct setting *setting)
{
	static const char *const names[] = {
		[TYPE_STRING] = "text",
		[TYPE_SECRET] = "secret",
		[TYPE_URL] = "URL",
		[TYPE_DURATION] = "duration",
		[TYPE_SIZE] = "size",
		[TYPE_INTEGER] = "number",
		[TYPE_BOOLEAN] = "yes or no",
		[TYPE_SIGNAL] = "signal",
		[TYPE_USER] = "user",
		[TYPE_GROUP] = "group",
		[TYPE_MASK] = "mask",
		[TYPE_MODE] = "mode",
		[TYPE_LIMITS] = "limits",
		[TYPE_EXITS] = "statuses",
		[TYPE_LIST] = "list",
		[TYPE_COMMAND] = "command",
		[TYPE_CONDITION] = "condition",
		[TYPE_SCHEDULE] = "schedule",
		[TYPE_CHOICE] = "",
	};
	return setting->type == TYPE_CHOICE ? setting->choices : names[setting->type];
}

/* "key = default", or "key = <type>" when there is none. */
static char *left_side(const struct setting *setting)
{
	struct text text = {0};
	if (setting->fallback != NULL)
		text_add_format(&text, "%s = %s", setting->key, setting->fallback);
	else
		text_add_format(&text, "%s = <%s>", setting->key, config_type_name(setting));
	return text_take(&text);
}

static int width_of(const struct setting *settings, size_t count, int width)
{
	for (size_t i = 0; i < count; i++) {
		autofree char *left = left_side(&settings[i]);
		if ((int)strlen(left) > width)
			width = (int)strlen(left);
	}
	return width;
}

static char *help_text(const struct setting *setting)
{
	struct text text = {0};
	text_add(&text, setting->help);
	if (setting->type == TYPE_CHOICE)
		text_add_format(&text, " (%s)", setting->choices);
	return text_take(&text);
}

size_t config_line_length(const char *text, size_t width)
{
	size_t length = strlen(text);
	if (length <= width)
		return length;
	length = width;
	while (length > 0 && text[length] != ' ')
		length--;
	return length > 0 ? length : strcspn(text, " ");
}

/* Writes text in lines of at most width, broken between words; all but the first are indented. */
static void fold(FILE *stream, const char *text, int width, int indent)
{
	for (bool first = true; *text != '\0'; first = false) {
		size_t length = config_line_length(text, (size_t)width);
		(void)fprintf(stream, "%*s%.*s\n", first ? 0 : indent, "", (int)length, text);
		text += length;
		text += strspn(text, " ");
	}
}

static void help_rows(FILE *stream, const struct setting *settings, size_t count, int width)
{
	const char *section = "";
	for (size_t i = 0; i < count; i++) {
		const struct setting *setting = &settings[i];
		autofree char *left = left_side(setting);
		if (!text_equal(section, setting->section))
			(void)fprintf(stream, "\n[%s%s]\n", setting->section,
				settings_placeholder(setting->section));
		section = setting->section;
		autofree char *text = help_text(setting);
		(void)fprintf(stream, "  %-*s  ", width, left);
		fold(stream, text, LINE_WIDTH - width - 4, width + 4);
	}
}

void config_help_settings(FILE *stream)
{
	size_t plain_count;
	size_t named_count;
	const struct setting *plain = settings_plain(&plain_count);
	const struct setting *named = settings_all_named(&named_count);
	int width = width_of(named, named_count, width_of(plain, plain_count, 0));
	(void)fputs(
		"[wait] timeout = 5m in tminus.ini is TMINUS_WAIT_TIMEOUT=5m in the environment,\n"
		"TMINUS_WAIT_TIMEOUT_FILE names a file to read it from, and --set "
		"wait.timeout=5m sets it here.\n\n",
		stream);
	help_rows(stream, plain, plain_count, width);
	help_rows(stream, named, named_count, width);
}

/* Writes text as comments, broken between words. */
static void comment(FILE *stream, const char *text)
{
	while (*text != '\0') {
		size_t length = config_line_length(text, LINE_WIDTH - 2);
		(void)fprintf(stream, "# %.*s\n", (int)length, text);
		text += length;
		text += strspn(text, " ");
	}
}

static void example_setting(FILE *stream, const struct setting *setting)
{
	comment(stream, setting->help);
	if (setting->type == TYPE_CHOICE)
		(void)fprintf(stream, "# One of %s.\n", setting->choices);
	(void)fprintf(stream, ";%s =%s%s\n", setting->key, setting->fallback != NULL ? " " : "",
		setting->fallback != NULL ? setting->fallback : "");
}

void config_example(FILE *stream)
{
	size_t count;
	const char *section = "";
	const struct setting *plain = settings_plain(&count);
	(void)fputs("# tminus.ini: every setting, with its default.\n"
		    "# Comments stand on lines of their own. ${NAME}, ${NAME:-default} and "
		    "${NAME:?message}\n"
		    "# are expanded, $$ is a $; a deeper indented line continues the value above.\n"
		    "# An empty command (seed.all =) switches a preset's own off.\n\n",
		stream);
	for (size_t i = 0; i < count; i++) {
		if (!text_equal(section, plain[i].section))
			(void)fprintf(stream, "\n[%s]\n", plain[i].section);
		section = plain[i].section;
		example_setting(stream, &plain[i]);
	}
	const struct setting *named = settings_all_named(&count);
	(void)fputs("\n# Any number of these, each with a name.\n", stream);
	for (size_t i = 0; i < count; i++) {
		if (!text_equal(section, named[i].section))
			(void)fprintf(stream, ";[%s%s]\n", named[i].section,
				settings_placeholder(named[i].section));
		section = named[i].section;
		example_setting(stream, &named[i]);
	}
}

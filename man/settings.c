/*
 * Writes the list of settings for the manual page tminus.ini(5), in mdoc: from the table that the
 * program itself reads, so that there is no second list. mdoc(7)
 */
#include <stdio.h>
#include <string.h>

#include "config/help.h"
#include "config/settings.h"

#define LINE_WIDTH 78

/* One line of running text. A backslash would begin an escape, a dot or quote in front a macro. */
static void line(const char *text, size_t length)
{
	if (*text == '.' || *text == '\'')
		(void)fputs("\\&", stdout);
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\')
			(void)fputs("\\e", stdout);
		else
			(void)putchar(text[i]);
	}
	(void)putchar('\n');
}

/* How much of text is in its first line: at most a sentence, because mdoc wants each to begin a
 * line. */
static size_t first_line(const char *text)
{
	size_t length = config_line_length(text, LINE_WIDTH);
	const char *end = strstr(text, ". ");
	return end != NULL && (size_t)(end + 1 - text) < length ? (size_t)(end + 1 - text) : length;
}

static void paragraph(const char *text)
{
	while (*text != '\0') {
		size_t length = first_line(text);
		line(text, length);
		text += length;
		text += strspn(text, " ");
	}
}

static void section(const char *name)
{
	if (*name == '\0')
		(void)puts(".Ss Before any section");
	else
		(void)printf(".Ss [%s%s]\\&\n", name, settings_placeholder(name));
	(void)puts(".Bl -tag -width Ds");
}

/* Many choices are wider than a page: a line may end behind each |. groff_char(7), \: */
static void choices(const char *names)
{
	(void)fputs("One of\n.Li \"", stdout);
	for (; *names != '\0'; names++)
		(void)printf(*names == '|' ? "|\\:" : "%c", *names);
	(void)puts("\" .");
}

/* A macro's argument in quotes: a blank or a word like No in it would end or change it. */
static void row(const struct setting *setting)
{
	(void)printf(".It Ic \"%s\" No = ", setting->key);
	if (setting->fallback != NULL)
		(void)printf("Li \"%s\"\n", setting->fallback);
	else
		(void)printf("Ar \"%s\"\n", config_type_name(setting));
	paragraph(setting->help);
	if (setting->type == TYPE_CHOICE)
		choices(setting->choices);
}

static void rows(const struct setting *settings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool first = i == 0 || strcmp(settings[i].section, settings[i - 1].section) != 0;
		if (first && i > 0)
			(void)puts(".El");
		if (first)
			section(settings[i].section);
		row(&settings[i]);
	}
	(void)puts(".El");
}

int main(void)
{
	size_t count;
	const struct setting *settings = settings_plain(&count);
	rows(settings, count);
	settings = settings_all_named(&count);
	rows(settings, count);
	return fflush(stdout) == 0 ? 0 : 1;
}

#include "config/limits.h"

#include <string.h>

#include "base/memory.h"
#include "config/value.h"

#define VALUE_SIZE 32

static const struct {
	const char *name;
	int resource;
} resources[] = {
	{"as", RLIMIT_AS},
	{"core", RLIMIT_CORE},
	{"cpu", RLIMIT_CPU},
	{"data", RLIMIT_DATA},
	{"fsize", RLIMIT_FSIZE},
	{"locks", RLIMIT_LOCKS},
	{"memlock", RLIMIT_MEMLOCK},
	{"msgqueue", RLIMIT_MSGQUEUE},
	{"nice", RLIMIT_NICE},
	{"nofile", RLIMIT_NOFILE},
	{"nproc", RLIMIT_NPROC},
	{"rss", RLIMIT_RSS},
	{"rtprio", RLIMIT_RTPRIO},
	{"rttime", RLIMIT_RTTIME},
	{"sigpending", RLIMIT_SIGPENDING},
	{"stack", RLIMIT_STACK},
};

/* The length bytes at text. */
static int read_value(const char *text, size_t length, rlim_t *value)
{
	char room[VALUE_SIZE];
	int64_t number;
	if (length >= sizeof room)
		return -1;
	memcpy(room, text, length);
	room[length] = '\0';
	bool unlimited = text_equal(room, "unlimited") || text_equal(room, "-1");
	if (!unlimited && value_size(room, &number) != 0)
		return -1;
	*value = unlimited ? RLIM_INFINITY : (rlim_t)number;
	return 0;
}

static int read_word(const char *word, struct limit *limit, struct error *error)
{
	size_t name = strcspn(word, "=");
	const char *soft = word + name + 1;
	for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
		if (strncmp(resources[i].name, word, name) == 0 && resources[i].name[name] == '\0')
			*limit = (struct limit){resources[i].resource, resources[i].name, {0}};
	if (limit->name == NULL || word[name] == '\0')
		return error_set(error, STATUS_CONFIG,
			"\"%s\" is not NAME=SOFT:HARD with a name such as nofile, core or nproc",
			word);
	size_t length = strcspn(soft, ":");
	const char *hard = soft[length] == ':' ? soft + length + 1 : soft;
	if (read_value(soft, length, &limit->values.rlim_cur) != 0 ||
		read_value(hard, strlen(hard), &limit->values.rlim_max) != 0)
		return error_set(error, STATUS_CONFIG,
			"\"%s\": a limit is a number, a size (64M) or unlimited", word);
	if (limit->values.rlim_cur > limit->values.rlim_max)
		return error_set(
			error, STATUS_CONFIG, "\"%s\": the soft limit is above the hard one", word);
	return 0;
}

int limits_read(const struct list *words, struct limits *limits, struct error *error)
{
	for (size_t i = 0; i < words->count; i++) {
		struct limit limit = {0};
		if (read_word(words->items[i], &limit, error) != 0)
			return -1;
		limits->rows = memory_resized(limits->rows, limits->count + 1, sizeof limit);
		limits->rows[limits->count++] = limit;
	}
	return 0;
}

#include "check.h"

#include "base/memory.h"
#include "config/config.h"
#include "config/order.h"

#define STEPS_MAX 5

/* A step as "name", what it is after, what it is before. */
struct row_step {
	const char *name;
	const char *after[3];
	const char *before[3];
};

static void fill(struct step_settings *step, const struct row_step *row)
{
	static char origin[] = "t.ini:7";
	*step = (struct step_settings){.name = memory_copy(row->name), .origin = origin};
	list_append(&step->command, "true");
	for (size_t i = 0; i < 3 && row->after[i] != NULL; i++)
		list_append(&step->after, row->after[i]);
	for (size_t i = 0; i < 3 && row->before[i] != NULL; i++)
		list_append(&step->before, row->before[i]);
}

static void clear(struct step_settings *step)
{
	list_clear(&step->command);
	list_clear(&step->after);
	list_clear(&step->before);
	free(step->name);
}

/* "wait a upgrade seed", or the faults. */
static char *order(const struct row_step *rows, size_t count)
{
	static const char *const builtins[] = {"wait", "upgrade", "seed"};
	struct step_settings steps[STEPS_MAX];
	struct faults faults = {0};
	struct text text = {0};
	for (size_t i = 0; i < count; i++)
		fill(&steps[i], &rows[i]);
	size_t length;
	autofree struct ordered_step *ordered = order_steps(steps, count, &length, &faults);
	for (size_t i = 0; i < length; i++)
		text_add_format(&text, "%s%s", i > 0 ? " " : "",
			ordered[i].kind == ORDERED_STEP ? steps[ordered[i].step].name
							: builtins[ordered[i].kind]);
	for (size_t i = 0; i < faults.messages.count; i++)
		text_add_format(&text, "%s;", faults.messages.items[i]);
	faults_free(&faults);
	for (size_t i = 0; i < count; i++)
		clear(&steps[i]);
	return text_take(&text);
}

static void steps_come_where_after_and_before_put_them(void **state)
{
	(void)state;
	static const struct {
		struct row_step steps[STEPS_MAX];
		const char *expected;
	} rows[] = {
		{{{0}}, "wait upgrade seed"},
		{{{"a", {0}, {0}}, {"b", {0}, {0}}}, "wait upgrade seed a b"},
		{{{"b", {0}, {0}}, {"a", {0}, {0}}}, "wait upgrade seed b a"},
		{{{"a", {"wait"}, {0}}}, "wait a upgrade seed"},
		{{{"a", {"upgrade"}, {0}}}, "wait upgrade a seed"},
		{{{"a", {"seed"}, {0}}, {"b", {0}, {0}}}, "wait upgrade seed a b"},
		{{{"a", {0}, {"wait"}}}, "a wait upgrade seed"},
		{{{"a", {0}, {"upgrade"}}}, "wait a upgrade seed"},
		{{{"a", {0}, {"seed"}}}, "wait upgrade a seed"},
		{{{"a", {0}, {"seed"}}, {"b", {0}, {"upgrade"}}}, "wait b upgrade a seed"},
		{{{"a", {0}, {"wait", "seed"}}}, "a wait upgrade seed"},
		{{{"a", {0}, {"upgrade"}}, {"b", {"wait"}, {0}}}, "wait b a upgrade seed"},
		{{{"a", {"b"}, {0}}, {"b", {0}, {0}}}, "wait upgrade seed b a"},
		{{{"a", {0}, {"b"}}, {"b", {0}, {"wait"}}}, "a b wait upgrade seed"},
		{{{"a", {0}, {0}}, {"b", {"a"}, {"upgrade"}}}, "wait a b upgrade seed"},
		{{{"a", {0}, {"c"}}, {"b", {0}, {0}}, {"c", {0}, {0}}}, "wait upgrade seed b a c"},
		{{{"a", {"b", "c"}, {0}}, {"b", {0}, {0}}, {"c", {"upgrade"}, {0}}},
			"wait upgrade c seed b a"},
		{{{"a", {"wait"}, {"upgrade"}}, {"b", {"wait"}, {"a"}}}, "wait b a upgrade seed"},
		{{{"a", {0}, {"nope"}}}, "t.ini:7: before of [step a]: there is no step \"nope\";"},
		{{{"a", {"upgarde"}, {0}}},
			"t.ini:7: after of [step a]: there is no step \"upgarde\"; did you mean "
			"\"upgrade\"?;"},
		{{{"a", {"a"}, {0}}}, "t.ini:7: after and before go round in a circle: a -> a;"},
		{{{"a", {"b"}, {0}}, {"b", {"a"}, {0}}},
			"t.ini:7: after and before go round in a circle: a -> b -> a;"},
		{{{"a", {"seed"}, {"upgrade"}}}, "t.ini:7: after and before go round in a circle: "
						 "a -> upgrade -> seed -> a;"},
		{{{"a", {"b"}, {0}}, {"b", {"c"}, {0}}, {"c", {"a"}, {0}}, {"d", {"a"}, {0}}},
			"t.ini:7: after and before go round in a circle: a -> c -> b -> a;"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		size_t count = 0;
		while (count < STEPS_MAX && rows[i].steps[count].name != NULL)
			count++;
		autofree char *result = order(rows[i].steps, count);
		CHECK_TEXT(rows[i].expected, result, rows[i].expected);
	}
}

static void a_step_switched_off_holds_its_place_but_is_not_run(void **state)
{
	(void)state;
	static char origin[] = "t.ini:1";
	static char a[] = "a";
	static char b[] = "b";
	struct step_settings steps[2] = {
		{.name = a, .origin = origin}, {.name = b, .origin = origin}};
	list_append(&steps[1].command, "true");
	list_append(&steps[1].after, "a");
	struct faults faults = {0};
	size_t length;
	autofree struct ordered_step *ordered = order_steps(steps, 2, &length, &faults);
	assert_int_equal(faults.messages.count, 0);
	assert_int_equal(length, 4);
	assert_int_equal(ordered[3].step, 1);
	list_clear(&steps[1].command);
	list_clear(&steps[1].after);
}

static void two_hundred_steps_are_ordered_and_more_refused(void **state)
{
	(void)state;
	struct step_settings *steps = memory_zeroed(ORDER_STEPS_MAX + 1, sizeof *steps);
	static char origin[] = "t.ini:9";
	char names[ORDER_STEPS_MAX + 1][8];
	for (size_t i = 0; i <= ORDER_STEPS_MAX; i++) {
		(void)snprintf(names[i], sizeof names[i], "s%zu", i);
		steps[i].name = names[i];
		steps[i].origin = origin;
		list_append(&steps[i].command, "true");
		list_append(&steps[i].before, i % 2 > 0 ? names[i - 1] : "seed");
	}
	struct faults faults = {0};
	size_t length;
	free(order_steps(steps, ORDER_STEPS_MAX, &length, &faults));
	assert_int_equal(length, ORDER_STEPS_MAX + 3);
	assert_null(order_steps(steps, ORDER_STEPS_MAX + 1, &length, &faults));
	assert_int_equal(faults.messages.count, 1);
	faults_free(&faults);
	for (size_t i = 0; i <= ORDER_STEPS_MAX; i++) {
		list_clear(&steps[i].command);
		list_clear(&steps[i].before);
	}
	free(steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_come_where_after_and_before_put_them),
		cmocka_unit_test(a_step_switched_off_holds_its_place_but_is_not_run),
		cmocka_unit_test(two_hundred_steps_are_ordered_and_more_refused),
	};
	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}

#include "database/query.h"

#include <stdlib.h>

size_t rows_count(const struct rows *rows)
{
	return rows->columns > 0 ? rows->values.count / rows->columns : 0;
}

const char *rows_value(const struct rows *rows, size_t row, size_t column)
{
	if (row >= rows_count(rows) || column >= rows->columns)
		return "";
	return rows->values.items[row * rows->columns + column];
}

long long rows_number(const struct rows *rows, size_t row, size_t column)
{
	return strtoll(rows_value(rows, row, column), NULL, 10);
}

void rows_clear(struct rows *rows)
{
	list_clear(&rows->values);
	*rows = (struct rows){0};
}

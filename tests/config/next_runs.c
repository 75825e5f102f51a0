/* Reads lines "SCHEDULE<TAB>SECONDS" and writes for each when the schedule comes next behind them,
 * -1 for never, "?" for what is no schedule. The zone is TZ's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/schedule.h"

int main(void)
{
	char line[512];
	while (fgets(line, sizeof line, stdin) != NULL) {
		struct schedule schedule;
		struct error error;
		char *tab = strchr(line, '\t');
		if (tab == NULL)
			return 1;
		*tab = '\0';
		if (schedule_parse(line, &schedule, &error) != 0)
			(void)puts("?");
		else
			(void)printf("%lld\n",
				(long long)schedule_next(&schedule, strtoll(tab + 1, NULL, 10)));
	}
	return 0;
}

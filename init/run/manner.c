#include "run/manner.h"

void manner_forward_all(struct manner *manner)
{
	for (unsigned char number = 1; number <= SIGNAL_LAST; number++)
		manner->becomes[number] = number;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kind.h"

#include <string.h>

static const struct tc_kind *const kinds[] = {&tc_pfifo, &tc_bfifo, &tc_pfifo_fast, &tc_tbf};

const struct tc_kind *
tc_kind_find(const char *name)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(kinds[i]->name, name, TCNAMESIZ) == 0)
			return kinds[i];
	return NULL;
}

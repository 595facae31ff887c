/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/drop.h"

#include <stddef.h>

static const struct drop_info drop_table[DROP_REASONS] = {
#define DROP_ROW(id, where, sentence) [DROP_##id] = {.name = #id, .layer = where, .text = sentence},
    DROP_TABLE(DROP_ROW)
#undef DROP_ROW
};

const struct drop_info *
drop_info(unsigned reason)
{
	return reason > DROP_NONE && reason < DROP_REASONS ? &drop_table[reason] : NULL;
}

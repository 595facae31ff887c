/* SPDX-License-Identifier: Apache-2.0 */
/* Hands out the statistics segment: message DS_MSG_STATS. */
#include "ctrl_internal.h"

#include <string.h>

#include "abi/segment.h"
#include "core/segment.h"

static int
stats(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ds_segment_info info = {.size = segment_size(), .version = DS_SEGMENT_VERSION};
	void *at = ctrl_reply_record(reply, DS_TLV_SEGMENT, sizeof(info));

	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, &info, sizeof(info));
	return ctrl_reply_fd(reply, segment_fd());
}

void
ctrl_stats_register(void)
{
	/* Without a handler the message is answered with EDPVS_NOTSUPP and HELLO does not list it. */
	if (segment_share())
		ctrl_register(DS_MSG_STATS, stats);
}

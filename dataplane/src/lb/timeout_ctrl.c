/* SPDX-License-Identifier: Apache-2.0 */
/* DS_MSG_TIMEOUTS: the timeouts of connections while the daemon runs. Workers read them when a connection
 * changes its state. */
#include "lb_ctrl.h"

#include <string.h>

#include "abi/messages.h"
#include "abi/timeouts.h"
#include "core/conf.h"
#include "packet/tcp.h"

static int
timeouts_get(struct ctrl_reply *reply)
{
	struct ds_timeouts t = {.tcp = (uint32_t)conf.ipvs.tcp_timeout_s[TCP_S_ESTABLISHED],
				.tcp_fin = (uint32_t)conf.ipvs.tcp_timeout_s[TCP_S_FIN_WAIT],
				.udp = (uint32_t)conf.ipvs.udp_normal_s};
	void *at = ctrl_reply_record(reply, DS_TLV_TIMEOUTS, sizeof(t));

	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, &t, sizeof(t));
	return EDPVS_OK;
}

static void
change(int *seconds, uint32_t wish)
{
	if (wish)
		__atomic_store_n(seconds, (int)wish, __ATOMIC_RELAXED);
}

static int
timeouts_set(const struct ctrl_request *req)
{
	struct ds_timeouts t;

	if (req->len < sizeof(t))
		return EDPVS_INVAL;
	memcpy(&t, req->body, sizeof(t));
	if (t.tcp > DS_TIMEOUT_MAX || t.tcp_fin > DS_TIMEOUT_MAX || t.udp > DS_TIMEOUT_MAX || t.reserved)
		return EDPVS_INVAL;
	change(&conf.ipvs.tcp_timeout_s[TCP_S_ESTABLISHED], t.tcp);
	change(&conf.ipvs.tcp_timeout_s[TCP_S_FIN_WAIT], t.tcp_fin);
	change(&conf.ipvs.udp_oneway_s, t.udp);
	change(&conf.ipvs.udp_normal_s, t.udp);
	return EDPVS_OK;
}

static int
timeouts(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return req->type == 0 ? timeouts_get(reply) : timeouts_set(req);
}

void
lb_timeout_ctrl_register(void)
{
	ctrl_register(DS_MSG_TIMEOUTS, timeouts);
}

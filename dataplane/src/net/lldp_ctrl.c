/* SPDX-License-Identifier: Apache-2.0 */
/* Message 69: what LLDP tells and heard, as text. */
#include "abi/lldp.h"

#include "core/errors.h"
#include "ctrl/ctrl.h"
#include "lldp.h"
#include "net_ctrl.h"

static int
on_show(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct lldp_message *out;
	struct lldp_param param;
	const struct port *p;

	memcpy(&param, req->body, sizeof(param));
	if (param.node > DPVS_LLDP_NODE_NEIGH)
		return EDPVS_INVAL;
	p = ctrl_port(param.ifname);
	if (!p)
		return EDPVS_NODEV;
	out = ctrl_reply_add(reply, sizeof(*out));
	if (!out)
		return EDPVS_NOMEM;
	memset(out, 0, sizeof(*out));
	out->param.node = param.node;
	ctrl_put_name(out->param.ifname, p);
	return param.node == DPVS_LLDP_NODE_LOCAL
		   ? lldp_local_text(p, out->message, sizeof(out->message))
		   : lldp_neighbour_text(p, out->message, sizeof(out->message));
}

void
lldp_ctrl_register(void)
{
	ctrl_register(SOCKOPT_GET_LLDP_SHOW, on_show);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about rules that give packets marks: DS_MSG_MARK and DS_MSG_MARK_LIST. */
#include "lb_ctrl.h"

#include <string.h>

#include "abi/mark.h"
#include "abi/messages.h"
#include "marks.h"

_Static_assert(LB_MARKS_MAX == DS_MARK_RULES_MAX && LB_IFNAME_MAX == ABI_IFNAMSIZ, "limits of the ABI");

static struct lb_mark_end
end_read(uint8_t af, const struct ds_mark_end *in)
{
	struct lb_mark_end end = {.port_min = in->port_min, .port_max = in->port_max, .plen = in->plen};
	union inet_ip ip = lb_ctrl_ip(af, &in->addr);

	/* A length that is too long is refused later. */
	end.ip = in->plen <= inet_bits(af) ? inet_ip_mask(af, &ip, in->plen) : ip;
	return end;
}

static int
mark_set(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct lb_mark_rule rule;
	struct ds_mark c;

	if (req->len < sizeof(c))
		return EDPVS_INVAL;
	memcpy(&c, req->body, sizeof(c));
	if (c.op == DS_MARK_FLUSH)
		return lb_marks_flush();
	if ((c.rule.af != ABI_AF_INET && c.rule.af != ABI_AF_INET6) ||
	    !memchr(c.rule.iifname, '\0', sizeof(c.rule.iifname)))
		return EDPVS_INVAL;
	memset(&rule, 0, sizeof(rule));
	rule.mark = c.rule.mark;
	rule.af = c.rule.af;
	rule.proto = c.rule.proto;
	rule.src = end_read(rule.af, &c.rule.src);
	rule.dst = end_read(rule.af, &c.rule.dst);
	strcpy(rule.iifname, c.rule.iifname);
	if (c.op == DS_MARK_ADD)
		return lb_mark_add(&rule);
	return c.op == DS_MARK_DEL ? lb_mark_del(&rule) : EDPVS_INVAL;
}

static struct ds_mark_end
end_write(const struct lb_mark_end *in)
{
	struct ds_mark_end end = {.plen = in->plen, .port_min = in->port_min, .port_max = in->port_max};

	memcpy(&end.addr, &in->ip, sizeof(end.addr));
	return end;
}

static int
mark_list(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	uint32_t n;
	const struct lb_mark_rule *rules = lb_marks_all(&n);

	for (uint32_t i = 0; i < n; i++) {
		struct ds_mark_rule out = {.mark = rules[i].mark,
					   .af = rules[i].af,
					   .proto = rules[i].proto,
					   .src = end_write(&rules[i].src),
					   .dst = end_write(&rules[i].dst)};
		void *at = ctrl_reply_record(reply, DS_TLV_MARK, sizeof(out));

		if (!at)
			return EDPVS_NOMEM;
		memcpy(out.iifname, rules[i].iifname, sizeof(out.iifname));
		memcpy(at, &out, sizeof(out));
	}
	return EDPVS_OK;
}

void
lb_mark_ctrl_register(void)
{
	ctrl_register(DS_MSG_MARK, mark_set);
	ctrl_register(DS_MSG_MARK_LIST, mark_list);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* pfifo, bfifo: first in, first out, up to a number of frames or bytes. pfifo_fast: three of them, chosen by
 * the type of service (RFC 1349) or the traffic class, the lowest first. */
#include "kind.h"

#include <string.h>

enum { PACKETS = 1024 };

/* ---- pfifo ---- */

static int
packets_read(const union tc_qsch_qopt *in, uint32_t mtu, struct tc_params *out)
{
	out->limit = in->fifo.limit ? in->fifo.limit : PACKETS;
	return EDPVS_OK;
}

static void
limit_write(const struct tc_params *p, union tc_qsch_qopt *out)
{
	out->fifo.limit = p->limit;
}

static enum drop_reason
packets_admit(const struct tc_params *p, const struct tc_queue *q, uint32_t len)
{
	return q->waiting < p->limit ? DROP_NONE : DROP_TC_LIMIT;
}

const struct tc_kind tc_pfifo = {
    .name = "pfifo", .read = packets_read, .write = limit_write, .admit = packets_admit};

/* ---- bfifo ---- */

static int
bytes_read(const union tc_qsch_qopt *in, uint32_t mtu, struct tc_params *out)
{
	out->limit = in->fifo.limit ? in->fifo.limit : tc_default_bytes(mtu);
	return EDPVS_OK;
}

static enum drop_reason
bytes_admit(const struct tc_params *p, const struct tc_queue *q, uint32_t len)
{
	return q->waiting_bytes + len <= p->limit ? DROP_NONE : DROP_TC_LIMIT;
}

const struct tc_kind tc_bfifo = {
    .name = "bfifo", .read = bytes_read, .write = limit_write, .admit = bytes_admit};

/* ---- pfifo_fast ---- */

/* By the lower bits of the type of service, without the last; what listings show as priomap. */
static const uint8_t bands[TC_PRIO_MAX + 1] = {1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1};

static int
fast_read(const union tc_qsch_qopt *in, uint32_t mtu, struct tc_params *out)
{
	out->limit = PACKETS;
	return EDPVS_OK;
}

static void
fast_write(const struct tc_params *p, union tc_qsch_qopt *out)
{
	out->prio.bands = TC_BANDS;
	memcpy(out->prio.priomap, bands, sizeof(bands));
}

static unsigned
fast_band(uint8_t tos)
{
	return bands[tos >> 1 & TC_PRIO_MAX];
}

const struct tc_kind tc_pfifo_fast = {.name = "pfifo_fast",
				      .fixed = true,
				      .read = fast_read,
				      .write = fast_write,
				      .admit = packets_admit,
				      .band = fast_band};

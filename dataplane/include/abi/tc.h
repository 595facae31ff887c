/* SPDX-License-Identifier: Apache-2.0 */
/* Queue schedulers and classifiers (ids 84 to 88). */
#ifndef ABI_TC_H
#define ABI_TC_H

#include "common.h"

/* tc_conf.obj. */
#define TC_OBJ_QSCH 0
#define TC_OBJ_CLS  1

/* tc_conf.op_flags. */
#define TC_F_OPS_STATS	 0x1
#define TC_F_OPS_VERBOSE 0x2

/* Handles: major number in the upper 16 bits, minor in the lower. */
#define TC_H_UNSPEC  0x0
#define TC_H_ROOT    0xffffffffu
#define TC_H_INGRESS 0xfffffff1u
#define TC_PRIO_MAX  15
#define TCNAMESIZ    16

/* tc_qsch_param.flags. */
#define QSCH_F_INGRESS	 0x1
#define QSCH_F_INVISIBLE 0x2

/* A rate of a token bucket. */
struct tc_ratespec {
	uint8_t cell_log;
	uint8_t linklayer;
	uint16_t overhead;
	int16_t cell_align;
	uint16_t mpu;
	uint32_t rate; /* bits per second */
};
ABI_SIZE(struct tc_ratespec, 12);
ABI_OFFSET(struct tc_ratespec, rate, 8);

/* Token bucket. */
struct tc_tbf_qopt {
	struct tc_ratespec rate;
	struct tc_ratespec peakrate;
	uint32_t limit;	 /* bytes */
	uint32_t buffer; /* bytes of the bucket */
	uint32_t mtu;	 /* bytes */
};
ABI_SIZE(struct tc_tbf_qopt, 36);
ABI_OFFSET(struct tc_tbf_qopt, peakrate, 12);
ABI_OFFSET(struct tc_tbf_qopt, mtu, 32);

/* First in, first out. */
struct tc_fifo_qopt {
	uint32_t limit; /* packets (pfifo) or bytes (bfifo) */
};
ABI_SIZE(struct tc_fifo_qopt, 4);

/* Priority bands. */
struct tc_prio_qopt {
	int32_t bands;
	uint8_t priomap[TC_PRIO_MAX + 1]; /* priority to band */
};
ABI_SIZE(struct tc_prio_qopt, 20);
ABI_OFFSET(struct tc_prio_qopt, priomap, 4);

/* Queue counters of a scheduler. */
struct qsch_qstats {
	uint32_t qlen;	  /* packets waiting */
	uint32_t backlog; /* bytes waiting */
	uint32_t drops;
	uint32_t requeues;
	uint32_t overlimits;
};
ABI_SIZE(struct qsch_qstats, 20);
ABI_OFFSET(struct qsch_qstats, overlimits, 16);

/* Traffic counters of a scheduler. */
struct qsch_bstats {
	uint64_t bytes;
	uint32_t packets;
	uint8_t pad0[4];
};
ABI_SIZE(struct qsch_bstats, 16);
ABI_OFFSET(struct qsch_bstats, packets, 8);

/* Parameters of a scheduler by its kind. */
union tc_qsch_qopt {
	struct tc_tbf_qopt tbf;
	struct tc_fifo_qopt fifo;
	struct tc_prio_qopt prio;
} ABI_PACKED;
ABI_SIZE(union tc_qsch_qopt, 36);

/* A queue scheduler: body of ids 84 to 88 when tc_conf.obj is TC_OBJ_QSCH. */
struct tc_qsch_param {
	uint8_t cid; /* lcore id, reply only */
	uint32_t handle;
	uint32_t where;	      /* parent */
	char kind[TCNAMESIZ]; /* "pfifo", "bfifo", "pfifo_fast" or "tbf": selects the member of qopt */
	union tc_qsch_qopt qopt;
	int32_t cls_cnt; /* classifiers attached */
	uint32_t flags;	 /* QSCH_F_* */
	struct qsch_qstats qstats;
	struct qsch_bstats bstats;
} ABI_PACKED;
ABI_SIZE(struct tc_qsch_param, 105);
ABI_OFFSET(struct tc_qsch_param, qopt, 25);
ABI_OFFSET(struct tc_qsch_param, qstats, 69);
ABI_OFFSET(struct tc_qsch_param, bstats, 89);

/* What a classifier does with a packet. */
struct tc_cls_result {
	uint8_t drop; /* 1: drop it */
	uint8_t pad0[3];
	uint32_t sch_id; /* else: scheduler that gets it */
};
ABI_SIZE(struct tc_cls_result, 8);
ABI_OFFSET(struct tc_cls_result, sch_id, 4);

/* Classifier by tuple and device. */
struct tc_cls_match_copt {
	uint8_t proto;
	struct dp_vs_match match;
	struct tc_cls_result result;
} ABI_PACKED;
ABI_SIZE(struct tc_cls_match_copt, 117);
ABI_OFFSET(struct tc_cls_match_copt, match, 1);
ABI_OFFSET(struct tc_cls_match_copt, result, 109);

/* Classifier by address set. */
struct tc_cls_ipset_copt {
	char setname[IPSET_MAXNAMELEN];
	uint8_t dst_match; /* 1: match destination, 0: source */
	struct tc_cls_result result;
} ABI_PACKED;
ABI_SIZE(struct tc_cls_ipset_copt, 41);
ABI_OFFSET(struct tc_cls_ipset_copt, result, 33);

/* Parameters of a classifier by its kind. */
union tc_cls_copt {
	struct tc_cls_match_copt match;
	struct tc_cls_ipset_copt set;
} ABI_PACKED;
ABI_SIZE(union tc_cls_copt, 117);

/* A classifier: body of ids 84 to 88 when tc_conf.obj is TC_OBJ_CLS. */
struct tc_cls_param {
	uint8_t cid;	 /* lcore id, reply only */
	uint32_t sch_id; /* scheduler it belongs to */
	uint32_t handle;
	char kind[TCNAMESIZ]; /* "match" or "ipset": selects the member of copt */
	abi_be16_t pkt_type;  /* EtherType */
	int32_t priority;     /* larger goes first */
	union tc_cls_copt copt;
} ABI_PACKED;
ABI_SIZE(struct tc_cls_param, 148);
ABI_OFFSET(struct tc_cls_param, copt, 31);

/* Either kind of object; the reply of id 88 is an array of these without a count. */
union tc_param {
	struct tc_qsch_param qsch;
	struct tc_cls_param cls;
} ABI_PACKED;
ABI_SIZE(union tc_param, 148);

/* Request of ids 84 to 88. */
struct tc_conf {
	int32_t obj;	   /* TC_OBJ_* */
	uint32_t op_flags; /* TC_F_OPS_* */
	char ifname[ABI_IFNAMSIZ];
	union tc_param param;
} ABI_PACKED;
ABI_SIZE(struct tc_conf, 172);
ABI_OFFSET(struct tc_conf, param, 24);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Devices and lcores (ids 53 to 66). */
#ifndef ABI_LINK_H
#define ABI_LINK_H

#include "common.h"

/* netif_bond_set.act. */
#define ACT_ADD 1
#define ACT_DEL 2
#define ACT_SET 3

/* netif_bond_set.opt. */
#define OPT_MODE		  1
#define OPT_SLAVE		  2
#define OPT_PRIMARY		  3
#define OPT_XMIT_POLICY		  4
#define OPT_LINK_MONITOR_INTERVAL 5
#define OPT_LINK_DOWN_PROP	  6
#define OPT_LINK_UP_PROP	  7

/* netif_hw_addr_entry.flags. */
#define HW_ADDR_F_FROM_KNI 0x1

/* Reply of id 57. Bit n of a mask is lcore id n. */
struct netif_lcore_mask_get {
	uint8_t master_lcore_id;
	uint8_t kni_lcore_id;	   /* 0: none */
	uint8_t slave_lcore_num;   /* workers */
	uint8_t isol_rx_lcore_num; /* lcores that only receive */
	uint8_t pad0[4];
	uint64_t slave_lcore_mask;
	uint64_t isol_rx_lcore_mask;
};
ABI_SIZE(struct netif_lcore_mask_get, 24);
ABI_OFFSET(struct netif_lcore_mask_get, isol_rx_lcore_mask, 16);

/*
 * Head of the reply of id 58; `queue_data_len` bytes of text follow at offset 8, terminating NUL included.
 */
struct netif_lcore_basic_get {
	uint8_t lcore_id;
	uint8_t socket_id; /* NUMA node */
	uint8_t pad0[2];
	uint32_t queue_data_len; /* bytes */
};
ABI_SIZE(struct netif_lcore_basic_get, 8);
ABI_OFFSET(struct netif_lcore_basic_get, queue_data_len, 4);

/* Reply of id 59. */
struct netif_lcore_stats_get {
	uint8_t lcore_id;
	uint8_t pad0[7];
	uint64_t lcore_loop;  /* turns of the loop */
	uint64_t pktburst;    /* bursts received */
	uint64_t zpktburst;   /* empty bursts */
	uint64_t fpktburst;   /* full bursts */
	uint64_t z2hpktburst; /* bursts up to half full */
	uint64_t h2fpktburst; /* bursts more than half full */
	uint64_t ipackets;
	uint64_t ibytes;
	uint64_t opackets;
	uint64_t obytes;
	uint64_t dropped;
};
ABI_SIZE(struct netif_lcore_stats_get, 96);
ABI_OFFSET(struct netif_lcore_stats_get, dropped, 88);

/* Number and name of a device. */
struct port_id_name {
	uint16_t id;
	char name[ABI_IFNAMSIZ];
} ABI_PACKED;
ABI_SIZE(struct port_id_name, 18);
ABI_OFFSET(struct port_id_name, name, 2);

/* Head of the reply of id 60; `nic_num` x port_id_name follow at offset 10. */
struct netif_nic_list_get {
	uint16_t nic_num;
	uint16_t phy_pid_base;	/* physical ports: first id */
	uint16_t phy_pid_end;	/* one past the last */
	uint16_t bond_pid_base; /* bonding ports: first id */
	uint16_t bond_pid_end;	/* one past the last */
};
ABI_SIZE(struct netif_nic_list_get, 10);
ABI_OFFSET(struct netif_nic_list_get, bond_pid_end, 8);

/* Reply of id 61. */
struct netif_nic_basic_get {
	char name[32];
	char addr[32];	       /* MAC address as text */
	char link_status[16];  /* text */
	char link_duplex[16];  /* text */
	char link_autoneg[16]; /* text */
	uint32_t link_speed;   /* Mbit/s */
	uint8_t nrxq;
	uint8_t ntxq;
	uint8_t padding[3];
	uint8_t socket_id; /* NUMA node */
	uint16_t port_id;
	uint16_t mtu;	/* bytes */
	uint16_t flags; /* NETIF_NIC_F_* */
};
ABI_SIZE(struct netif_nic_basic_get, 128);
ABI_OFFSET(struct netif_nic_basic_get, mtu, 124);

/* Bits of netif_nic_basic_get.flags. */
#define NETIF_NIC_F_PROMISC	    0x1
#define NETIF_NIC_F_ALLMULTICAST    0x2
#define NETIF_NIC_F_FWD2KNI	    0x4
#define NETIF_NIC_F_TC_EGRESS	    0x8
#define NETIF_NIC_F_TC_INGRESS	    0x10
#define NETIF_NIC_F_OL_RX_IP_CSUM   0x20
#define NETIF_NIC_F_OL_TX_IP_CSUM   0x40
#define NETIF_NIC_F_OL_TX_TCP_CSUM  0x80
#define NETIF_NIC_F_OL_TX_UDP_CSUM  0x100
#define NETIF_NIC_F_LLDP	    0x200
#define NETIF_NIC_F_OL_TX_FAST_FREE 0x400

/* Reply of id 62. */
struct netif_nic_stats_get {
	uint32_t mbuf_avail; /* free buffers of the pool */
	uint32_t mbuf_inuse; /* buffers in use */
	uint64_t ipackets;
	uint64_t opackets;
	uint64_t ibytes;
	uint64_t obytes;
	uint64_t imissed;
	uint64_t ierrors;
	uint64_t oerrors;
	uint64_t rx_nombuf;
	uint64_t q_ipackets[ABI_QUEUE_STAT_CNTRS];
	uint64_t q_opackets[ABI_QUEUE_STAT_CNTRS];
	uint64_t q_ibytes[ABI_QUEUE_STAT_CNTRS];
	uint64_t q_obytes[ABI_QUEUE_STAT_CNTRS];
	uint64_t q_errors[ABI_QUEUE_STAT_CNTRS];
	uint16_t padding[3];
	uint16_t port_id;
};
ABI_SIZE(struct netif_nic_stats_get, 720);
ABI_OFFSET(struct netif_nic_stats_get, q_ipackets, 72);
ABI_OFFSET(struct netif_nic_stats_get, q_opackets, 200);
ABI_OFFSET(struct netif_nic_stats_get, q_ibytes, 328);
ABI_OFFSET(struct netif_nic_stats_get, q_obytes, 456);
ABI_OFFSET(struct netif_nic_stats_get, q_errors, 584);
ABI_OFFSET(struct netif_nic_stats_get, padding, 712);
ABI_OFFSET(struct netif_nic_stats_get, port_id, 718);

/* One counter of the driver. */
struct netif_nic_xstats_entry {
	uint64_t id;
	uint64_t val;
	char name[64]; /* NUL terminated */
};
ABI_SIZE(struct netif_nic_xstats_entry, 80);
ABI_OFFSET(struct netif_nic_xstats_entry, name, 16);

/*
 * Head of the reply of id 63; `nentries` x netif_nic_xstats_entry follow at offset 8. The body is empty when
 * the driver has no such counters.
 */
struct netif_nic_xstats_get {
	uint16_t pid;
	uint16_t nentries;
	uint8_t pad0[4];
};
ABI_SIZE(struct netif_nic_xstats_get, 8);
ABI_OFFSET(struct netif_nic_xstats_get, nentries, 2);

/* Capabilities of a device; the fields are those of struct rte_eth_dev_info. */
struct netif_nic_dev_get {
	char pci_addr[32];
	char driver_name[32];
	uint32_t if_index;
	uint32_t min_rx_bufsize;
	uint32_t max_rx_pktlen;
	uint16_t max_rx_queues;
	uint16_t max_tx_queues;
	uint32_t max_mac_addrs;
	uint32_t max_hash_mac_addrs;
	uint16_t max_vfs;
	uint16_t max_vmdq_pools;
	uint32_t rx_offload_capa;
	uint32_t tx_offload_capa;
	uint32_t reta_size;
	uint8_t hash_key_size;
	uint64_t flow_type_rss_offloads;
	uint16_t vmdq_queue_base;
	uint16_t vmdq_queue_num;
	uint16_t vmdq_pool_base;
	uint16_t rx_desc_lim_nb_max;
	uint16_t rx_desc_lim_nb_min;
	uint16_t rx_desc_lim_nb_align;
	uint16_t tx_desc_lim_nb_max;
	uint16_t tx_desc_lim_nb_min;
	uint16_t tx_desc_lim_nb_align;
	uint32_t speed_capa;
} ABI_PACKED;
ABI_SIZE(struct netif_nic_dev_get, 135);
ABI_OFFSET(struct netif_nic_dev_get, speed_capa, 131);

/* Where the queue text lies in the data of netif_nic_ext_get. */
struct netif_nic_conf_queues {
	uint64_t data_offset; /* from the start of the data */
	uint64_t data_len;    /* bytes, NUL not counted */
} ABI_PACKED;
ABI_SIZE(struct netif_nic_conf_queues, 16);
ABI_OFFSET(struct netif_nic_conf_queues, data_len, 8);

/* Where the multicast list lies in the data of netif_nic_ext_get. */
struct netif_mc_list_conf {
	uint64_t data_offset; /* from the start of the data */
	uint64_t data_len;    /* bytes, NUL not counted */
	int32_t naddr;
} ABI_PACKED;
ABI_SIZE(struct netif_mc_list_conf, 20);
ABI_OFFSET(struct netif_mc_list_conf, naddr, 16);

/* Head of the reply of id 64; exactly `datalen` bytes of text follow at offset 184. */
struct netif_nic_ext_get {
	uint16_t port_id;
	struct netif_nic_dev_get dev_info;
	struct netif_nic_conf_queues cfg_queues;
	struct netif_mc_list_conf mc_list;
	uint8_t pad0[3];
	uint64_t datalen; /* bytes */
};
ABI_SIZE(struct netif_nic_ext_get, 184);
ABI_OFFSET(struct netif_nic_ext_get, dev_info, 2);
ABI_OFFSET(struct netif_nic_ext_get, cfg_queues, 137);
ABI_OFFSET(struct netif_nic_ext_get, mc_list, 153);
ABI_OFFSET(struct netif_nic_ext_get, datalen, 176);

/* A member of a bonding device. */
struct bond_slave_node {
	char name[32];
	char macaddr[32]; /* text */
	int32_t is_active;
	int32_t is_primary;
};
ABI_SIZE(struct bond_slave_node, 72);
ABI_OFFSET(struct bond_slave_node, is_primary, 68);

/* Reply of id 65. */
struct netif_bond_status_get {
	int32_t mode;
	int32_t slave_nb;
	int32_t active_nb;
	struct bond_slave_node slaves[NETIF_MAX_BOND_SLAVES]; /* the first slave_nb are filled */
	char macaddr[32];				      /* text */
	char xmit_policy[32];
	int32_t link_monitor_interval; /* milliseconds */
	int32_t link_down_prop_delay;  /* milliseconds */
	int32_t link_up_prop_delay;    /* milliseconds */
};
ABI_SIZE(struct netif_bond_status_get, 2392);
ABI_OFFSET(struct netif_bond_status_get, slaves, 12);
ABI_OFFSET(struct netif_bond_status_get, link_up_prop_delay, 2388);

/* Request of id 53. */
struct netif_lcore_set {
	uint8_t cid;
};
ABI_SIZE(struct netif_lcore_set, 1);

/* Request of id 54: switches to turn and, when not empty, a new MAC address. */
struct netif_nic_set {
	char pname[32];
	char macaddr[18]; /* text, hex pairs */
	uint16_t flags;	  /* NETIF_NIC_SET_F_* */
};
ABI_SIZE(struct netif_nic_set, 52);
ABI_OFFSET(struct netif_nic_set, macaddr, 32);

/* Bits of netif_nic_set.flags. */
#define NETIF_NIC_SET_F_PROMISC_ON	 0x1
#define NETIF_NIC_SET_F_PROMISC_OFF	 0x2
#define NETIF_NIC_SET_F_ALLMULTICAST_ON	 0x4
#define NETIF_NIC_SET_F_ALLMULTICAST_OFF 0x8
#define NETIF_NIC_SET_F_LINK_STATUS_UP	 0x10
#define NETIF_NIC_SET_F_LINK_STATUS_DOWN 0x20
#define NETIF_NIC_SET_F_FORWARD2KNI_ON	 0x40
#define NETIF_NIC_SET_F_FORWARD2KNI_OFF	 0x80
#define NETIF_NIC_SET_F_TC_EGRESS_ON	 0x100
#define NETIF_NIC_SET_F_TC_EGRESS_OFF	 0x200
#define NETIF_NIC_SET_F_TC_INGRESS_ON	 0x400
#define NETIF_NIC_SET_F_TC_INGRESS_OFF	 0x800
#define NETIF_NIC_SET_F_LLDP_ON		 0x1000
#define NETIF_NIC_SET_F_LLDP_OFF	 0x2000

/* Value of one property of a bonding device. Delays in milliseconds. */
union netif_bond_param {
	int32_t mode;
	char slave[32];
	char primary[32];
	char xmit_policy[32];
	int32_t link_monitor_interval;
	int32_t link_down_prop;
	int32_t link_up_prop;
};
ABI_SIZE(union netif_bond_param, 32);

/* Request of id 55: `opt` tells which member of param counts. */
struct netif_bond_set {
	char name[32];
	union netif_bond_param param;
	int32_t act; /* ACT_* */
	int32_t opt; /* OPT_* */
};
ABI_SIZE(struct netif_bond_set, 72);
ABI_OFFSET(struct netif_bond_set, param, 32);
ABI_OFFSET(struct netif_bond_set, opt, 68);

/* A multicast MAC address of a device. */
struct netif_hw_addr_entry {
	char addr[18]; /* text */
	uint32_t refcnt;
	uint16_t flags; /* HW_ADDR_F_* */
	uint16_t sync_cnt;
} ABI_PACKED;
ABI_SIZE(struct netif_hw_addr_entry, 26);
ABI_OFFSET(struct netif_hw_addr_entry, sync_cnt, 24);

/* Head of the reply of id 66; `count` x netif_hw_addr_entry follow at offset 4. */
struct netif_hw_addr_array {
	int32_t count;
} ABI_PACKED;
ABI_SIZE(struct netif_hw_addr_array, 4);

/* Body of DS_MSG_LINK_MTU. NODEV; INVAL, BUSY and NOTSUPP as the device says. */
struct ds_link_mtu {
	char name[32];	   /* of a device or a VLAN */
	uint32_t mtu;	   /* bytes of the longest IP packet */
	uint32_t reserved; /* 0 */
};
ABI_SIZE(struct ds_link_mtu, 40);

#endif

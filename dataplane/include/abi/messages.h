/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of control messages: one row each, expanded by whoever needs ids, names or size checks (the
 * daemon's dispatcher, the addon that describes this format to the TypeScript side).
 *
 * M(name, id, direction, availability, rule, size, request, reply, element)
 *   direction     GET, SET or BOTH: value(s) of the header's type field
 *   availability  DEFAULT: must be served; AGENT: only the REST agent uses it; PLACEHOLDER: range markers and
 * ids that were never implemented, answered with EDPVS_NOTSUPP or EDPVS_INVAL; EXTENSION: ext.h rule, size
 * how long a request body must be, in bytes: EXACT = size, MIN >= size, ANY = every length request structure
 * of the body; none, or device_name (NUL terminated text of up to ABI_IFNAMSIZ or 32 bytes), lcore_id (one
 * byte), ipv4_address (4 bytes, network order) reply         fixed part of the reply's body; none, or text
 * (64 bytes), result (int32_t) element       what follows the fixed part, repeated; none
 */
#ifndef ABI_MESSAGES_H
#define ABI_MESSAGES_H

#define ABI_MESSAGES(M)                                                                                      \
	M(SOCKOPT_SET_LADDR_ADD, 0, SET, DEFAULT, MIN, 184, dp_vs_laddr_conf, none, none)                    \
	M(SOCKOPT_SET_LADDR_DEL, 1, SET, DEFAULT, MIN, 184, dp_vs_laddr_conf, none, none)                    \
	M(SOCKOPT_SET_LADDR_FLUSH, 2, SET, DEFAULT, MIN, 184, dp_vs_laddr_conf, none, none)                  \
	M(SOCKOPT_GET_LADDR_GETALL, 3, GET, DEFAULT, MIN, 184, dp_vs_laddr_conf, dp_vs_laddr_conf,           \
	  dp_vs_laddr_entry)                                                                                 \
	M(SOCKOPT_GET_LADDR_MAX, 4, GET, PLACEHOLDER, ANY, 0, none, none, none)                              \
	M(DPVSAGENT_VS_GET_LADDR, 5, GET, AGENT, EXACT, 152, dp_vs_laddr_front, dp_vs_laddr_front,           \
	  dp_vs_laddr_detail)                                                                                \
	M(DPVSAGENT_VS_ADD_LADDR, 6, SET, AGENT, MIN, 152, dp_vs_laddr_front, none, none)                    \
	M(DPVSAGENT_VS_DEL_LADDR, 7, SET, AGENT, MIN, 152, dp_vs_laddr_front, none, none)                    \
	M(DPVS_SO_SET_FLUSH, 8, SET, DEFAULT, ANY, 0, none, none, none)                                      \
	M(DPVS_SO_SET_ZERO, 9, SET, DEFAULT, MIN, 264, dp_vs_service_compat, none, none)                     \
	M(DPVS_SO_SET_ADD, 10, SET, DEFAULT, MIN, 264, dp_vs_service_compat, none, none)                     \
	M(DPVS_SO_SET_EDIT, 11, SET, DEFAULT, MIN, 264, dp_vs_service_compat, none, none)                    \
	M(DPVS_SO_SET_DEL, 12, SET, DEFAULT, MIN, 264, dp_vs_service_compat, none, none)                     \
	M(DPVS_SO_SET_ADDDEST, 13, SET, DEFAULT, MIN, 384, dp_vs_service_dest, none, none)                   \
	M(DPVS_SO_SET_EDITDEST, 14, SET, DEFAULT, MIN, 384, dp_vs_service_dest, none, none)                  \
	M(DPVS_SO_SET_DELDEST, 15, SET, DEFAULT, MIN, 384, dp_vs_service_dest, none, none)                   \
	M(DPVS_SO_SET_GRATARP, 16, SET, DEFAULT, MIN, 4, ipv4_address, none, none)                           \
	M(DPVS_SO_GET_VERSION, 17, GET, DEFAULT, ANY, 0, none, text, none)                                   \
	M(DPVS_SO_GET_INFO, 18, GET, DEFAULT, ANY, 0, none, dp_vs_getinfo, none)                             \
	M(DPVS_SO_GET_SERVICES, 19, GET, DEFAULT, EXACT, 8, dp_vs_services_front, dp_vs_services_front,      \
	  dp_vs_service_compat)                                                                              \
	M(DPVS_SO_GET_SERVICE, 20, GET, DEFAULT, MIN, 264, dp_vs_service_compat, dp_vs_service_compat, none) \
	M(DPVS_SO_GET_DESTS, 21, GET, DEFAULT, EXACT, 144, dp_vs_dest_table, dp_vs_dest_table,               \
	  dp_vs_dest_compat)                                                                                 \
	M(DPVSAGENT_SO_GET_SERVICES, 22, GET, AGENT, EXACT, 8, dp_vs_services_front, dp_vs_services_front,   \
	  dp_vs_service_compat)                                                                              \
	M(SOCKOPT_SVC_MAX, 23, BOTH, PLACEHOLDER, ANY, 0, none, none, none)                                  \
	M(DPVSAGENT_VS_GET_DESTS, 24, GET, AGENT, EXACT, 148, dp_vs_dest_front, dp_vs_dest_front,            \
	  dp_vs_dest_compat)                                                                                 \
	M(DPVSAGENT_VS_ADD_DESTS, 25, SET, AGENT, MIN, 148, dp_vs_dest_front, none, none)                    \
	M(DPVSAGENT_VS_EDIT_DESTS, 26, SET, AGENT, MIN, 148, dp_vs_dest_front, none, none)                   \
	M(DPVSAGENT_VS_DEL_DESTS, 27, SET, AGENT, MIN, 148, dp_vs_dest_front, none, none)                    \
	M(SOCKOPT_SET_ROUTE_ADD, 28, SET, DEFAULT, ANY, 0, dp_vs_route_detail, none, none)                   \
	M(SOCKOPT_SET_ROUTE_DEL, 29, SET, DEFAULT, ANY, 0, dp_vs_route_detail, none, none)                   \
	M(SOCKOPT_SET_ROUTE_SET, 30, SET, DEFAULT, EXACT, 112, dp_vs_route_detail, none, none)               \
	M(SOCKOPT_SET_ROUTE_FLUSH, 31, SET, DEFAULT, EXACT, 112, dp_vs_route_detail, none, none)             \
	M(SOCKOPT_GET_ROUTE_SHOW, 32, GET, DEFAULT, MIN, 112, dp_vs_route_detail, dp_vs_route_conf_array,    \
	  dp_vs_route_detail)                                                                                \
	M(SOCKOPT_SET_ROUTE6_ADD_DEL, 33, SET, DEFAULT, MIN, 104, dp_vs_route6_conf, none, none)             \
	M(SOCKOPT_SET_ROUTE6_FLUSH, 34, SET, DEFAULT, MIN, 104, dp_vs_route6_conf, none, none)               \
	M(SOCKOPT_GET_ROUTE6_SHOW, 35, GET, DEFAULT, MIN, 104, dp_vs_route6_conf, dp_vs_route6_conf_array,   \
	  dp_vs_route6_conf)                                                                                 \
	M(DPVSAGENT_ROUTE_GET, 36, GET, AGENT, MIN, 112, dp_vs_route_detail, dp_vs_route_conf_array,         \
	  dp_vs_route_detail)                                                                                \
	M(DPVSAGENT_ROUTE_ADD, 37, SET, AGENT, EXACT, 112, dp_vs_route_detail, none, none)                   \
	M(DPVSAGENT_ROUTE_DEL, 38, SET, AGENT, EXACT, 112, dp_vs_route_detail, none, none)                   \
	M(DPVSAGENT_ROUTE6_GET, 39, GET, AGENT, MIN, 104, dp_vs_route6_conf, dp_vs_route6_conf_array,        \
	  dp_vs_route6_conf)                                                                                 \
	M(DPVSAGENT_ROUTE6_ADD, 40, SET, AGENT, MIN, 112, dp_vs_route_detail, none, none)                    \
	M(DPVSAGENT_ROUTE6_DEL, 41, SET, AGENT, MIN, 112, dp_vs_route_detail, none, none)                    \
	M(DPVSAGENT_IFADDR_GET_BASE, 42, GET, AGENT, MIN, 68, inet_addr_entry, inet_addr_front,              \
	  inet_addr_entry)                                                                                   \
	M(DPVSAGENT_IFADDR_GET_STATS, 43, GET, AGENT, MIN, 68, inet_addr_entry, inet_addr_front,             \
	  inet_addr_stats_detail)                                                                            \
	M(DPVSAGENT_IFADDR_GET_VERBOSE, 44, GET, AGENT, ANY, 0, none, none, none)                            \
	M(DPVSAGENT_IFADDR_ADD, 45, SET, AGENT, MIN, 68, inet_addr_entry, none, none)                        \
	M(DPVSAGENT_IFADDR_DEL, 46, SET, AGENT, MIN, 68, inet_addr_entry, none, none)                        \
	M(SOCKOPT_SET_IFADDR_ADD, 47, SET, DEFAULT, MIN, 76, inet_addr_param, none, none)                    \
	M(SOCKOPT_SET_IFADDR_DEL, 48, SET, DEFAULT, MIN, 76, inet_addr_param, none, none)                    \
	M(SOCKOPT_SET_IFADDR_SET, 49, SET, DEFAULT, MIN, 76, inet_addr_param, none, none)                    \
	M(SOCKOPT_SET_IFADDR_FLUSH, 50, SET, DEFAULT, MIN, 76, inet_addr_param, none, none)                  \
	M(SOCKOPT_GET_IFADDR_SHOW, 51, GET, DEFAULT, MIN, 76, inet_addr_param, inet_addr_data_array,         \
	  inet_addr_data)                                                                                    \
	M(SOCKOPT_GET_IFMADDR_SHOW, 52, GET, DEFAULT, MIN, 1, device_name, inet_maddr_array,                 \
	  inet_maddr_entry)                                                                                  \
	M(SOCKOPT_NETIF_SET_LCORE, 53, SET, DEFAULT, EXACT, 1, netif_lcore_set, none, none)                  \
	M(SOCKOPT_NETIF_SET_PORT, 54, SET, DEFAULT, EXACT, 52, netif_nic_set, none, none)                    \
	M(SOCKOPT_NETIF_SET_BOND, 55, SET, DEFAULT, EXACT, 72, netif_bond_set, none, none)                   \
	M(SOCKOPT_NETIF_SET_MAX, 56, SET, PLACEHOLDER, ANY, 0, none, none, none)                             \
	M(SOCKOPT_NETIF_GET_LCORE_MASK, 57, GET, DEFAULT, ANY, 0, none, netif_lcore_mask_get, none)          \
	M(SOCKOPT_NETIF_GET_LCORE_BASIC, 58, GET, DEFAULT, EXACT, 1, lcore_id, netif_lcore_basic_get, none)  \
	M(SOCKOPT_NETIF_GET_LCORE_STATS, 59, GET, DEFAULT, EXACT, 1, lcore_id, netif_lcore_stats_get, none)  \
	M(SOCKOPT_NETIF_GET_PORT_LIST, 60, GET, DEFAULT, ANY, 0, none, netif_nic_list_get, port_id_name)     \
	M(SOCKOPT_NETIF_GET_PORT_BASIC, 61, GET, DEFAULT, MIN, 1, device_name, netif_nic_basic_get, none)    \
	M(SOCKOPT_NETIF_GET_PORT_STATS, 62, GET, DEFAULT, MIN, 1, device_name, netif_nic_stats_get, none)    \
	M(SOCKOPT_NETIF_GET_PORT_XSTATS, 63, GET, DEFAULT, MIN, 1, device_name, netif_nic_xstats_get,        \
	  netif_nic_xstats_entry)                                                                            \
	M(SOCKOPT_NETIF_GET_PORT_EXT_INFO, 64, GET, DEFAULT, MIN, 1, device_name, netif_nic_ext_get, none)   \
	M(SOCKOPT_NETIF_GET_BOND_STATUS, 65, GET, DEFAULT, MIN, 1, device_name, netif_bond_status_get, none) \
	M(SOCKOPT_NETIF_GET_MADDR, 66, GET, DEFAULT, MIN, 1, device_name, netif_hw_addr_array,               \
	  netif_hw_addr_entry)                                                                               \
	M(SOCKOPT_NETIF_GET_MAX, 67, GET, PLACEHOLDER, ANY, 0, none, none, none)                             \
	M(SOCKOPT_SET_LLDP_TODO, 68, SET, PLACEHOLDER, ANY, 0, none, none, none)                             \
	M(SOCKOPT_GET_LLDP_SHOW, 69, GET, DEFAULT, MIN, 18, lldp_param, lldp_message, none)                  \
	M(SOCKOPT_SET_NEIGH_ADD, 70, SET, DEFAULT, MIN, 52, dp_vs_neigh_conf, none, none)                    \
	M(SOCKOPT_SET_NEIGH_DEL, 71, SET, DEFAULT, MIN, 52, dp_vs_neigh_conf, none, none)                    \
	M(SOCKOPT_GET_NEIGH_SHOW, 72, GET, DEFAULT, ANY, 0, dp_vs_neigh_conf, dp_vs_neigh_conf_array,        \
	  dp_vs_neigh_conf)                                                                                  \
	M(SOCKOPT_SET_BLKLST_ADD, 73, SET, DEFAULT, MIN, 68, dp_vs_blklst_conf, none, none)                  \
	M(SOCKOPT_SET_BLKLST_DEL, 74, SET, DEFAULT, MIN, 68, dp_vs_blklst_conf, none, none)                  \
	M(SOCKOPT_SET_BLKLST_FLUSH, 75, SET, PLACEHOLDER, MIN, 68, dp_vs_blklst_conf, none, none)            \
	M(SOCKOPT_GET_BLKLST_GETALL, 76, GET, DEFAULT, ANY, 0, none, dp_vs_blklst_conf_array,                \
	  dp_vs_blklst_conf)                                                                                 \
	M(SOCKOPT_SET_WHTLST_ADD, 77, SET, DEFAULT, MIN, 68, dp_vs_whtlst_conf, none, none)                  \
	M(SOCKOPT_SET_WHTLST_DEL, 78, SET, DEFAULT, MIN, 68, dp_vs_whtlst_conf, none, none)                  \
	M(SOCKOPT_SET_WHTLST_FLUSH, 79, SET, PLACEHOLDER, MIN, 68, dp_vs_whtlst_conf, none, none)            \
	M(SOCKOPT_GET_WHTLST_GETALL, 80, GET, DEFAULT, ANY, 0, none, dp_vs_whtlst_conf_array,                \
	  dp_vs_whtlst_conf)                                                                                 \
	M(SOCKOPT_SET_VLAN_ADD, 81, SET, DEFAULT, MIN, 36, vlan_param, none, none)                           \
	M(SOCKOPT_SET_VLAN_DEL, 82, SET, DEFAULT, MIN, 36, vlan_param, none, none)                           \
	M(SOCKOPT_GET_VLAN_SHOW, 83, GET, DEFAULT, MIN, 36, vlan_param, vlan_param_array, vlan_param)        \
	M(SOCKOPT_TC_ADD, 84, SET, DEFAULT, MIN, 172, tc_conf, none, none)                                   \
	M(SOCKOPT_TC_DEL, 85, SET, DEFAULT, MIN, 172, tc_conf, none, none)                                   \
	M(SOCKOPT_TC_CHANGE, 86, SET, DEFAULT, MIN, 172, tc_conf, none, none)                                \
	M(SOCKOPT_TC_REPLACE, 87, SET, DEFAULT, MIN, 172, tc_conf, none, none)                               \
	M(SOCKOPT_TC_SHOW, 88, GET, DEFAULT, MIN, 172, tc_conf, none, tc_param)                              \
	M(SOCKOPT_SET_CONN, 89, SET, PLACEHOLDER, ANY, 0, none, none, none)                                  \
	M(SOCKOPT_GET_CONN_ALL, 90, GET, DEFAULT, EXACT, 48, ip_vs_conn_req, ip_vs_conn_array,               \
	  ip_vs_conn_entry)                                                                                  \
	M(SOCKOPT_GET_CONN_SPECIFIED, 91, GET, DEFAULT, EXACT, 48, ip_vs_conn_req, ip_vs_conn_array,         \
	  ip_vs_conn_entry)                                                                                  \
	M(SOCKOPT_IP6_SET, 92, SET, PLACEHOLDER, ANY, 0, none, none, none)                                   \
	M(SOCKOPT_IP6_STATS, 93, GET, DEFAULT, ANY, 0, none, ip6_stats_param, none)                          \
	M(SOCKOPT_TUNNEL_ADD, 94, SET, DEFAULT, MIN, 80, ip_tunnel_param, none, none)                        \
	M(SOCKOPT_TUNNEL_DEL, 95, SET, DEFAULT, MIN, 80, ip_tunnel_param, none, none)                        \
	M(SOCKOPT_TUNNEL_CHANGE, 96, SET, DEFAULT, MIN, 80, ip_tunnel_param, none, none)                     \
	M(SOCKOPT_TUNNEL_REPLACE, 97, SET, DEFAULT, MIN, 80, ip_tunnel_param, none, none)                    \
	M(SOCKOPT_TUNNEL_SHOW, 98, GET, DEFAULT, MIN, 80, ip_tunnel_param, none, ip_tunnel_param)            \
	M(SOCKOPT_SET_KNI_ADD, 99, SET, DEFAULT, MIN, 40, kni_conf_param, none, none)                        \
	M(SOCKOPT_SET_KNI_DEL, 100, SET, DEFAULT, MIN, 40, kni_conf_param, none, none)                       \
	M(SOCKOPT_SET_KNI_FLUSH, 101, SET, DEFAULT, MIN, 40, kni_conf_param, none, none)                     \
	M(SOCKOPT_GET_KNI_LIST, 102, GET, DEFAULT, MIN, 40, kni_conf_param, kni_info, kni_conf_param)        \
	M(SOCKOPT_SET_IPSET, 103, SET, DEFAULT, MIN, 208, ipset_param, none, none)                           \
	M(SOCKOPT_GET_IPSET_TEST, 104, GET, DEFAULT, MIN, 208, ipset_param, result, none)                    \
	M(SOCKOPT_GET_IPSET_LIST, 105, GET, DEFAULT, MIN, 208, ipset_param, ipset_info_array, ipset_info)    \
	M(SOCKOPT_SET_IFTRAF_ADD, 106, SET, DEFAULT, ANY, 0, iftraf_param, none, none)                       \
	M(SOCKOPT_SET_IFTRAF_DEL, 107, SET, DEFAULT, ANY, 0, iftraf_param, none, none)                       \
	M(SOCKOPT_GET_IFTRAF_SHOW, 108, GET, DEFAULT, MIN, 16, dp_vs_iftraf_conf, iftraf_param_array,        \
	  iftraf_param)                                                                                      \
	M(SOCKOPT_SET_EAL_MEM_NONE, 7400, SET, PLACEHOLDER, ANY, 0, none, none, none)                        \
	M(SOCKOPT_GET_EAL_MEM_SEG, 7401, GET, DEFAULT, ANY, 0, none, eal_all_mem_seg_ret_s,                  \
	  eal_mem_seg_ret_s)                                                                                 \
	M(SOCKOPT_GET_EAL_MEM_ZONE, 7402, GET, DEFAULT, ANY, 0, none, eal_all_mem_zone_ret_s,                \
	  eal_mem_zone_ret_s)                                                                                \
	M(SOCKOPT_GET_EAL_MEM_RING, 7403, GET, DEFAULT, ANY, 0, none, eal_all_mem_ring_ret_s,                \
	  eal_mem_ring_ret_s)                                                                                \
	M(SOCKOPT_GET_EAL_MEM_POOL, 7404, GET, DEFAULT, ANY, 0, none, eal_all_mem_pool_ret_s,                \
	  eal_mem_pool_ret_s)                                                                                \
	M(DS_MSG_HELLO, 0x44530000, GET, EXTENSION, ANY, 0, ds_hello_request, none, ds_tlv)                  \
	M(DS_MSG_DROPS, 0x44530001, GET, EXTENSION, MIN, 8, ds_drops_request, none, ds_tlv)                  \
	M(DS_MSG_BATCH, 0x44530002, SET, EXTENSION, MIN, 32, ds_batch_request, none, ds_tlv)                 \
	M(DS_MSG_LIST_SERVICES, 0x44530003, GET, EXTENSION, MIN, 96, ds_list_services, none, ds_tlv)         \
	M(DS_MSG_LIST_CONNS, 0x44530004, GET, EXTENSION, MIN, 136, ds_list_conns, none, ds_tlv)              \
	M(DS_MSG_STATS, 0x44530005, GET, EXTENSION, ANY, 0, none, none, ds_tlv)                              \
	M(DS_MSG_ACL, 0x44530006, SET, EXTENSION, MIN, 80, ds_acl, none, none)                               \
	M(DS_MSG_TIMEOUTS, 0x44530012, BOTH, EXTENSION, ANY, 0, ds_timeouts, none, ds_tlv)                   \
	M(DS_MSG_MARK, 0x44530010, SET, EXTENSION, MIN, 80, ds_mark, none, none)                             \
	M(DS_MSG_MARK_LIST, 0x44530011, GET, EXTENSION, ANY, 0, none, none, ds_tlv)                          \
	M(DS_MSG_LCORE_LOAD, 0x44530020, GET, EXTENSION, ANY, 0, none, none, ds_tlv)                         \
	M(DS_MSG_LINK_MTU, 0x44530021, SET, EXTENSION, EXACT, 40, ds_link_mtu, none, none)

#define ABI_MESSAGE_ID(name, id, ...) name = (id),
enum abi_message_id { ABI_MESSAGES(ABI_MESSAGE_ID) };
#undef ABI_MESSAGE_ID

/* Values of the columns, for tables made from the rows above by token pasting. */
enum abi_direction { ABI_DIRECTION_GET = 0, ABI_DIRECTION_SET = 1, ABI_DIRECTION_BOTH = 2 };
enum abi_availability {
	ABI_AVAILABILITY_DEFAULT,
	ABI_AVAILABILITY_AGENT,
	ABI_AVAILABILITY_PLACEHOLDER,
	ABI_AVAILABILITY_EXTENSION,
};
enum abi_size_rule { ABI_RULE_EXACT, ABI_RULE_MIN, ABI_RULE_ANY };

#endif

// SPDX-License-Identifier: Apache-2.0
// The members of every structure of the control ABI. A row gives what the headers cannot: which integers are in network
// order, which bytes are padding, what single bits are called.
#pragma once

extern "C" {
#include "abi.h"
}
#include "layout.h"

namespace layout {

// proto.h
LAYOUT(dpvs_sock_msg, struct dpvs_sock_msg)
	M(version) M(id) M(type) PAD(pad0) M(len)
END
LAYOUT(dpvs_sock_msg_reply, struct dpvs_sock_msg_reply)
	M(version) M(id) M(type) M(errcode) M(errstr) M(len)
END

// common.h
LAYOUT(inet_addr, union inet_addr)
	M(in) M(in6)
END
LAYOUT(inet_prefix, struct inet_prefix)
	M(plen) M(addr)
END
LAYOUT(inet_addr_range, struct inet_addr_range)
	M(min_addr) M(max_addr) BE(min_port) BE(max_port)
END
LAYOUT(dp_vs_match, struct dp_vs_match)
	M(af) M(srange) M(drange) M(iifname) M(oifname)
END
LAYOUT(dp_vs_stats, struct dp_vs_stats)
	M(conns) M(inpkts) M(inbytes) M(outpkts) M(outbytes) M(cps) M(inpps) M(inbps) M(outpps) M(outbps)
	PAD(pad0)
END
LAYOUT(ether_addr, struct abi_ether_addr)
	M(ether_addr_octet)
END

// service.h
LAYOUT(dest_check_configs, struct dest_check_configs)
	M(types) M(dest_down_notice_num) M(dest_up_notice_num) M(dest_down_wait) M(dest_inhibit_min)
	M(dest_inhibit_max)
END
LAYOUT(dp_vs_service_compat, struct dp_vs_service_compat)
	M(af) M(proto) M(proxy_protocol) BE(port) M(fwmark) M(flags) M(timeout) M(conn_timeout) M(netmask)
	M(bps) M(limit_proportion) M(addr) M(sched_name) M(match) M(num_dests) M(num_laddrs) M(cid) M(index)
	PAD(pad0) M(stats) M(check_conf)
END
LAYOUT(ds_service_ext, struct ds_service_ext)
	M(mark) M(conn_limit)
END
LAYOUT(dp_vs_services_front, struct dp_vs_services_front)
	M(cid) M(index) M(count) PAD(pad0)
END
LAYOUT(dp_vs_getinfo, struct dp_vs_getinfo)
	M(version) M(size) M(num_services) M(num_lcores)
END

// dest.h
LAYOUT(dp_vs_dest_compat, struct dp_vs_dest_compat)
	M(af) BE(port) M(proto) M(weight) M(addr) M(conn_flags) M(flags) M(fwdmode) M(max_conn) M(min_conn)
	M(actconns) M(inactconns) M(persistconns) M(stats)
END
LAYOUT(dp_vs_dest_table, struct dp_vs_dest_table)
	M(af) M(proto) BE(port) M(fwmark) M(addr) M(num_dests) M(match) M(cid) M(index) PAD(pad0)
END
LAYOUT(dp_vs_service_dest, struct dp_vs_service_dest)
	M(svc) M(dest)
END

// laddr.h
LAYOUT(dp_vs_laddr_entry, struct dp_vs_laddr_entry)
	M(af) M(addr) PAD(pad0) M(nport_conflict) M(nconns) PAD(pad1)
END
LAYOUT(dp_vs_laddr_conf, struct dp_vs_laddr_conf)
	M(af_s) M(proto) PAD(pad0) M(vaddr) BE(vport) PAD(pad1) M(fwmark) M(match) M(cid) M(index) PAD(pad2)
	M(af_l) M(laddr) M(ifname) M(nladdrs)
END

// acl.h
LAYOUT(dp_vs_blklst_conf, struct dp_vs_blklst_conf)
	M(vaddr) BE(vport) M(proto) M(af) M(subject) M(ipset)
END
LAYOUT(dp_vs_blklst_conf_array, struct dp_vs_blklst_conf_array)
	M(naddr)
END
LAYOUT(dp_vs_whtlst_conf, struct dp_vs_whtlst_conf)
	M(vaddr) BE(vport) M(proto) M(af) M(subject) M(ipset)
END
LAYOUT(dp_vs_whtlst_conf_array, struct dp_vs_whtlst_conf_array)
	M(naddr)
END

// conn.h
LAYOUT(ip_vs_sockpair, struct ip_vs_sockpair)
	M(af) M(proto) BE(sport) BE(tport) M(sip) M(tip)
END
LAYOUT(ip_vs_conn_entry, struct ip_vs_conn_entry)
	M(in_af) M(out_af) M(proto) PAD(pad0) M(caddr) M(vaddr) M(laddr) M(daddr) BE(cport) BE(vport)
	BE(lport) BE(dport) M(timeout) M(lcoreid) M(state) PAD(pad1)
END
LAYOUT(ip_vs_conn_req, struct ip_vs_conn_req)
	M(flag) M(whence) M(sockpair)
END
LAYOUT(ip_vs_conn_array, struct ip_vs_conn_array)
	M(nconns) M(resl) M(curcid)
END

// addr.h
LAYOUT(inet_addr_entry, struct inet_addr_entry)
	M(af) M(valid_lft) M(prefered_lft) M(flags) M(ifname) M(bcast) M(addr) M(plen) M(scope) M(cid) M(nop)
END
LAYOUT(inet_addr_stats, struct inet_addr_stats)
	M(sa_used) M(sa_free) M(sa_miss)
END
LAYOUT(inet_addr_param, struct inet_addr_param)
	M(ifa_ops) M(ifa_ops_flags) M(ifa_entry)
END
LAYOUT(inet_addr_data, struct inet_addr_data)
	M(ifa_entry) M(ifa_stats)
END
LAYOUT(inet_addr_data_array, struct inet_addr_data_array)
	M(ops) M(ops_flags) M(naddr)
END
LAYOUT(inet_maddr_entry, struct inet_maddr_entry)
	M(ifname) M(maddr) M(af) M(flags) M(refcnt)
END
LAYOUT(inet_maddr_array, struct inet_maddr_array)
	M(nmaddr)
END

// route.h
LAYOUT(rt_addr, struct rt_addr)
	M(addr) M(plen)
END
LAYOUT(dp_vs_route_conf, struct dp_vs_route_conf)
	M(af) M(dst) M(plen) M(via) M(src) M(ifname) M(mtu) M(tos) M(scope) M(metric) M(proto) M(flags)
END
LAYOUT(dp_vs_route_detail, struct dp_vs_route_detail)
	M(af) M(mtu) M(flags) M(metric) M(dst) M(src) M(gateway) M(prefsrc) M(ifname)
END
LAYOUT(dp_vs_route_conf_array, struct dp_vs_route_conf_array)
	M(nroute)
END
LAYOUT(dp_vs_route6_conf, struct dp_vs_route6_conf)
	M(ops) M(dst) M(src) M(prefsrc) M(ifname) M(gateway) M(mtu) M(flags)
END
LAYOUT(dp_vs_route6_conf_array, struct dp_vs_route6_conf_array)
	M(nroute)
END

// neigh.h
LAYOUT(dp_vs_neigh_conf, struct dp_vs_neigh_conf)
	M(af) M(state) M(ip_addr) M(eth_addr) M(que_num) M(ifname) M(flag) M(cid)
END
LAYOUT(dp_vs_neigh_conf_array, struct dp_vs_neigh_conf_array)
	M(neigh_nums)
END

// link.h
LAYOUT(netif_lcore_mask_get, struct netif_lcore_mask_get)
	M(master_lcore_id) M(kni_lcore_id) M(slave_lcore_num) M(isol_rx_lcore_num) PAD(pad0)
	M(slave_lcore_mask) M(isol_rx_lcore_mask)
END
LAYOUT(netif_lcore_basic_get, struct netif_lcore_basic_get)
	M(lcore_id) M(socket_id) PAD(pad0) M(queue_data_len)
END
LAYOUT(netif_lcore_stats_get, struct netif_lcore_stats_get)
	M(lcore_id) PAD(pad0) M(lcore_loop) M(pktburst) M(zpktburst) M(fpktburst) M(z2hpktburst)
	M(h2fpktburst) M(ipackets) M(ibytes) M(opackets) M(obytes) M(dropped)
END
LAYOUT(port_id_name, struct port_id_name)
	M(id) M(name)
END
LAYOUT(netif_nic_list_get, struct netif_nic_list_get)
	M(nic_num) M(phy_pid_base) M(phy_pid_end) M(bond_pid_base) M(bond_pid_end)
END
LAYOUT(netif_nic_basic_get, struct netif_nic_basic_get)
	M(name) M(addr) M(link_status) M(link_duplex) M(link_autoneg) M(link_speed) M(nrxq) M(ntxq) M(padding)
	M(socket_id) M(port_id) M(mtu) PAD(flags) BITS(flags, promisc, NETIF_NIC_F_PROMISC)
	BITS(flags, allmulticast, NETIF_NIC_F_ALLMULTICAST) BITS(flags, fwd2kni, NETIF_NIC_F_FWD2KNI)
	BITS(flags, tc_egress, NETIF_NIC_F_TC_EGRESS) BITS(flags, tc_ingress, NETIF_NIC_F_TC_INGRESS)
	BITS(flags, ol_rx_ip_csum, NETIF_NIC_F_OL_RX_IP_CSUM)
	BITS(flags, ol_tx_ip_csum, NETIF_NIC_F_OL_TX_IP_CSUM)
	BITS(flags, ol_tx_tcp_csum, NETIF_NIC_F_OL_TX_TCP_CSUM)
	BITS(flags, ol_tx_udp_csum, NETIF_NIC_F_OL_TX_UDP_CSUM) BITS(flags, lldp, NETIF_NIC_F_LLDP)
	BITS(flags, ol_tx_fast_free, NETIF_NIC_F_OL_TX_FAST_FREE)
END
LAYOUT(netif_nic_stats_get, struct netif_nic_stats_get)
	M(mbuf_avail) M(mbuf_inuse) M(ipackets) M(opackets) M(ibytes) M(obytes) M(imissed) M(ierrors)
	M(oerrors) M(rx_nombuf) M(q_ipackets) M(q_opackets) M(q_ibytes) M(q_obytes) M(q_errors) M(padding)
	M(port_id)
END
LAYOUT(netif_nic_xstats_entry, struct netif_nic_xstats_entry)
	M(id) M(val) M(name)
END
LAYOUT(netif_nic_xstats_get, struct netif_nic_xstats_get)
	M(pid) M(nentries) PAD(pad0)
END
LAYOUT(netif_nic_dev_get, struct netif_nic_dev_get)
	M(pci_addr) M(driver_name) M(if_index) M(min_rx_bufsize) M(max_rx_pktlen) M(max_rx_queues)
	M(max_tx_queues) M(max_mac_addrs) M(max_hash_mac_addrs) M(max_vfs) M(max_vmdq_pools)
	M(rx_offload_capa) M(tx_offload_capa) M(reta_size) M(hash_key_size) M(flow_type_rss_offloads)
	M(vmdq_queue_base) M(vmdq_queue_num) M(vmdq_pool_base) M(rx_desc_lim_nb_max) M(rx_desc_lim_nb_min)
	M(rx_desc_lim_nb_align) M(tx_desc_lim_nb_max) M(tx_desc_lim_nb_min) M(tx_desc_lim_nb_align)
	M(speed_capa)
END
LAYOUT(netif_nic_conf_queues, struct netif_nic_conf_queues)
	M(data_offset) M(data_len)
END
LAYOUT(netif_mc_list_conf, struct netif_mc_list_conf)
	M(data_offset) M(data_len) M(naddr)
END
LAYOUT(netif_nic_ext_get, struct netif_nic_ext_get)
	M(port_id) M(dev_info) M(cfg_queues) M(mc_list) PAD(pad0) M(datalen)
END
LAYOUT(bond_slave_node, struct bond_slave_node)
	M(name) M(macaddr) M(is_active) M(is_primary)
END
LAYOUT(netif_bond_status_get, struct netif_bond_status_get)
	M(mode) M(slave_nb) M(active_nb) M(slaves) M(macaddr) M(xmit_policy) M(link_monitor_interval)
	M(link_down_prop_delay) M(link_up_prop_delay)
END
LAYOUT(netif_lcore_set, struct netif_lcore_set)
	M(cid)
END
LAYOUT(netif_nic_set, struct netif_nic_set)
	M(pname) M(macaddr) PAD(flags) BITS(flags, promisc_on, NETIF_NIC_SET_F_PROMISC_ON)
	BITS(flags, promisc_off, NETIF_NIC_SET_F_PROMISC_OFF)
	BITS(flags, allmulticast_on, NETIF_NIC_SET_F_ALLMULTICAST_ON)
	BITS(flags, allmulticast_off, NETIF_NIC_SET_F_ALLMULTICAST_OFF)
	BITS(flags, link_status_up, NETIF_NIC_SET_F_LINK_STATUS_UP)
	BITS(flags, link_status_down, NETIF_NIC_SET_F_LINK_STATUS_DOWN)
	BITS(flags, forward2kni_on, NETIF_NIC_SET_F_FORWARD2KNI_ON)
	BITS(flags, forward2kni_off, NETIF_NIC_SET_F_FORWARD2KNI_OFF)
	BITS(flags, tc_egress_on, NETIF_NIC_SET_F_TC_EGRESS_ON)
	BITS(flags, tc_egress_off, NETIF_NIC_SET_F_TC_EGRESS_OFF)
	BITS(flags, tc_ingress_on, NETIF_NIC_SET_F_TC_INGRESS_ON)
	BITS(flags, tc_ingress_off, NETIF_NIC_SET_F_TC_INGRESS_OFF)
	BITS(flags, lldp_on, NETIF_NIC_SET_F_LLDP_ON) BITS(flags, lldp_off, NETIF_NIC_SET_F_LLDP_OFF)
END
LAYOUT(netif_bond_param, union netif_bond_param)
	M(mode) M(slave) M(primary) M(xmit_policy) M(link_monitor_interval) M(link_down_prop) M(link_up_prop)
END
LAYOUT(netif_bond_set, struct netif_bond_set)
	M(name) M(param) M(act) M(opt)
END
LAYOUT(netif_hw_addr_entry, struct netif_hw_addr_entry)
	M(addr) M(refcnt) M(flags) M(sync_cnt)
END
LAYOUT(netif_hw_addr_array, struct netif_hw_addr_array)
	M(count)
END

// vlan.h
LAYOUT(vlan_param, struct vlan_param)
	M(real_dev) M(ifname) M(vlan_proto) M(vlan_id)
END
LAYOUT(vlan_param_array, struct vlan_param_array)
	M(nparam)
END

// tunnel.h
LAYOUT(iphdr, struct abi_iphdr)
	PAD(version_ihl) BITS(version_ihl, ihl, 0x0f) BITS(version_ihl, version, 0xf0) M(tos) BE(tot_len)
	BE(id) BE(frag_off) M(ttl) M(protocol) M(check) BE(saddr) BE(daddr)
END
LAYOUT(ip_tunnel_param, struct ip_tunnel_param)
	M(ifname) M(kind) M(link) BE(i_flags) BE(o_flags) BE(i_key) BE(o_key) M(iph)
END

// flow.h
LAYOUT(kni_addr_flow_entry, struct kni_addr_flow_entry)
	M(af) M(addr)
END
LAYOUT(kni_addr_flow_info, struct kni_addr_flow_info)
	M(nentries)
END
LAYOUT(kni_conf_data, union kni_conf_data)
	M(flow)
END
LAYOUT(kni_conf_param, struct kni_conf_param)
	M(type) M(ifname) M(data)
END
LAYOUT(kni_info, struct kni_info)
	M(len)
END

// lldp.h
LAYOUT(lldp_param, struct lldp_param)
	M(node) M(ifname)
END
LAYOUT(lldp_message, struct lldp_message)
	M(param) M(message)
END

// iftraf.h
LAYOUT(dp_vs_iftraf_conf, struct dp_vs_iftraf_conf)
	M(ifname)
END
LAYOUT(iftraf_param, struct iftraf_param)
	M(af) M(proto) M(cid) M(devid) M(ifname) M(saddr) M(daddr) BE(sport) BE(dport) M(total_recv)
	M(total_sent)
END
LAYOUT(iftraf_param_array, struct iftraf_param_array)
	M(ntrafs)
END

// stats6.h
LAYOUT(inet_stats, struct inet_stats)
	M(inpkts) M(inoctets) M(indelivers) M(outforwdatagrams) M(outpkts) M(outoctets) M(inhdrerrors)
	M(intoobigerrors) M(innoroutes) M(inaddrerrors) M(inunknownprotos) M(intruncatedpkts) M(indiscards)
	M(outdiscards) M(outnoroutes) M(reasmtimeout) M(reasmreqds) M(reasmoks) M(reasmfails) M(fragoks)
	M(fragfails) M(fragcreates) M(inmcastpkts) M(outmcastpkts) M(inbcastpkts) M(outbcastpkts)
	M(inmcastoctets) M(outmcastoctets) M(inbcastoctets) M(outbcastoctets) M(csumerrors) M(noectpkts)
	M(ect1pkts) M(ect0pkts) M(cepkts)
END
LAYOUT(ip6_stats_param, struct ip6_stats_param)
	M(stats) M(stats_cpus)
END

// tc.h
LAYOUT(tc_ratespec, struct tc_ratespec)
	M(cell_log) M(linklayer) M(overhead) M(cell_align) M(mpu) M(rate)
END
LAYOUT(tc_tbf_qopt, struct tc_tbf_qopt)
	M(rate) M(peakrate) M(limit) M(buffer) M(mtu)
END
LAYOUT(tc_fifo_qopt, struct tc_fifo_qopt)
	M(limit)
END
LAYOUT(tc_prio_qopt, struct tc_prio_qopt)
	M(bands) M(priomap)
END
LAYOUT(qsch_qstats, struct qsch_qstats)
	M(qlen) M(backlog) M(drops) M(requeues) M(overlimits)
END
LAYOUT(qsch_bstats, struct qsch_bstats)
	M(bytes) M(packets) PAD(pad0)
END
LAYOUT(tc_qsch_qopt, union tc_qsch_qopt)
	M(tbf) M(fifo) M(prio)
END
LAYOUT(tc_qsch_param, struct tc_qsch_param)
	M(cid) M(handle) M(where) M(kind) M(qopt) M(cls_cnt) M(flags) M(qstats) M(bstats)
END
LAYOUT(tc_cls_result, struct tc_cls_result)
	M(drop) PAD(pad0) M(sch_id)
END
LAYOUT(tc_cls_match_copt, struct tc_cls_match_copt)
	M(proto) M(match) M(result)
END
LAYOUT(tc_cls_ipset_copt, struct tc_cls_ipset_copt)
	M(setname) M(dst_match) M(result)
END
LAYOUT(tc_cls_copt, union tc_cls_copt)
	M(match) M(set)
END
LAYOUT(tc_cls_param, struct tc_cls_param)
	M(cid) M(sch_id) M(handle) M(kind) BE(pkt_type) M(priority) M(copt)
END
LAYOUT(tc_param, union tc_param)
	M(qsch) M(cls)
END
LAYOUT(tc_conf, struct tc_conf)
	M(obj) M(op_flags) M(ifname) M(param)
END

// ipset.h
LAYOUT(ipset_option_create, struct ipset_option_create)
	M(hashsize) M(maxelem) M(comment)
END
LAYOUT(ipset_option_add, struct ipset_option_add)
	M(padding) M(nomatch)
END
LAYOUT(ipset_option, struct ipset_option)
	OVER(create) OVER(add) M(family)
END
LAYOUT(ipset_param, struct ipset_param)
	M(type) M(name) M(comment) M(opcode) M(flag) M(option) M(proto) M(cidr)
	AS(range, inet_addr_range_native) M(iface) M(mac) M(padding) M(cidr2)
	AS(range2, inet_addr_range_native)
END
LAYOUT(ipset_member, struct ipset_member)
	M(comment) M(addr) M(cidr) M(proto) M(port) M(iface) M(mac) M(nomatch) M(cidr2) M(port2) M(padding)
	M(addr2)
END
LAYOUT(ipset_bitmap_header, struct ipset_bitmap_header)
	M(cidr) M(padding) AS(range, inet_addr_range_native)
END
LAYOUT(ipset_hash_header, struct ipset_hash_header)
	M(padding) M(hashsize) M(maxelem)
END
LAYOUT(ipset_info, struct ipset_info)
	M(name) M(type) M(comment) M(af) M(padding) OVER(bitmap) OVER(hash) M(size) M(entries) M(references)
	M(members)
END
LAYOUT(ipset_info_array, struct ipset_info_array)
	M(nipset)
END

// ealmem.h
LAYOUT(eal_mem_seg_ret_s, struct eal_mem_seg_ret_s)
	M(iova) M(virt_addr) M(len) M(hugepage_sz) M(socket_id) M(nchannel) M(nrank) PAD(pad0) M(free_seg_len)
END
LAYOUT(eal_all_mem_seg_ret_s, struct eal_all_mem_seg_ret_s)
	M(seg_num) PAD(pad0)
END
LAYOUT(eal_mem_zone_ret_s, struct eal_mem_zone_ret_s)
	M(name) M(iova) M(virt_addr) M(len) M(hugepage_sz) M(socket_id) PAD(pad0)
END
LAYOUT(eal_all_mem_zone_ret_s, struct eal_all_mem_zone_ret_s)
	M(zone_num) PAD(pad0)
END
LAYOUT(eal_mem_pool_ret_s, struct eal_mem_pool_ret_s)
	M(name) M(flags) M(size) M(count) M(elt_size) M(header_size) M(trailer_size) M(private_data_size)
END
LAYOUT(eal_all_mem_pool_ret_s, struct eal_all_mem_pool_ret_s)
	M(mempool_num)
END
LAYOUT(eal_mem_ring_ret_s, struct eal_mem_ring_ret_s)
	M(name) M(flags) M(size) M(cons_tail) M(cons_head) M(prod_tail) M(prod_head) M(used) M(avail)
END
LAYOUT(eal_all_mem_ring_ret_s, struct eal_all_mem_ring_ret_s)
	M(ring_num)
END

// agent.h
LAYOUT(dp_vs_dest_front, struct dp_vs_dest_front)
	M(af) M(proto) BE(port) M(fwmark) M(addr) M(num_dests) M(match) M(cid) M(index)
END
LAYOUT(dp_vs_laddr_detail, struct dp_vs_laddr_detail)
	M(af) M(conns) M(nport_conflict) M(addr) M(ifname)
END
LAYOUT(dp_vs_laddr_front, struct dp_vs_laddr_front)
	M(af) M(port) M(proto) M(fwmark) M(cid) M(count) M(addr) M(match) PAD(pad0)
END
LAYOUT(inet_addr_stats_detail, struct inet_addr_stats_detail)
	M(addr) M(sa_used) M(sa_free) M(sa_miss)
END
LAYOUT(inet_addr_front, struct inet_addr_front)
	M(count)
END

// ext.h
LAYOUT(ds_tlv, struct ds_tlv)
	M(type) M(flags) M(len)
END
LAYOUT(ds_hello_request, struct ds_hello_request)
	M(flags)
END
LAYOUT(ds_hello_info, struct ds_hello_info)
	M(struct_version) M(max_request_body) M(features) M(generation) M(boot_id) M(version)
END
LAYOUT(ds_lcore, struct ds_lcore)
	M(id) M(role) M(index) PAD(pad0)
END
LAYOUT(ds_drops_request, struct ds_drops_request)
	M(flags) M(reserved)
END
LAYOUT(ds_drop, struct ds_drop)
	M(name) M(layer) M(text) M(packets) M(lcore) M(reserved)
END
LAYOUT(ds_limits, struct ds_limits)
	M(max_batch_bytes) M(max_batch_items) M(max_page_bytes) M(max_page_conns)
END

// batch.h
LAYOUT(ds_batch_request, struct ds_batch_request)
	M(flags) M(count) M(generation) M(token)
END
LAYOUT(ds_batch_item, struct ds_batch_item)
	M(id) M(reserved)
END
LAYOUT(ds_batch_result, struct ds_batch_result)
	M(generation) M(applied) M(failed) M(first_failed) M(committed) M(repeated) M(reserved)
END

// list.h
LAYOUT(ds_list_info, struct ds_list_info)
	M(generation) M(total) M(cursor) M(flags) M(reserved)
END
LAYOUT(ds_prefix, struct ds_prefix)
	M(addr) M(af) M(plen) PAD(pad0)
END
LAYOUT(ds_list_services, struct ds_list_services)
	M(want) M(max_bytes) M(cursor) M(filter) M(fwmark) M(vip) M(rs) BE(vport) BE(rport) M(index) M(af) M(proto)
	PAD(pad0) M(sched_name)
END
LAYOUT(ds_rates, struct ds_rates)
	M(cps) M(inpps) M(inbps) M(outpps) M(outbps)
END
LAYOUT(ds_service_more, struct ds_service_more)
	M(serial) M(rates) M(deny) M(allow)
END
LAYOUT(ds_dest_more, struct ds_dest_more)
	M(rates) M(stat) M(weight)
END
LAYOUT(ds_laddr, struct ds_laddr)
	M(addr) M(conflicts) M(nconns) M(af) M(ifname)
END
LAYOUT(ds_acl_entry, struct ds_acl_entry)
	M(subject) M(ipset) M(reserved)
END
LAYOUT(ds_list_conns, struct ds_list_conns)
	M(want) M(max_entries) M(cursor) M(filter) M(lcore) M(af) M(proto) PAD(pad0) M(client) M(vip) M(laddr) M(rs)
	BE(cport) BE(vport) BE(lport) BE(rport) M(state)
END
LAYOUT(ds_conn_more, struct ds_conn_more)
	M(in_packets) M(in_bytes) M(out_packets) M(out_bytes) M(age_ms) M(left_ms) M(fwd) M(flags)
END
LAYOUT(ds_conn_count, struct ds_conn_count)
	M(count) M(vaddr) M(daddr) M(in_af) M(out_af) M(proto) M(lcore) BE(vport) BE(dport) M(state)
END

// aclext.h
LAYOUT(ds_acl, struct ds_acl)
	M(vaddr) BE(vport) M(proto) M(af) M(op) M(list) PAD(pad0) M(entry)
END

// timeouts.h
LAYOUT(ds_timeouts, struct ds_timeouts)
	M(tcp) M(tcp_fin) M(udp) M(reserved)
END

// mark.h
LAYOUT(ds_mark_end, struct ds_mark_end)
	M(addr) M(plen) PAD(pad0) M(port_min) M(port_max) PAD(pad1)
END
LAYOUT(ds_mark_rule, struct ds_mark_rule)
	M(mark) M(af) M(proto) PAD(pad0) M(src) M(dst) M(iifname)
END
LAYOUT(ds_mark, struct ds_mark)
	M(op) PAD(pad0) M(rule)
END

// load.h
LAYOUT(ds_ring_load, struct ds_ring_load)
	M(size) M(used) M(most)
END
LAYOUT(ds_link_mtu, struct ds_link_mtu)
	M(name) M(mtu) PAD(reserved)
END

LAYOUT(ds_lcore_load, struct ds_lcore_load)
	M(lcore) M(role) M(node) PAD(pad0) M(window_ms) M(busy) M(cpu) M(cycles) M(pps) M(turns) M(packets)
	M(busy_cycles) M(total_cycles) M(bursts_empty) M(bursts_low) M(bursts_high) M(bursts_full) M(hz)
	M(pool_size) M(pool_free) M(ring) PAD(pad1)
END

// segment.h
LAYOUT(ds_segment_info, struct ds_segment_info)
	M(size) M(version) M(reserved)
END
LAYOUT(ds_segment, struct ds_segment)
	M(magic) M(version) M(nworkers) M(size) M(epoch) M(changing) M(nvectors) M(directory) M(generation) M(beat_ms)
	M(boot_id)
END
LAYOUT(ds_vector, struct ds_vector)
	M(name) M(offset) M(stride) M(count) M(size)
END
LAYOUT(ds_stat_dest, struct ds_stat_dest)
	M(conns) M(in_packets) M(in_bytes) M(out_packets) M(out_bytes) M(active) M(inactive) M(persistent) M(overloaded)
	M(closed)
END
LAYOUT(ds_stat_worker, struct ds_stat_worker)
	M(loops) M(conns) M(conns_max) M(lcore) M(reserved)
END

// Port ranges inside address sets are in native order; all other port ranges are in network order.
constexpr Field native_range_fields[] = {
	field<union inet_addr>("min_addr", offsetof(inet_addr_range, min_addr), Order::Native, Role::Member),
	field<union inet_addr>("max_addr", offsetof(inet_addr_range, max_addr), Order::Native, Role::Member),
	field<uint16_t>("min_port", offsetof(inet_addr_range, min_port), Order::Native, Role::Member),
	field<uint16_t>("max_port", offsetof(inet_addr_range, max_port), Order::Native, Role::Member),
};
static_assert(covers(native_range_fields, sizeof(inet_addr_range), false));

// All of them, in the order of the headers.
constexpr Struct structs[] = {
	{"inet_addr_range_native", sizeof(inet_addr_range), false, native_range_fields, 4},
	entry<struct dpvs_sock_msg>(),
	entry<struct dpvs_sock_msg_reply>(),
	entry<union inet_addr>(),
	entry<struct inet_prefix>(),
	entry<struct inet_addr_range>(),
	entry<struct dp_vs_match>(),
	entry<struct dp_vs_stats>(),
	entry<struct abi_ether_addr>(),
	entry<struct dest_check_configs>(),
	entry<struct dp_vs_service_compat>(),
	entry<struct ds_service_ext>(),
	entry<struct dp_vs_services_front>(),
	entry<struct dp_vs_getinfo>(),
	entry<struct dp_vs_dest_compat>(),
	entry<struct dp_vs_dest_table>(),
	entry<struct dp_vs_service_dest>(),
	entry<struct dp_vs_laddr_entry>(),
	entry<struct dp_vs_laddr_conf>(),
	entry<struct dp_vs_blklst_conf>(),
	entry<struct dp_vs_blklst_conf_array>(),
	entry<struct dp_vs_whtlst_conf>(),
	entry<struct dp_vs_whtlst_conf_array>(),
	entry<struct ip_vs_sockpair>(),
	entry<struct ip_vs_conn_entry>(),
	entry<struct ip_vs_conn_req>(),
	entry<struct ip_vs_conn_array>(),
	entry<struct inet_addr_entry>(),
	entry<struct inet_addr_stats>(),
	entry<struct inet_addr_param>(),
	entry<struct inet_addr_data>(),
	entry<struct inet_addr_data_array>(),
	entry<struct inet_maddr_entry>(),
	entry<struct inet_maddr_array>(),
	entry<struct rt_addr>(),
	entry<struct dp_vs_route_conf>(),
	entry<struct dp_vs_route_detail>(),
	entry<struct dp_vs_route_conf_array>(),
	entry<struct dp_vs_route6_conf>(),
	entry<struct dp_vs_route6_conf_array>(),
	entry<struct dp_vs_neigh_conf>(),
	entry<struct dp_vs_neigh_conf_array>(),
	entry<struct netif_lcore_mask_get>(),
	entry<struct netif_lcore_basic_get>(),
	entry<struct netif_lcore_stats_get>(),
	entry<struct port_id_name>(),
	entry<struct netif_nic_list_get>(),
	entry<struct netif_nic_basic_get>(),
	entry<struct netif_nic_stats_get>(),
	entry<struct netif_nic_xstats_entry>(),
	entry<struct netif_nic_xstats_get>(),
	entry<struct netif_nic_dev_get>(),
	entry<struct netif_nic_conf_queues>(),
	entry<struct netif_mc_list_conf>(),
	entry<struct netif_nic_ext_get>(),
	entry<struct bond_slave_node>(),
	entry<struct netif_bond_status_get>(),
	entry<struct netif_lcore_set>(),
	entry<struct netif_nic_set>(),
	entry<union netif_bond_param>(),
	entry<struct netif_bond_set>(),
	entry<struct netif_hw_addr_entry>(),
	entry<struct netif_hw_addr_array>(),
	entry<struct vlan_param>(),
	entry<struct vlan_param_array>(),
	entry<struct abi_iphdr>(),
	entry<struct ip_tunnel_param>(),
	entry<struct kni_addr_flow_entry>(),
	entry<struct kni_addr_flow_info>(),
	entry<union kni_conf_data>(),
	entry<struct kni_conf_param>(),
	entry<struct kni_info>(),
	entry<struct lldp_param>(),
	entry<struct lldp_message>(),
	entry<struct dp_vs_iftraf_conf>(),
	entry<struct iftraf_param>(),
	entry<struct iftraf_param_array>(),
	entry<struct inet_stats>(),
	entry<struct ip6_stats_param>(),
	entry<struct tc_ratespec>(),
	entry<struct tc_tbf_qopt>(),
	entry<struct tc_fifo_qopt>(),
	entry<struct tc_prio_qopt>(),
	entry<struct qsch_qstats>(),
	entry<struct qsch_bstats>(),
	entry<union tc_qsch_qopt>(),
	entry<struct tc_qsch_param>(),
	entry<struct tc_cls_result>(),
	entry<struct tc_cls_match_copt>(),
	entry<struct tc_cls_ipset_copt>(),
	entry<union tc_cls_copt>(),
	entry<struct tc_cls_param>(),
	entry<union tc_param>(),
	entry<struct tc_conf>(),
	entry<struct ipset_option_create>(),
	entry<struct ipset_option_add>(),
	entry<struct ipset_option>(),
	entry<struct ipset_param>(),
	entry<struct ipset_member>(),
	entry<struct ipset_bitmap_header>(),
	entry<struct ipset_hash_header>(),
	entry<struct ipset_info>(),
	entry<struct ipset_info_array>(),
	entry<struct eal_mem_seg_ret_s>(),
	entry<struct eal_all_mem_seg_ret_s>(),
	entry<struct eal_mem_zone_ret_s>(),
	entry<struct eal_all_mem_zone_ret_s>(),
	entry<struct eal_mem_pool_ret_s>(),
	entry<struct eal_all_mem_pool_ret_s>(),
	entry<struct eal_mem_ring_ret_s>(),
	entry<struct eal_all_mem_ring_ret_s>(),
	entry<struct dp_vs_dest_front>(),
	entry<struct dp_vs_laddr_detail>(),
	entry<struct dp_vs_laddr_front>(),
	entry<struct inet_addr_stats_detail>(),
	entry<struct inet_addr_front>(),
	entry<struct ds_tlv>(),
	entry<struct ds_hello_request>(),
	entry<struct ds_hello_info>(),
	entry<struct ds_lcore>(),
	entry<struct ds_drops_request>(),
	entry<struct ds_drop>(),
	entry<struct ds_limits>(),
	entry<struct ds_batch_request>(),
	entry<struct ds_batch_item>(),
	entry<struct ds_batch_result>(),
	entry<struct ds_list_info>(),
	entry<struct ds_prefix>(),
	entry<struct ds_list_services>(),
	entry<struct ds_rates>(),
	entry<struct ds_service_more>(),
	entry<struct ds_dest_more>(),
	entry<struct ds_laddr>(),
	entry<struct ds_acl_entry>(),
	entry<struct ds_list_conns>(),
	entry<struct ds_conn_more>(),
	entry<struct ds_conn_count>(),
	entry<struct ds_acl>(),
	entry<struct ds_timeouts>(),
	entry<struct ds_mark_end>(),
	entry<struct ds_mark_rule>(),
	entry<struct ds_mark>(),
	entry<struct ds_ring_load>(),
	entry<struct ds_link_mtu>(),
	entry<struct ds_lcore_load>(),
	entry<struct ds_segment_info>(),
	entry<struct ds_segment>(),
	entry<struct ds_vector>(),
	entry<struct ds_stat_dest>(),
	entry<struct ds_stat_worker>(),
};

} // namespace layout

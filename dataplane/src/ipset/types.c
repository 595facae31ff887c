/* SPDX-License-Identifier: Apache-2.0 */
#include "types.h"

#include <stddef.h>
#include <string.h>

static const struct ipset_type types[] = {
    {.name = "bitmap:ip", .bitmap = true, .first = IPSET_IP},
    {.name = "bitmap:ip,mac", .bitmap = true, .first = IPSET_IP, .mac = true},
    {.name = "bitmap:port", .bitmap = true, .port = true},
    {.name = "hash:ip", .first = IPSET_IP},
    {.name = "hash:net", .first = IPSET_NET},
    {.name = "hash:ip,port", .first = IPSET_IP, .port = true},
    {.name = "hash:net,port", .first = IPSET_NET, .port = true},
    {.name = "hash:net,port,iface", .first = IPSET_NET, .port = true, .iface = true},
    {.name = "hash:ip,port,ip", .first = IPSET_IP, .port = true, .second = IPSET_IP, .lists_match_dst = true},
    {.name = "hash:ip,port,net",
     .first = IPSET_IP,
     .port = true,
     .second = IPSET_NET,
     .swapped = true,
     .lists_match_dst = true},
    {.name = "hash:net,port,net",
     .first = IPSET_NET,
     .port = true,
     .second = IPSET_NET,
     .lists_match_dst = true},
    {.name = "hash:net,port,net,port", .first = IPSET_NET, .port = true, .second = IPSET_NET, .port2 = true},
};

const struct ipset_type *
ipset_type_find(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

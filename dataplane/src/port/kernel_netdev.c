/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_netdev.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int
request(const char *name, unsigned long what, struct ifreq *ifr)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	if (sock < 0)
		return -errno;
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", name);
	rc = ioctl(sock, what, ifr) < 0 ? -errno : 0;
	close(sock);
	return rc;
}

int
kernel_netdev_set_mac(const char *name, const struct rte_ether_addr *mac)
{
	struct ifreq ifr = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};

	memcpy(ifr.ifr_hwaddr.sa_data, mac, sizeof(*mac));
	return request(name, SIOCSIFHWADDR, &ifr);
}

int
kernel_netdev_set_mtu(const char *name, uint16_t mtu)
{
	struct ifreq ifr = {.ifr_mtu = mtu};

	return request(name, SIOCSIFMTU, &ifr);
}

/* Lines of /proc/net/dev_mcast: index, name, references, global references, address. */
unsigned
kernel_netdev_mcast(const char *name, struct rte_ether_addr *out, unsigned max)
{
	char line[160], of[IFNAMSIZ + 1], hex[13];
	FILE *f = fopen("/proc/net/dev_mcast", "re");
	unsigned n = 0;

	if (!f)
		return 0;
	while (n < max && fgets(line, sizeof(line), f)) {
		uint8_t *b = out[n].addr_bytes;

		if (sscanf(line, "%*d %16s %*d %*d %12[0-9a-f]", of, hex) != 2 || strcmp(of, name) != 0 ||
		    sscanf(hex, "%2hhx%2hhx%2hhx%2hhx%2hhx%2hhx", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) !=
			6)
			continue;
		n += rte_is_multicast_ether_addr(&out[n]);
	}
	fclose(f);
	return n;
}

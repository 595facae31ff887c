# SPDX-License-Identifier: Apache-2.0
"""The far end of IP in IP tunnels: what arrives in IPv4 (protocols 4 and 41) or IPv6 (41) comes out of a tun device."""
import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000

tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", sys.argv[1].encode(), IFF_TUN | IFF_NO_PI))
sockets = [
    socket.socket(family, socket.SOCK_RAW, protocol)
    for family, protocol in ((socket.AF_INET, 4), (socket.AF_INET, 41), (socket.AF_INET6, 41))
]
for s in sockets:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
print("ready", flush=True)
while True:
    for s in select.select(sockets, [], [])[0]:
        packet = s.recv(65536)
        # A raw socket of IPv4 hands out the outer header too.
        inner = packet[(packet[0] & 15) * 4:] if s.family == socket.AF_INET else packet
        try:
            os.write(tun, inner)
        except OSError as error:
            print(f"dropped {len(inner)} bytes: {error}", flush=True)

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTRL_LISTEN_H
#define CTRL_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "ctrl/ctrl.h"

#define LISTEN_GID_NONE ((gid_t)-1)

/* Listens at path. Returns the descriptor and the group that may connect beside root, or a negative errno
 * with a sentence in the log. */
int listen_open(const char *path, gid_t *gid);
/* Who is at the other end of a connection, and whether it may use the socket. */
bool listen_peer(int fd, gid_t gid, struct ctrl_peer *peer);

#endif

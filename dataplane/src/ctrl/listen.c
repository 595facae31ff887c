/* SPDX-License-Identifier: Apache-2.0 */
/* Making the listening socket: nobody's live socket is taken away, and nobody may connect before the mode is
 * right. */
#include "listen.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/log.h"

enum { BACKLOG = 128 };

static int
address_of(const char *path, struct sockaddr_un *sa)
{
	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(sa->sun_path)) {
		log_err("ctrl",
			"control socket path %s is longer than %zu bytes: choose a shorter one with -x", path,
			sizeof(sa->sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(sa->sun_path, path);
	return 0;
}

/* 1: somebody accepts connections there, 0: nobody does, negative errno: cannot tell. */
static int
probe(const struct sockaddr_un *sa)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) ? errno : 0;
	close(fd);
	switch (rc) {
	case 0:
	case EAGAIN: /* its backlog is full: alive and busy */
		return 1;
	case ECONNREFUSED:
	case ENOENT:
		return 0;
	default:
		return -rc;
	}
}

/* Removes what a dead daemon left at the path. */
static int
clear_path(const char *path, const struct sockaddr_un *sa)
{
	struct stat st;
	int rc;

	if (lstat(path, &st))
		return 0; /* not there; every other reason comes back from bind() */
	if (!S_ISSOCK(st.st_mode)) {
		log_err("ctrl", "%s exists and is not a socket: remove it or choose another path with -x",
			path);
		return -EEXIST;
	}
	rc = probe(sa);
	if (rc == 1) {
		log_err(
		    "ctrl",
		    "another process serves the control socket %s: stop it, or choose another path with -x",
		    path);
		return -EADDRINUSE;
	}
	if (rc < 0) {
		log_err("ctrl", "cannot tell whether the control socket %s is in use: %s", path,
			strerror(-rc));
		return rc;
	}
	if (unlink(path) && errno != ENOENT) {
		rc = -errno;
		log_err("ctrl", "cannot remove the stale control socket %s: %s", path, strerror(-rc));
		return rc;
	}
	log_notice("ctrl", "removed the stale control socket %s", path);
	return 0;
}

static void
explain_bind(const char *path, int err)
{
	char copy[sizeof(((struct sockaddr_un *)0)->sun_path)];

	strcpy(copy, path);
	if (err == ENOENT)
		log_err("ctrl",
			"cannot make the control socket %s: directory %s does not exist: create it, or "
			"choose another path with -x",
			path, dirname(copy));
	else
		log_err("ctrl", "cannot make the control socket %s: %s", path, strerror(err));
}

static int
bind_private(int fd, const char *path, const struct sockaddr_un *sa)
{
	mode_t old = umask(0177);
	int rc = bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) ? -errno : 0;

	umask(old);
	if (rc < 0)
		explain_bind(path, -rc);
	return rc;
}

/* The group that may use the socket beside root; GID_NONE when none is configured or known. */
static gid_t
configured_group(void)
{
	const struct group *group;

	if (!conf.global.ipc_group[0])
		return LISTEN_GID_NONE;
	group = getgrnam(conf.global.ipc_group);
	if (!group) {
		log_warning(
		    "ctrl",
		    "group %s of global_defs/ipc_group does not exist: the control socket is for root only",
		    conf.global.ipc_group);
		return LISTEN_GID_NONE;
	}
	return group->gr_gid;
}

static int
set_mode(const char *path, gid_t gid)
{
	if (gid != LISTEN_GID_NONE && chown(path, (uid_t)-1, gid)) {
		log_err("ctrl", "cannot give the control socket %s to group %s: %s", path,
			conf.global.ipc_group, strerror(errno));
		return -errno;
	}
	if (chmod(path, gid == LISTEN_GID_NONE ? 0600 : 0660)) {
		log_err("ctrl", "cannot set the mode of the control socket %s: %s", path, strerror(errno));
		return -errno;
	}
	return 0;
}

int
listen_open(const char *path, gid_t *gid)
{
	struct sockaddr_un sa;
	int fd, rc = address_of(path, &sa);

	if (rc == 0)
		rc = clear_path(path, &sa);
	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		rc = -errno;
		log_err("ctrl", "cannot create a socket: %s", strerror(-rc));
		return rc;
	}
	rc = bind_private(fd, path, &sa);
	if (rc) {
		close(fd);
		return rc;
	}
	*gid = configured_group();
	rc = set_mode(path, *gid);
	if (rc == 0 && listen(fd, BACKLOG)) {
		rc = -errno;
		log_err("ctrl", "cannot listen on %s: %s", path, strerror(-rc));
	}
	if (rc) {
		unlink(path);
		close(fd);
		return rc;
	}
	return fd;
}

/* Whether one of the peer's groups is gid, as the kernel noted them at connect; no look-up that could block.
 */
static bool
peer_in_group(int fd, const struct ctrl_peer *peer, gid_t gid)
{
	gid_t groups[256];
	socklen_t len = sizeof(groups);

	if (gid == LISTEN_GID_NONE)
		return false;
	if (peer->gid == gid)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == gid)
			return true;
	return false;
}

bool
listen_peer(int fd, gid_t gid, struct ctrl_peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return false;
	*peer = (struct ctrl_peer){.pid = cred.pid, .uid = cred.uid, .gid = cred.gid};
	return cred.uid == 0 || cred.uid == geteuid() || peer_in_group(fd, peer, gid);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/log.h"

/* The pid in the file; 0 when there is no readable one. */
static pid_t
read_pid(const char *path)
{
	char text[32], *end;
	ssize_t n;
	long pid;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	pid = strtol(text, &end, 10);
	if (end == text || pid <= 0 || (*end != '\0' && *end != '\n'))
		return 0;
	return (pid_t)pid;
}

bool
pidfile_is_running(const char *path)
{
	pid_t pid = read_pid(path);

	if (pid == 0)
		return false;
	/* After the restart of a container the same small pid comes again: a file with our own pid is stale.
	 */
	if (pid != getpid() && (kill(pid, 0) == 0 || errno == EPERM)) {
		fprintf(stderr, "dpvs is already running (pid %d in %s)\n", (int)pid, path);
		return true;
	}
	log_notice("main", "removing %s: its process %d does not exist any more", path, (int)pid);
	unlink(path);
	return false;
}

int
pidfile_write(const char *path)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	int err = 0, fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)n) != n)
		err = errno ? -errno : -EIO;
	close(fd);
	if (err)
		unlink(path);
	return err;
}

void
pidfile_remove(const char *path)
{
	if (read_pid(path) == getpid())
		unlink(path);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "ctrl_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/ext.h"

struct ctrl_reply *
ctrl_reply_new(void)
{
	return calloc(1, sizeof(struct ctrl_reply));
}

void
ctrl_reply_close_fd(struct ctrl_reply *reply)
{
	if (reply->has_fd)
		close(reply->fd);
	reply->has_fd = false;
}

int
ctrl_reply_fd(struct ctrl_reply *reply, int fd)
{
	if (reply->has_fd)
		return EDPVS_RESOURCE;
	reply->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (reply->fd < 0)
		return EDPVS_RESOURCE;
	reply->has_fd = true;
	return EDPVS_OK;
}

void
ctrl_reply_clear(struct ctrl_reply *reply)
{
	ctrl_reply_close_fd(reply);
	free(reply->buf);
	*reply = (struct ctrl_reply){0};
}

void
ctrl_reply_free(struct ctrl_reply *reply)
{
	if (!reply)
		return;
	ctrl_reply_clear(reply);
	free(reply);
}

static int
grow(struct ctrl_reply *reply, size_t need)
{
	size_t cap = reply->cap ? reply->cap : 512;
	uint8_t *buf;

	while (cap < need)
		cap += cap / 2;
	buf = realloc(reply->buf, cap);
	if (!buf)
		return EDPVS_NOMEM;
	reply->buf = buf;
	reply->cap = cap;
	return EDPVS_OK;
}

void *
ctrl_reply_add(struct ctrl_reply *reply, size_t n)
{
	uint8_t *at;

	if (n > CTRL_REPLY_MAX - reply->len)
		return NULL;
	/* Nothing to add still gives a pointer that is not NULL: an empty list is no error. */
	if (reply->len + n >= reply->cap && grow(reply, reply->len + n + 1))
		return NULL;
	at = reply->buf + reply->len;
	memset(at, 0, n);
	reply->len += n;
	return at;
}

void *
ctrl_reply_record(struct ctrl_reply *reply, uint16_t type, size_t len)
{
	struct ds_tlv tlv = {.type = type, .len = (uint32_t)len};
	uint8_t *at = ctrl_reply_add(reply, DS_TLV_SIZE(len));

	if (!at)
		return NULL;
	memcpy(at, &tlv, sizeof(tlv));
	return at + sizeof(tlv);
}

size_t
ctrl_reply_len(const struct ctrl_reply *reply)
{
	return reply->len;
}

void *
ctrl_reply_at(struct ctrl_reply *reply, size_t offset)
{
	return offset <= reply->len && reply->buf ? reply->buf + offset : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "test_stubs.h"

#include <stdio.h>
#include <string.h>

#include "core/conf.h"
#include "core/log.h"

struct conf conf;
char test_log[512];

void
log_write(enum log_level level, const char *module, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(test_log, sizeof(test_log), fmt, ap);
	va_end(ap);
}

struct dpvs_sock_msg
test_head(uint32_t id, int32_t type, uint64_t len)
{
	return (struct dpvs_sock_msg){.version = DPVS_SOCK_VERSION, .id = id, .type = type, .len = len};
}

uint8_t
test_pattern(size_t i)
{
	return (uint8_t)(i * 2654435761u >> 13);
}

static int
echo(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	void *at = ctrl_reply_add(reply, req->len);

	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, req->body, req->len);
	return EDPVS_OK;
}

static int
succeed(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return EDPVS_OK;
}

static int
refuse(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return ctrl_reply_add(reply, 100) ? EDPVS_NOTEXIST : EDPVS_NOMEM;
}

static int
big(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	uint8_t *at = ctrl_reply_add(reply, TEST_BIG);

	if (!at)
		return EDPVS_NOMEM;
	for (size_t i = 0; i < TEST_BIG; i++)
		at[i] = test_pattern(i);
	return EDPVS_OK;
}

void
test_register(void)
{
	ctrl_register(DPVS_SO_GET_SERVICE, echo);
	ctrl_register(DPVS_SO_SET_ADD, succeed);
	ctrl_register(DPVS_SO_SET_DEL, refuse);
	ctrl_register(SOCKOPT_GET_CONN_ALL, big);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target for LLDP data units, in memory of exactly their size. Byte 0 is the room for the text. */
#include <stdlib.h>
#include <string.h>

#include "packet/lldp.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room, len;
	uint8_t *pdu;
	uint16_t ttl;
	char *text;

	if (size < 1 || size > LLDP_PDU_MAX)
		return 0;
	len = size - 1;
	room = data[0] == 255 ? 4096 : data[0];
	pdu = malloc(len + !len);
	text = malloc(room + !room);
	memcpy(pdu, data + 1, len);
	(void)lldp_check(pdu, len, &ttl);
	lldp_text(pdu, len, text, room);
	if (room) {
		size_t n = strnlen(text, room);

		assert(n < room);
		for (size_t i = 0; i < n; i++)
			assert(text[i] == '\n' || text[i] == '\t' || (text[i] >= 0x20 && text[i] < 0x7f));
	}
	free(text);
	free(pdu);
	return 0;
}

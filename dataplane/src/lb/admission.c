/* SPDX-License-Identifier: Apache-2.0 */
#include "admission.h"

#include <string.h>

/* Packets of connections came since the streak began, and not just now and then. */
static bool
worth_it(const struct lb_admission *a, uint64_t packets)
{
	uint64_t came = packets - a->since_packets, missed = a->misses - a->since_misses;

	return missed < came && (came - missed) * ADMISSION_SHARE > came;
}

static void
streak_count(struct lb_admission *a, bool full, uint64_t packets, uint64_t now_ms)
{
	if (!full) {
		a->streak = 0;
		return;
	}
	if (a->streak == 0) {
		a->since_ms = now_ms;
		a->since_packets = packets;
		a->since_misses = a->misses;
	}
	if (a->streak < UINT16_MAX)
		a->streak++;
}

static void
keys_forget(struct lb_admission *a, uint64_t now_ms)
{
	memset(a->keys, 0, sizeof(a->keys));
	a->keys_ms = now_ms;
}

static void
begin(struct lb_admission *a, uint64_t now_ms)
{
	a->on = true;
	a->budget = ADMISSION_BUDGET;
	a->pressed_ms = a->grown_ms = now_ms;
	keys_forget(a, now_ms);
}

/* Half as many when the queues fill, one more for every millisecond in which they did not. */
static void
budget_adapt(struct lb_admission *a, uint64_t now_ms)
{
	if (a->streak >= ADMISSION_PRESSED) {
		if (a->streak == ADMISSION_PRESSED && a->budget > 1)
			a->budget /= 2;
		a->pressed_ms = a->grown_ms = now_ms;
	} else if (now_ms != a->grown_ms) {
		a->grown_ms = now_ms;
		if (a->budget < ADMISSION_BUDGET_MAX)
			a->budget++;
	}
}

void
lb_admission_turn(struct lb_admission *a, bool full, uint64_t packets, uint64_t now_ms)
{
	streak_count(a, full, packets, now_ms);
	if (!a->on) {
		if (a->streak >= ADMISSION_STREAK && now_ms - a->since_ms >= ADMISSION_STREAK_MS &&
		    worth_it(a, packets))
			begin(a, now_ms);
		a->left = a->budget;
		return;
	}
	budget_adapt(a, now_ms);
	if (now_ms - a->pressed_ms >= ADMISSION_QUIET_MS) {
		a->on = false;
		return;
	}
	if (now_ms != a->keys_ms)
		keys_forget(a, now_ms);
	if (a->streak < ADMISSION_PRESSED)
		a->left = a->budget;
	else
		a->left = a->turns++ % ADMISSION_TRICKLE == 0;
}

static struct lb_admission_key *
key_place(struct lb_admission *a, const uint8_t *daddr, uint8_t len, uint16_t dport, uint8_t proto)
{
	return &a->keys[(daddr[len - 1] ^ dport ^ dport >> 8 ^ proto) % ADMISSION_KEYS];
}

void
lb_admission_learn(struct lb_admission *a, const uint8_t *daddr, uint8_t len, uint16_t dport, uint8_t proto)
{
	struct lb_admission_key *k = key_place(a, daddr, len, dport, proto);

	*k = (struct lb_admission_key){.dport = dport, .proto = proto, .len = len};
	memcpy(k->daddr, daddr, len);
}

static bool
same_address(const uint8_t *a, const uint8_t *b, uint8_t len)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x == y && (len == sizeof(x) || memcmp(a, b, len) == 0);
}

bool
lb_admission_refuses(struct lb_admission *a, const uint8_t *daddr, uint8_t len, uint16_t dport, uint8_t proto)
{
	const struct lb_admission_key *k;

	if (a->left > 0)
		return false;
	k = key_place(a, daddr, len, dport, proto);
	if (k->dport != dport || k->proto != proto || k->len != len || !same_address(k->daddr, daddr, len))
		return false;
	a->misses++;
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Schedulers that hash: their choices for 1000 clients against tables computed by an independent
 * implementation. */
#include "fixture.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/hash.h"
#include "core/clock.h"

enum { CLIENTS = 1000, F_FALLBACK = 0x20, F_PORT = 0x40, F_SOURCE = 0x100, F_QUIC = 0x200 };

static const char mh_by_source[] =
    "0044444410440402004420040401420202400404224242012240444022401240024424014442420202042224204424404020"
    "0404442224404404121422241204440442444444144044444002044040222424044004440224024424004420414400140424"
    "4004424444404402044244041440241444104244040041444024424244424044410404401242412000114420444400002424"
    "4041204441404402044404014424002140021402202444224444040041040442402404404044044042444224204240404120"
    "0002044004402041444141404022221101442420402444244200000440404221220422414444004420421244140044420422"
    "1204001040102244040442440240400040444144100040442240002224422220110140444144404042002104204041244140"
    "4444442204401441442441221220224442210440040444424002424404204422110441404042422100010000024204002401"
    "4404444444424042200400444102444140404442224240044014424024410022420404400240400402242440244404004004"
    "4144444441404120204220020044242214042012100442404042042004400400040024442244022242404440244400424104"
    "4410420242402214244220101044442104044442202404200002044400412420444221000044202442402444440420442040";
static const char mh_by_port[] =
    "0211442040101224040440441004024444441002044044440440424442444214440220012204444241244440411144044420";
static const char conhash_by_source[] =
    "0442420400014040240001424400400444440044121220041140444214044444422010040412224440404144444040042221"
    "4022004442242404140104444141201442044242042402042214244422400044420022424440402004040412242420124424"
    "2144442242440444240221044444424422240440402244021444410104402224444140444444402144444444024200200444"
    "2004442424040444040204402440042404242444044440421440404400404440040000044244144220204004400140040422"
    "0441044214041042442120420442400400444142140202402004444244024000440402440014014042200001440121414244"
    "1442444000204442424220442404420040424424444414012424442442444044422420042002444000440101024002044422"
    "4024244444402040424404040420441442440400140444404444002440424022404442220444240401424000244044042024"
    "0441104400404144102044440441244220400044004440120424420444014420224444400140100014244244410414204442"
    "4044424444442240044022410020442204124400221004244001124044420242002041044024002002010404444440404404"
    "4244442000400044444210444400441004440244402404004041040202440414214222144404002144144020020241040402";
static const char conhash_by_cid[] =
    "2424420044440040440412444444141442221404100044404400404402204244241440004444440441401140204424242044";

/* Client i has the address 10.(i / 250).(i % 250).(i * 7 % 250 + 1). */
static struct lb_sched_key
client(unsigned i, uint16_t port)
{
	struct lb_sched_key key = {.af = INET_AF_V4, .sport_be = htons(port)};
	char text[3 * 11 + 4];

	snprintf(text, sizeof(text), "10.%u.%u.%u", i / 250, i % 250, i * 7 % 250 + 1);
	inet_pton(AF_INET, text, &key.saddr);
	return key;
}

static void
five_servers(void)
{
	set_weights(5, (int32_t[]){3, 1, 2, 0, 5});
	set_address(0, "10.0.2.11", 80);
	set_address(1, "10.0.2.12", 80);
	set_address(2, "10.0.2.13", 8080);
	set_address(3, "10.0.2.14", 80);
	set_address(4, "10.0.2.15", 443);
}

static int
pick(struct lb_sched_key key)
{
	return u.set.sched->pick(&u.set, &state[0], &key, 0);
}

/* DPL-076 */
static void
test_mh(void **arg)
{
	five_servers();
	build(&lb_sched_mh, 0);
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_int_equal(pick(client(i, (uint16_t)i)), mh_by_source[i] - '0');
	build(&lb_sched_mh, F_PORT);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(pick(client(i, (uint16_t)(1024 + i))), mh_by_port[i] - '0');
}

static void
test_mh_unusable(void **arg)
{
	five_servers();
	build(&lb_sched_mh, 0);
	u.set.d[4].flags = 5;
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_int_equal(pick(client(i, 1)), mh_by_source[i] == '4' ? -1 : mh_by_source[i] - '0');
	build(&lb_sched_mh, F_FALLBACK);
	for (unsigned i = 0; i < CLIENTS; i++) {
		int at = pick(client(i, 1));

		assert_true(at >= 0 && at != 4 && at != 3);
		if (mh_by_source[i] != '4')
			assert_int_equal(at, mh_by_source[i] - '0');
	}
	for (int i = 0; i < 5; i++)
		u.set.d[i].flags = 0;
	assert_int_equal(pick(client(0, 1)), -1);
}

/* Of 8 servers one goes: its clients move, and few others. */
static void
test_mh_moves_few(void **arg)
{
	static const int32_t all[8] = {1, 1, 1, 1, 1, 1, 1, 1}, less[8] = {1, 1, 1, 1, 1, 0, 1, 1};
	int before[CLIENTS];
	unsigned moved = 0;

	for (int pass = 0; pass < 2; pass++) {
		set_weights(8, pass ? less : all);
		for (uint32_t i = 0; i < 8; i++) {
			char ip[32];

			snprintf(ip, sizeof(ip), "10.0.2.%u", i + 1);
			set_address(i, ip, 80);
		}
		build(&lb_sched_mh, 0);
		for (unsigned i = 0; i < CLIENTS; i++) {
			int at = pick(client(i, 1));

			if (pass == 0)
				before[i] = at;
			else
				moved += at != before[i];
		}
	}
	assert_in_range(moved, CLIENTS / 10, CLIENTS * 2 / 8 - 1);
}

/* DPL-074 */
static void
test_conhash(void **arg)
{
	five_servers();
	build(&lb_sched_conhash, F_SOURCE);
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_int_equal(pick(client(i, (uint16_t)i)), conhash_by_source[i] - '0');
	build(&lb_sched_conhash, 0); /* neither flag: nobody */
	assert_int_equal(pick(client(0, 1)), -1);
	build(&lb_sched_conhash, F_SOURCE);
	u.set.d[4].flags = 5;
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_int_equal(pick(client(i, 1)),
				 conhash_by_source[i] == '4' ? -1 : conhash_by_source[i] - '0');
}

/* DPL-075 */
static void
test_conhash_cid(void **arg)
{
	five_servers();
	build(&lb_sched_conhash, F_QUIC);
	for (unsigned i = 0; i < 100; i++) {
		struct lb_sched_key key = client(i, 1);

		assert_int_equal(pick(key), conhash_by_source[i] - '0'); /* no id: the client */
		key.has_cid = true;
		key.cid = 0x1122334455667700u + i;
		assert_int_equal(pick(key), conhash_by_cid[i] - '0');
	}
}

/* Weights that would need ten million places still give a circle, in proportion. */
static void
test_conhash_is_bounded(void **arg)
{
	unsigned hits[2] = {0};

	set_weights(2, (int32_t[]){65535, 21845 - 1});
	set_address(0, "10.0.2.11", 80);
	set_address(1, "10.0.2.12", 80);
	build(&lb_sched_conhash, F_SOURCE);
	for (unsigned i = 0; i < CLIENTS; i++)
		hits[pick(client(i, 1))]++;
	assert_in_range(hits[1], CLIENTS / 5, CLIENTS * 3 / 10);
}

static void
test_sh(void **arg)
{
	unsigned hits[5] = {0}, spread = 0;
	int first;

	five_servers();
	build(&lb_sched_sh, 0);
	for (unsigned i = 0; i < CLIENTS; i++) {
		int at = pick(client(i, 1));

		assert_in_range(at, 0, 4);
		assert_int_equal(pick(client(i, 2)), at); /* the port does not matter */
		hits[at]++;
	}
	assert_int_equal(hits[3], 0);
	assert_in_range(hits[4], CLIENTS * 4 / 11, CLIENTS * 6 / 11); /* 5 of 11 */
	assert_in_range(hits[1], CLIENTS / 22, CLIENTS * 2 / 11);     /* 1 of 11 */
	build(&lb_sched_sh, F_PORT);
	first = pick(client(0, 1));
	for (uint16_t port = 2; port < 100; port++)
		spread += pick(client(0, port)) != first;
	assert_true(spread > 20);
}

static void
test_sh_unusable(void **arg)
{
	unsigned refused = 0;

	five_servers();
	build(&lb_sched_sh, 0);
	u.set.d[4].flags = 5;
	for (unsigned i = 0; i < CLIENTS; i++)
		refused += pick(client(i, 1)) < 0;
	assert_in_range(refused, CLIENTS * 4 / 11, CLIENTS * 6 / 11);
	build(&lb_sched_sh, F_FALLBACK);
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_in_range(pick(client(i, 1)), 0, 2);
	set_weights(0, NULL);
	build(&lb_sched_sh, 0);
	assert_int_equal(pick(client(0, 1)), -1);
}

static void
test_dh(void **arg)
{
	unsigned hits[5] = {0};

	five_servers();
	u.set.d[3].weight = 1;
	build(&lb_sched_dh, 0);
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct lb_sched_key key = client(1, 1), again = client(2, 2);
		int at;

		key.daddr = again.daddr = client(i, 0).saddr;
		at = pick(key);
		assert_int_equal(pick(again), at);
		hits[at]++;
	}
	for (int i = 0; i < 5; i++)
		assert_in_range(hits[i], CLIENTS / 10, CLIENTS * 3 / 10); /* weights do not matter */
}

static struct lb_sched_key
to(const char *ip)
{
	struct lb_sched_key key = client(7, 7);

	inet_pton(AF_INET, ip, &key.daddr);
	return key;
}

static void
test_lblc(void **arg)
{
	hash_init();
	set_weights(2, (int32_t[]){2, 2});
	build(&lb_sched_lblc, 0);
	assert_int_equal(pick(to("192.0.2.1")), 0);
	load(0, 0, 1, 0);
	assert_int_equal(pick(to("192.0.2.2")), 1); /* a new address gets the server of the least load */
	assert_int_equal(pick(to("192.0.2.1")), 0); /* a known one its own */
	load(0, 0, 3, 0);
	load(0, 1, 1, 0);
	assert_int_equal(pick(to("192.0.2.1")), 0); /* full, but the other one is not half empty */
	load(0, 1, 0, 0);
	assert_int_equal(pick(to("192.0.2.1")), 1);
	load(0, 0, 0, 0);
	load(0, 1, 2, 0);
	assert_int_equal(pick(to("192.0.2.1")), 1); /* it has moved */
	u.set.d[1].flags = 5;
	assert_int_equal(pick(to("192.0.2.1")), 0);
}

static void
test_lblcr(void **arg)
{
	hash_init();
	clock_init();
	clock_stop();
	set_weights(2, (int32_t[]){2, 2});
	build(&lb_sched_lblcr, 0);
	assert_int_equal(pick(to("192.0.2.1")), 0);
	load(0, 0, 3, 0);
	assert_int_equal(pick(to("192.0.2.1")), 1); /* joins */
	load(0, 0, 1, 0);
	load(0, 1, 2, 0);
	assert_int_equal(pick(to("192.0.2.1")), 0); /* of both the one of less load */
	load(0, 0, 2, 0);
	load(0, 1, 1, 0);
	assert_int_equal(pick(to("192.0.2.1")), 1);
	clock_warp(6 * 60 * 1000);
	load(0, 1, 0, 0);
	assert_int_equal(pick(to("192.0.2.1")), 1); /* the one of more load leaves */
	load(0, 0, 0, 0);
	load(0, 1, 1, 0);
	assert_int_equal(pick(to("192.0.2.1")), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_mh, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_mh_unusable, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_mh_moves_few, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_conhash, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_conhash_cid, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_conhash_is_bounded, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_sh, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_sh_unusable, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_dh, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_lblc, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_lblcr, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

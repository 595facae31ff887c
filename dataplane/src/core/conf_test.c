/* SPDX-License-Identifier: Apache-2.0 */
/* Grammar, values and reload of the configuration file, through files in a temporary folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf_key.h"
#include "core/log.h"

static char dir[64];
static char path[128];
static char inert[4096];
static struct conf *c;

static void
write_file(const char *name, const char *text)
{
	char file[192];
	FILE *f;

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	f = fopen(file, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	fclose(f);
}

/* Parses the text into c; returns the number of warnings. */
static unsigned
parse(const char *text)
{
	unsigned before = conf_warnings();

	write_file("dpvs.conf", text);
	assert_int_equal(conf_parse(path, c, inert, sizeof(inert)), 0);
	return conf_warnings() - before;
}

static int
set_up(void **state)
{
	strcpy(dir, "/tmp/conf_test_XXXXXX");
	c = malloc(sizeof(*c));
	if (!c || !mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/dpvs.conf", dir);
	return log_configure(LOG_L_EMERG, "/dev/null");
}

static int
tear_down(void **state)
{
	char command[128];

	free(c);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void
schema_is_consistent(void **state)
{
	for (unsigned i = 0; i < conf_nkeys; i++) {
		const struct conf_key *k = &conf_keys[i];
		char parent[128];

		assert_ptr_equal(conf_key_find(k->path), k); /* no path twice */
		snprintf(parent, sizeof(parent), "%s", k->path);
		if (strrchr(parent, '/')) {
			*strrchr(parent, '/') = '\0';
			assert_non_null(conf_key_find(parent));
		}
		if (k->type == CONF_INT)
			assert_true(k->min <= k->max && k->size == 4 && k->def);
		if (k->type == CONF_ONOFF || k->type == CONF_FLAG)
			assert_int_equal(k->size, sizeof(bool));
	}
}

static void
empty_file_gives_documented_defaults(void **state)
{
	assert_int_equal(parse(""), 0);
	assert_string_equal(c->global.log_level, "DEBUG");
	assert_true(c->global.kni);
	assert_int_equal(c->netif.pktpool_cache, 256);
	assert_int_equal(c->netif.nports, 0);
	assert_int_equal(c->unres_queue_length, 128);
	assert_int_equal(c->neigh_timeout_s, 60);
	assert_int_equal(c->ipv4.default_ttl, 64);
	assert_string_equal(c->ipv6.addr_gen_mode, "eui64");
	assert_int_equal(c->ctrl.ring_size, 4096);
	assert_int_equal(c->ipvs.tcp_timeout_s[1], 90);
	assert_int_equal(c->ipvs.tcp_timeout_s[9], 120);
	assert_int_equal(c->ipvs.synproxy.mss, 1452);
	assert_true(c->ipvs.synproxy.sack && c->ipvs.synproxy.reuse_time_wait);
	assert_false(c->ipvs.synproxy.timestamp);
	assert_false(c->ipvs.uoa_ipo);
	assert_string_equal(c->global.idle_mode, "spin");
}

/* DPL-007 */
static void
grammar(void **state)
{
	assert_int_equal(parse("! comment\n"
			       "# comment\r\n"
			       "   \t\n"
			       "global_defs {\r\n"
			       "  <init> log_level INFO ! why not\n"
			       "  log_file \"/var/log/with blank.log\" # here\n"
			       "}\n"
			       "<init>neigh_defs {\rtimeout <a b> 17\r}\r"
			       "ipv4_defs { }\n"
			       "ipv4_defs{\nforwarding on\n}\n"
			       "timer_defs {\n schedule_interval 500\n}"),
			 0);
	assert_string_equal(c->global.log_level, "INFO");
	assert_string_equal(c->global.log_file, "/var/log/with blank.log");
	assert_int_equal(c->neigh_timeout_s, 17);
	assert_true(c->ipv4.forwarding);
	assert_int_equal(c->schedule_interval_us, 500);
}

/* DPL-007 */
static void
last_line_without_line_end_counts(void **state)
{
	assert_int_equal(parse("neigh_defs {\ntimeout 30\n}\nipv6_defs {\ndisable on\n}"), 0);
	assert_true(c->ipv6.disable);
}

static void
devices_and_workers(void **state)
{
	assert_int_equal(
	    parse("netif_defs {\n pktpool_size 65535\n"
		  " <init> device dpdk0 {\n  rx {\n  queue_number 2\n  descriptor_number 1024\n  rss "
		  "ip|tcp\n }\n"
		  "  tx {\n  mbuf_fast_free off\n }\n  promisc_mode\n  mtu 9000\n  kni_name dpdk0.kni\n }\n"
		  " device dpdk1 {\n }\n"
		  " bonding bond0 {\n mode 4\n slave dpdk0\n slave dpdk1\n primary dpdk1\n"
		  "  options dedicated_queues=off\n numa_node 1\n }\n}\n"
		  "worker_defs {\n worker cpu0 {\n  cpu_id 0\n  type master\n }\n"
		  " worker cpu1 {\n  cpu_id 3\n  type slave\n  port dpdk0 {\n   rx_queue_ids 0 2 # two\n"
		  "   tx_queue_ids 1\n   isol_rx_cpu_ids 9 x\n   isol_rxq_ring_sz 2048\n  }\n }\n}\n"),
	    0);
	assert_int_equal(c->netif.nports, 3);
	assert_string_equal(c->netif.port[0].name, "dpdk0");
	assert_int_equal(c->netif.port[0].rx_queues, 2);
	assert_int_equal(c->netif.port[0].tx_queues, -1);
	assert_int_equal(c->netif.port[0].rx_desc, 1024);
	assert_int_equal(c->netif.port[0].tx_desc, 512);
	assert_string_equal(c->netif.port[0].rss, "ip|tcp");
	assert_true(c->netif.port[0].promisc);
	assert_false(c->netif.port[0].mbuf_fast_free);
	assert_int_equal(c->netif.port[0].mtu, 9000);
	assert_int_equal(c->netif.port[1].mtu, 1500);
	assert_true(c->netif.port[2].bonding);
	assert_int_equal(c->netif.port[2].bond_mode, 4);
	assert_int_equal(c->netif.port[2].nslaves, 2);
	assert_string_equal(c->netif.port[2].slave[1], "dpdk1");
	assert_int_equal(c->worker.nworkers, 2);
	assert_int_equal(c->worker.worker[0].type, CONF_WORKER_MASTER);
	assert_int_equal(c->worker.worker[1].type, CONF_WORKER_SLAVE);
	assert_int_equal(c->worker.worker[1].cpu_id, 3);

	const struct conf_worker_port *wp = &c->worker.worker[1].port[0];

	assert_int_equal(wp->nrx, 2);
	assert_int_equal(wp->rx[1], 2);
	assert_int_equal(wp->tx[0], 1);
	assert_int_equal(wp->nisol, 2);
	assert_int_equal(wp->isol_cpu[0], 9);
	assert_int_equal(wp->isol_cpu[1], -1);
	assert_int_equal(wp->isol_ring_size, 2048);
}

/* A bad value is one warning that names the place, and the default. */
static void
expect_warning(const char *text, const char *words)
{
	assert_int_equal(parse(text), 1);
	assert_non_null(strstr(conf_last_warning(), words));
}

/* DPL-007 */
static void
bad_values_warn_and_keep_the_default(void **state)
{
	expect_warning("neigh_defs {\n timeout 3601\n}\n", "dpvs.conf:2: timeout: '3601' is not in 1-3600");
	assert_int_equal(c->neigh_timeout_s, 60);
	expect_warning("neigh_defs {\n timeout 0\n}\n", "is not in 1-3600");
	expect_warning("neigh_defs {\n timeout ten\n}\n", "is not a number");
	expect_warning("neigh_defs {\n timeout 99999999999999999999\n}\n", "is not in");
	expect_warning("neigh_defs {\n timeout\n}\n", "needs a value");
	expect_warning("neigh_defs {\n timeout 20s\n}\n", "'s' behind the number 20 is ignored");
	assert_int_equal(c->neigh_timeout_s, 20);
	expect_warning("ipv4_defs {\n forwarding yes\n}\n", "neither on nor off");
	assert_false(c->ipv4.forwarding);
	expect_warning("ipv6_defs {\n stable_secret 0123\n}\n", "32 hex digits");
	expect_warning("global_defs {\n log_level LOUD\n}\n", "no log level");
	expect_warning("global_defs {\n idle_mode nap\n}\n", "is none of spin|pause|sleep");
	expect_warning("netif_defs {\n device d {\n rx {\n rss ip|foo\n }\n }\n}\n", "no RSS function");
	assert_string_equal(c->netif.port[0].rss, "tcp");
	expect_warning("ipvs_defs {\n tcp {\n synproxy {\n synack_options {\n wscale 15\n }\n }\n }\n}\n",
		       "is not in 0-14");
	assert_int_equal(c->ipvs.synproxy.mss, 1452);
	expect_warning("include /dev/null\n", "not a regular file");
	expect_warning("netif_defs {\n bonding b0 {\n mode 3\n numa_node x\n }\n}\n", "not a number");
	assert_int_equal(c->netif.port[0].bond_mode, 3);
	expect_warning("worker_defs {\n worker w {\n port p {\n rx_queue_ids 0 16\n }\n }\n}\n",
		       "'16' is no queue id");
}

static void
every_number_honours_its_range(void **state)
{
	for (unsigned i = 0; i < conf_nkeys; i++) {
		const struct conf_key *k = &conf_keys[i];
		static union {
			struct conf_worker w;
			struct conf_port p;
		} element;
		void *base = k->scope == CONF_S_CONF ? (void *)c : &element;
		char number[32], word[] = "key", text[64], def[64];
		struct conf_stmt s = {.file = "f", .line = 1, .n = 2, .tok = {word, number}};
		unsigned before = conf_warnings();

		if (k->type != CONF_INT)
			continue;
		conf_value_default(k, base);
		conf_value_text(k, base, def, sizeof(def));
		snprintf(number, sizeof(number), "%lld", (long long)k->max + 1);
		conf_value_set(k, base, &s);
		assert_int_equal(conf_warnings(), before + 1);
		assert_string_equal(conf_value_text(k, base, text, sizeof(text)), def);
		snprintf(number, sizeof(number), "%lld", (long long)k->min - 1);
		conf_value_set(k, base, &s);
		assert_int_equal(conf_warnings(), before + 2);
		assert_string_equal(conf_value_text(k, base, text, sizeof(text)), def);
		snprintf(number, sizeof(number), "%lld", (long long)k->min);
		conf_value_set(k, base, &s);
		assert_int_equal(conf_warnings(), before + 2);
		if (!(k->min == 0 && (k->flags & CONF_MACHINE)))
			assert_string_equal(conf_value_text(k, base, text, sizeof(text)), number);
	}
}

/* DPL-007 */
static void
powers_of_two_are_rounded_down(void **state)
{
	expect_warning("netif_defs {\n pktpool_cache 300\n}\n", "300 is rounded down to 256");
	assert_int_equal(c->netif.pktpool_cache, 256);
	expect_warning("netif_defs {\n pktpool_size 65536\n}\n", "65536 is rounded down to 65535");
	assert_int_equal(parse("netif_defs {\n pktpool_size 2097151\n}\n"), 0);
	assert_int_equal(c->netif.pktpool_size, 2097151);
}

static void
flags_can_be_switched_off(void **state)
{
	assert_int_equal(
	    parse("ipvs_defs {\n conn {\n fast_xmit_close\n }\n tcp {\n synproxy {\n synack_options {\n"
		  " sack off\n timestamp\n }\n }\n }\n}\n"),
	    0);
	assert_true(c->ipvs.fast_xmit_close);
	assert_false(c->ipvs.synproxy.sack);
	assert_true(c->ipvs.synproxy.timestamp);
}

/* DPL-007 */
static void
unknown_blocks_are_skipped_whole(void **state)
{
	expect_warning("ipvs_defs {\n wonder {\n  inner {\n   tcp {\n   }\n  }\n  conn_init_timeout 9\n }\n"
		       " conn {\n  conn_init_timeout 5\n }\n}\nneigh_defs {\n timeout 11\n}\n",
		       "not supported keyword 'wonder' in ipvs_defs");
	assert_int_equal(c->ipvs.conn_init_timeout_s, 5);
	assert_int_equal(c->neigh_timeout_s, 11);
	expect_warning("fancy 1\n", "not supported keyword 'fancy'");
	expect_warning("netif_defs {\n device {\n  mtu 99\n }\n pktpool_cache 64\n}\n", "needs one name");
	assert_int_equal(c->netif.pktpool_cache, 64);
}

static void
braces_and_quotes_that_do_not_match(void **state)
{
	expect_warning("neigh_defs {\n timeout 7\n", "ends inside a block");
	assert_int_equal(c->neigh_timeout_s, 7);
	expect_warning("}\nneigh_defs {\n timeout 8\n}\n", "without a block");
	assert_int_equal(c->neigh_timeout_s, 8);
	expect_warning("global_defs {\n log_file \"/tmp/a b\n}\n", "does not end");
	assert_string_equal(c->global.log_file, "/tmp/a b");
	expect_warning("neigh_defs\n", "needs a block");
	expect_warning("neigh_defs {\n timeout {\n unres_queue_length 99\n }\n unres_queue_length 32\n}\n",
		       "has no block");
	assert_int_equal(c->unres_queue_length, 32);
}

static void
long_lines_do_not_break_the_structure(void **state)
{
	char text[4096];

	memset(text, 'x', sizeof(text));
	memcpy(text, "neigh_defs {\n timeout 9\n", 24);
	strcpy(text + 2000, " {\n timeout 5\n}\n timeout 10\n}\n");
	assert_int_equal(parse(text), 1);
	assert_int_equal(c->neigh_timeout_s, 10);
}

/* DPL-007 */
static void
includes(void **state)
{
	write_file("a.inc", "neigh_defs {\n timeout 33\n}\n");
	write_file("b.inc", "unres_queue_length 64\n");
	assert_int_equal(parse("include a.*nc\nneigh_defs {\n include b.inc\n}\n"), 0);
	assert_int_equal(c->neigh_timeout_s, 33);
	assert_int_equal(c->unres_queue_length, 64);
	expect_warning("include missing-*\n", "no such file");
	expect_warning("include dpvs.conf\n", "nested deeper");
}

static void
inert_keys_are_named_once(void **state)
{
	assert_int_equal(parse("global_defs {\n log_level INFO\n}\nipset_defs {\n ipset_hash_pool_size "
			       "65536\n}\ntimer_defs {\n schedule_interval 20\n}\n"
			       "timer_defs {\n schedule_interval 30\n}\n"),
			 0);
	assert_string_equal(inert, "ipset_defs/ipset_hash_pool_size, timer_defs/schedule_interval");
}

/* The file that sets one key, of the top scope, to another value than its default. */
static void
write_one_key(const struct conf_key *k)
{
	char text[512] = "", part[128], value[64];
	const char *words = k->path, *slash;
	unsigned depth = 0;

	if (k->type == CONF_INT)
		snprintf(value, sizeof(value), "%lld",
			 (long long)(strtoll(k->def, NULL, 10) == k->min ? k->min * 2 + 1 : k->min));
	else if (k->type == CONF_ONOFF || k->type == CONF_FLAG)
		snprintf(value, sizeof(value), "%s", !strcmp(k->def, "on") ? "off" : "on");
	else if (k->type == CONF_HEX)
		snprintf(value, sizeof(value), "00112233445566778899aabbccddeeff");
	else if (k->values) /* the last alternative, or the one before */
		snprintf(value, sizeof(value), "%s", strrchr(k->values, '|') + 1);
	else
		snprintf(value, sizeof(value), "other");
	if (k->values && k->def && !strcmp(value, k->def))
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(k->values, "|"), k->values);
	for (; (slash = strchr(words, '/')) != NULL; words = slash + 1, depth++) {
		snprintf(part, sizeof(part), "%.*s {\n", (int)(slash - words), words);
		strcat(text, part);
	}
	snprintf(part, sizeof(part), "%s %s\n", words, value);
	strcat(text, part);
	while (depth--)
		strcat(text, "}\n");
	write_file("dpvs.conf", text);
}

static void
key_text(const struct conf_key *k, const struct conf *of, char out[CONF_PATH_MAX])
{
	conf_value_text(k, of, out, CONF_PATH_MAX);
}

/* DPL-006 */
static void
every_reloadable_key_takes_its_value_and_goes_back_to_its_default(void **state)
{
	char was[CONF_PATH_MAX], is[CONF_PATH_MAX];

	write_file("dpvs.conf", "");
	assert_int_equal(conf_load(path, true), 0);
	for (unsigned i = 0; i < conf_nkeys; i++) {
		const struct conf_key *k = &conf_keys[i];
		unsigned before = conf_warnings();

		if (k->scope != CONF_S_CONF || !(k->flags & CONF_R))
			continue;
		key_text(k, &conf, was);
		write_one_key(k);
		assert_int_equal(conf_load(path, false), 0);
		assert_int_equal(conf_warnings(), before);
		key_text(k, &conf, is);
		assert_string_not_equal(is, was);
		write_file("dpvs.conf", "");
		assert_int_equal(conf_load(path, false), 0);
		key_text(k, &conf, is);
		assert_string_equal(is, was);
	}
}

/* Whether a line of the log has both words. */
static bool
log_has(const char *file, const char *one, const char *two)
{
	char line[512];
	bool found = false;
	FILE *f = fopen(file, "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		found |= strstr(line, one) && strstr(line, two);
	fclose(f);
	return found;
}

/* DPL-006 */
static void
every_other_key_stays_and_says_that_it_needs_a_restart(void **state)
{
	char was[CONF_PATH_MAX], is[CONF_PATH_MAX], file[192];

	snprintf(file, sizeof(file), "%s/reload.log", dir);
	write_file("dpvs.conf", "");
	assert_int_equal(conf_load(path, true), 0);
	for (unsigned i = 0; i < conf_nkeys; i++) {
		const struct conf_key *k = &conf_keys[i];

		if (k->scope != CONF_S_CONF || k->size == 0 || k->flags & CONF_R)
			continue;
		key_text(k, &conf, was);
		write_one_key(k);
		unlink(file);
		assert_int_equal(log_configure(LOG_L_WARNING, file), 0);
		assert_int_equal(conf_load(path, false), 0);
		key_text(k, &conf, is);
		assert_string_equal(is, was);
		assert_true(log_has(file, k->path, "needs restart"));
		write_file("dpvs.conf", "");
		unlink(file);
		assert_int_equal(log_configure(LOG_L_WARNING, file), 0);
		assert_int_equal(conf_load(path, false), 0);
		assert_false(log_has(file, k->path, "needs restart"));
	}
	assert_int_equal(log_configure(LOG_L_EMERG, "/dev/null"), 0);
}

/* DPL-006 */
static void
reload_changes_reloadable_keys_only(void **state)
{
	write_file("dpvs.conf", "global_defs {\n log_level ERR\n}\nneigh_defs {\n timeout 33\n}\n"
				"ipvs_defs {\n udp {\n uoa_mode ipo\n }\n conn {\n xmit_ttl\n "
				"}\n}\nctrl_defs {\n lcore_msg {\n ring_size 512\n }\n}\n");
	assert_int_equal(conf_load(path, true), 0);
	assert_int_equal(conf.neigh_timeout_s, 33);
	assert_true(conf.ipvs.uoa_ipo && conf.ipvs.xmit_ttl);
	conf.ipvs.conn_pool_size = 4711; /* sized by the machine meanwhile */

	write_file("dpvs.conf",
		   "ipv6_defs {\n forwarding on\n}\nctrl_defs {\n lcore_msg {\n ring_size 1024\n }\n}\n");
	assert_int_equal(conf_load(path, false), 0);
	assert_int_equal(conf.neigh_timeout_s, 60);
	assert_string_equal(conf.global.log_level, "DEBUG");
	assert_false(conf.ipvs.uoa_ipo || conf.ipvs.xmit_ttl);
	assert_true(conf.ipv6.forwarding);
	assert_int_equal(conf.ctrl.ring_size, 512);
	assert_int_equal(conf.ipvs.conn_pool_size, 4711);
}

static void
missing_file_changes_nothing(void **state)
{
	conf.neigh_timeout_s = 44;
	assert_true(conf_load("/nonexistent/dpvs.conf", false) < 0);
	assert_true(conf_load(dir, false) < 0); /* a directory */
	assert_int_equal(conf.neigh_timeout_s, 44);
}

/* DPL-007 */
static void
samples_parse_without_warning(void **state)
{
	static const char *const samples[] = {
	    SOURCE_ROOT "/conf/dpvs.conf.sample", SOURCE_ROOT "/conf/dpvs.single-nic.conf.sample",
	    SOURCE_ROOT "/conf/dpvs.bond.conf.sample", SOURCE_ROOT "/conf/dpvs.lab.conf.sample"};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		unsigned before = conf_warnings();

		assert_int_equal(conf_parse(samples[i], c, inert, sizeof(inert)), 0);
		assert_int_equal(conf_warnings(), before);
		assert_string_equal(inert, ""); /* a sample does not advertise what does nothing */
		assert_true(c->netif.nports > 0);
	}
}

/* After a change of the table: dpvs --conf-doc > docs/configuration.md */
static void
reference_is_up_to_date(void **state)
{
	char *written = NULL, *file = malloc(1 << 20);
	size_t len = 0, n;
	FILE *f = open_memstream(&written, &len);

	assert_non_null(f);
	assert_non_null(file);
	conf_doc(f);
	fclose(f);
	f = fopen(SOURCE_ROOT "/../docs/configuration.md", "r");
	assert_non_null(f);
	n = fread(file, 1, 1 << 20, f);
	fclose(f);
	assert_int_equal(n, len);
	assert_memory_equal(file, written, len);
	free(file);
	free(written);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(schema_is_consistent),
	    cmocka_unit_test(empty_file_gives_documented_defaults),
	    cmocka_unit_test(grammar),
	    cmocka_unit_test(last_line_without_line_end_counts),
	    cmocka_unit_test(devices_and_workers),
	    cmocka_unit_test(bad_values_warn_and_keep_the_default),
	    cmocka_unit_test(every_number_honours_its_range),
	    cmocka_unit_test(powers_of_two_are_rounded_down),
	    cmocka_unit_test(flags_can_be_switched_off),
	    cmocka_unit_test(unknown_blocks_are_skipped_whole),
	    cmocka_unit_test(braces_and_quotes_that_do_not_match),
	    cmocka_unit_test(long_lines_do_not_break_the_structure),
	    cmocka_unit_test(includes),
	    cmocka_unit_test(inert_keys_are_named_once),
	    cmocka_unit_test(reload_changes_reloadable_keys_only),
	    cmocka_unit_test(every_reloadable_key_takes_its_value_and_goes_back_to_its_default),
	    cmocka_unit_test(every_other_key_stays_and_says_that_it_needs_a_restart),
	    cmocka_unit_test(missing_file_changes_nothing),
	    cmocka_unit_test(samples_parse_without_warning),
	    cmocka_unit_test(reference_is_up_to_date),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

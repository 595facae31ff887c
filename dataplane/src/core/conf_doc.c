/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of all keys as Markdown, from the schema. */
#include "conf_key.h"

#include <stdio.h>
#include <string.h>

static const char head[] =
    "# Configuration\n"
    "\n"
    "*Written by `dpvs --conf-doc` from the table in `dataplane/src/core/conf_schema.c`; a test compares "
    "both. Do not edit.*\n"
    "\n"
    "The daemon reads `/etc/dpvs.conf` (or `-c FILE`) at its start and again on SIGHUP. Samples: "
    "`dataplane/conf/dpvs.conf.sample`\n"
    "(two NIC ports), `dpvs.single-nic.conf.sample`, `dpvs.bond.conf.sample` and `dpvs.lab.conf.sample` "
    "(virtual "
    "devices, no huge pages). `dpvs -t` checks a file and prints "
    "every value in "
    "force.\n"
    "\n"
    "## Grammar\n"
    "\n"
    "- One statement per line: `keyword value …`, or `keyword [name] {`, statements, and `}` on a line of "
    "its own. Lines have up "
    "to 1024 bytes.\n"
    "- A word that begins with `!` or `#` starts a comment. Words in `<…>` are decoration. `\"…\"` makes "
    "several words one value.\n"
    "- Numbers are decimal. A *flag* is on when it is there; `on` and `off` are understood behind it.\n"
    "- `include PATTERN` reads other files, anywhere; relative patterns start at the folder of the including "
    "file.\n"
    "- An unknown keyword is a warning, and its block, if it opens one, is skipped whole. A bad value is a "
    "warning, and the "
    "default is used.\n"
    "- `2^n` values are rounded down to a power of two, `2^n-1` to one less than a power of two.\n"
    "\n"
    "## Reload\n"
    "\n"
    "`kill -HUP` sets every key marked *reload* back to its default and reads the file, so deleting a line "
    "restores the default. "
    "A key marked\n"
    "*start* that now has another value is answered with a line `needs restart`. The log file is opened "
    "anew.\n"
    "\n"
    "## Logging\n"
    "\n"
    "Without `log_file`, messages go to syslog (facility daemon) and to stderr; with it, to that file, with "
    "UTC time stamps. Workers "
    "never log: they count. With `log_async_mode`, a thread writes what the control lcore has to say; lines "
    "are cut "
    "at 1024 bytes. Control "
    "characters in a\n"
    "message are printed as `?`. Warnings of the start go to stderr in any case.\n"
    "\n"
    "## Lcores and queues\n"
    "\n"
    "Lcore ids are those of the EAL (`-l`, `--lcores 'id@cpu'`), not CPU numbers. Without worker blocks the "
    "main lcore controls, all "
    "others forward,\n"
    "and worker i serves queue i of every port. With worker blocks:\n"
    "\n"
    "- the block of type master names the EAL's main lcore; each block of type slave is a worker;\n"
    "- queue ids of a port are 0 to n-1, each with one worker; every worker has a transmit queue on every "
    "port. On a device with "
    "fewer transmit\n"
    "  queues than workers, those without one hand their frames to the others;\n"
    "- a worker's first transmit queue is the one it uses; further ones take what the device does not take "
    "from "
    "it;\n"
    "- `isol_rx_cpu_ids` names lcores that only receive, one for each of `rx_queue_ids`: such a lcore "
    "empties the "
    "queue into a ring,\n"
    "  and the worker takes its frames from there, at most 32 in a turn. What a full ring does not take is "
    "counted "
    "(`isolated_full`).\n"
    "\n"
    "A wrong table ends the start with `bad lcore configuration (error code: N)` and a sentence: -1 more "
    "queues than the device "
    "offers, -2 and -3 a\n"
    "receive or transmit queue with two workers, -4 ids with holes, -5 an unknown port, -6 a worker without "
    "transmit queue, -7 no "
    "worker.\n"
    "\n"
    "A port whose device spreads flows over queues and gives every worker one is left to the device; "
    "otherwise flows are spread in "
    "software. The log\n"
    "says which.\n"
    "\n"
    "## Sizes\n"
    "\n"
    "Packet buffers and connections whose keys are absent are sized from the machine, and the log says what "
    "was chosen: buffers fill "
    "at most three\n"
    "quarters of the EAL memory that is left beside 96 MB (65535 when there is enough, more when many queues "
    "need them), connections "
    "a quarter of the\n"
    "available memory at 256 bytes each (at most 2097151). With `--no-huge -m 256` that is 32767 buffers. "
    "Memory of connections is "
    "ordinary memory\n"
    "and is used as they come.\n"
    "\n"
    "## Keys\n";

static void
range_text(const struct conf_key *k, char *out, size_t size)
{
	const char *rule = k->flags & CONF_POW2 ? ", 2^n" : k->flags & CONF_POW2M1 ? ", 2^n-1" : "";

	switch (k->type) {
	case CONF_INT:
		if (k->max == INT32_MAX)
			snprintf(out, size, "at least %lld%s", (long long)k->min, rule);
		else
			snprintf(out, size, "%lld-%lld%s", (long long)k->min, (long long)k->max, rule);
		break;
	case CONF_FLAG:
		snprintf(out, size, "flag");
		break;
	case CONF_QUEUES:
	case CONF_CPUS:
		snprintf(out, size, "list of numbers");
		break;
	case CONF_HEX:
		snprintf(out, size, "%lld hex digits", (long long)k->max);
		break;
	case CONF_TEXT:
		snprintf(out, size, "text, up to %zu characters", k->size - 1);
		break;
	case CONF_MEMBER:
		snprintf(out, size, "device name");
		break;
	default:
		snprintf(out, size, "%s", k->values ? k->values : "");
	}
}

static const char *
default_text(const struct conf_key *k)
{
	if (k->flags & CONF_MACHINE)
		return "sized from the machine";
	if (k->type == CONF_INT && k->def[0] == '-')
		return "as many as the workers name";
	return k->def ? k->def : "none";
}

/* Prints text with | escaped, as table cells need it. */
static void
cell(FILE *out, const char *text)
{
	fputs("| ", out);
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc(' ', out);
}

static void
key_row(FILE *out, const struct conf_key *k)
{
	const char *slash = strchr(k->path, '/');
	char range[128], meaning[512];

	range_text(k, range, sizeof(range));
	fprintf(out, "| `%s` ", slash + 1);
	cell(out, default_text(k));
	cell(out, range);
	fprintf(out, "| %s ", k->flags & CONF_R ? "reload" : "start");
	snprintf(meaning, sizeof(meaning), "%s%s", k->flags & CONF_INERT ? "*no effect:* " : "", k->help);
	cell(out, meaning);
	fputs("|\n", out);
}

void
conf_doc(FILE *out)
{
	fputs(head, out);
	for (unsigned i = 0; i < conf_nkeys; i++) {
		const struct conf_key *k = &conf_keys[i];

		if (!strchr(k->path, '/')) {
			fprintf(out, "\n### %s\n\n%s\n\n", k->path, k->help);
			fputs("| key | default | values | takes effect | meaning |\n", out);
			fputs("| --- | --- | --- | --- | --- |\n", out);
		} else if (k->type == CONF_NAMED || k->type == CONF_BLOCK) {
			fprintf(out, "| `%s%s {` | | | | %s%s|\n", strchr(k->path, '/') + 1,
				k->type == CONF_NAMED ? " NAME" : "", k->help, k->help[0] ? " " : "");
		} else {
			key_row(out, k);
		}
	}
}

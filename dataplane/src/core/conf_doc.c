/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of all keys as Markdown, from the schema. */
#include "conf_key.h"

#include <stdio.h>
#include <string.h>

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
	char range[128];

	range_text(k, range, sizeof(range));
	fprintf(out, "| `%s` ", slash + 1);
	cell(out, default_text(k));
	cell(out, range);
	fprintf(out, "| %s ", k->flags & CONF_R ? "reload" : "start");
	fprintf(out, "| %s%s%s |\n", k->flags & CONF_INERT ? "*no effect in this version.* " : "", k->help,
		"");
}

void
conf_doc(FILE *out)
{
	bool table = false;

	for (unsigned i = 0; i < conf_nkeys; i++) {
		const struct conf_key *k = &conf_keys[i];
		bool section = !strchr(k->path, '/');

		if (section) {
			fprintf(out, "\n### %s\n\n%s\n\n", k->path, k->help);
			fputs("| key | default | values | takes effect | meaning |\n", out);
			fputs("| --- | --- | --- | --- | --- |\n", out);
			table = true;
		} else if (k->type == CONF_NAMED && table) {
			fprintf(out, "| `%s NAME {` | | | | %s |\n", strchr(k->path, '/') + 1, k->help);
		} else if (k->type == CONF_BLOCK && table) {
			fprintf(out, "| `%s {` | | | | %s |\n", strchr(k->path, '/') + 1, k->help);
		} else {
			key_row(out, k);
		}
	}
}

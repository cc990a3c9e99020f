/* sonde fields [PROTO...]: the protocols and their fields, from the rows they are declared with. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "life/comparison.h"
#include "life/records.h"
#include "out/json.h"
#include "packet/beside.h"
#include "wire/wire.h"

struct conf {
	bool json, records;
};

static const struct sonde_option options[] = {
	SONDE_OPTION(FLAG, 0, "json", struct conf, json, NULL, "one JSON object a field"),
	SONDE_OPTION(FLAG, 0, "records", struct conf, records, NULL,
		     "the records that --json of other verbs prints, and their members"),
	SONDE_OPTION_END,
};
static const char *const forms[] = { "[--json] [PROTO...]", "--records", NULL };
static const struct sonde_cli cli = {
	.name = "sonde fields",
	.purpose = "the reference of protocols and fields",
	.form = forms,
	.option = options,
	.more = "A PROTO is the name of a header, such as tcp; its options are shown with it.\n"
		"Without one, all are shown.\n",
};

/* clang-format off */
static const char *const spaces[] = { "",
#define SPACE(s) #s,
#include "wire/pass.h"
};

struct link {
	uint8_t shape, space;
	uint64_t key;
};
static const struct link links[] = {
#define UNDER(p, s, k) { SONDE_##p, SONDE_SPACE_##s, k },
#define ALSO(p, s, k)  { SONDE_##p, SONDE_SPACE_##s, k },
#define AMONG(p, s, k, ...) { SONDE_##p, SONDE_SPACE_##s, k },
#define BEGINS(p, whole, s, k) { SONDE_##p, SONDE_SPACE_##s, k },
#include "wire/pass.h"
};

static const char *const form_names[] = {
	[SONDE_FORM_DEC] = "decimal", [SONDE_FORM_HEX] = "hex", [SONDE_FORM_X4] = "bytes",
	[SONDE_FORM_IP4] = "ipv4", [SONDE_FORM_FLAG] = "flag", [SONDE_FORM_MAC] = "mac",
	[SONDE_FORM_IP6] = "ipv6", [SONDE_FORM_TIME] = "time", [SONDE_FORM_BYTES] = "octets",
	[SONDE_FORM_TEXT] = "text",
};
/* clang-format on */

/* One field, as --json gives it. */
struct field {
	const char *protocol, *title, *source, *name, *alias, *form, *holds, *what;
	uint64_t at, bits, kind;
};

#define COLUMN(member, kind, unit, what) SONDE_COLUMN(field, member, kind, unit, what)
static const struct sonde_column columns[] = {
	COLUMN(protocol, TEXT, "", "the header, option or element that the field is part of"),
	COLUMN(title, TEXT, "", "what that is called"),
	COLUMN(source, TEXT, "", "where it is laid down"),
	COLUMN(kind, UINT, "", "the number that names it, where it is an option"),
	COLUMN(name, TEXT, "", "in all output; Wireshark's where it has one"),
	COLUMN(alias, TEXT, "", "accepted in place of the name"),
	COLUMN(at, UINT, "bits",
	       "where it begins, from the start of the header; absent where it has no fixed place"),
	COLUMN(bits, UINT, "bits", "how long it is"),
	COLUMN(form, TEXT, "", "how its value is written"),
	COLUMN(holds, TEXT, "", "what it ought to hold"),
	COLUMN(what, TEXT, "", "what it is"),
};
static const struct sonde_schema schema = { "field", columns, sizeof columns / sizeof *columns };

/* What a field ought to hold, in a few words; buf takes those with a number in them. */
static const char *holds(const struct sonde_row *r, char *buf, size_t size)
{
	switch ((enum sonde_role)r->role) {
	case SONDE_ROLE_ANY: break;
	case SONDE_ROLE_USUALLY:
		snprintf(buf, size,
			 r->form == SONDE_FORM_HEX || r->form == SONDE_FORM_IP4 ? "0x%x, or as set"
										: "%u, or as set",
			 r->arg);
		return buf;
	case SONDE_ROLE_IS: snprintf(buf, size, "%u", r->arg); return buf;
	case SONDE_ROLE_PORT:
	case SONDE_ROLE_PORT_TO: return "as set; may lead to what follows";
	case SONDE_ROLE_COUNT:
	case SONDE_ROLE_OPTIONS: return "how many follow in this header";
	case SONDE_ROLE_KEY_OR_BODY: return "what follows, or its length";
	case SONDE_ROLE_KEY: snprintf(buf, size, "what follows, by %s", spaces[r->arg]); return buf;
	case SONDE_ROLE_WORDS:
	case SONDE_ROLE_EIGHTS: return "length of this header";
	case SONDE_ROLE_TOTAL: return "length with all that follows";
	case SONDE_ROLE_BODY:
	case SONDE_ROLE_PAYLOAD: return "length of all that follows";
	case SONDE_ROLE_TAGS: return "length of the options";
	case SONDE_ROLE_QUOTED: return "length of the quote, or 0";
	case SONDE_ROLE_COVERS: return "length the sum is of, or 0";
	case SONDE_ROLE_HAS: return "what follows in this header";
	case SONDE_ROLE_SUM_ALL_OPTIONAL: return "sum of all from here, or 0";
	case SONDE_ROLE_SUM_COVERED: return "sum of a part, with addresses";
	case SONDE_ROLE_MORE:
	case SONDE_ROLE_OFFSET: return "as set; says it is a part";
	case SONDE_ROLE_SUM_HEADER: return "sum of this header";
	case SONDE_ROLE_SUM_ALL: return "sum of all from here";
	case SONDE_ROLE_SUM_PSEUDO: return "sum with addresses";
	case SONDE_ROLE_SUM_OPTIONAL: return "sum with addresses, or 0";
	case SONDE_ROLE_SUM_OSPF: return "sum without authentication";
	case SONDE_ROLE_SUM_PIM: return "sum, of a register its head";
	case SONDE_ROLE_SUM_CRC32C: return "CRC32c of all";
	}
	return "as set";
}

static void print_links(struct sonde_text *t, unsigned shape)
{
	const char *between = "  under ";

	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (links[i].shape == shape) {
			sonde_text_print(
				t,
				links[i].key > 1000 && links[i].space != SONDE_SPACE_linktype
					? "%s%s 0x%llx"
					: "%s%s %llu",
				between, spaces[links[i].space], (unsigned long long)links[i].key);
			between = ", ";
		}
	if (*between == ',')
		sonde_text_str(t, "\n");
}

static void print_head(struct sonde_text *t, unsigned shape)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];

	sonde_text_print(t, "%s: %s", s->name, s->title);
	if (*s->source)
		sonde_text_print(t, ", %s", s->source);
	if (shape >= SONDE_PROTOCOLS && s->family)
		sonde_text_print(t, "\n  option %u", s->kind);
	sonde_text_str(t, "\n");
	print_links(t, shape);
}

static void print_field(struct sonde_text *t, const struct field *f)
{
	char bits[8] = "-";

	if (f->bits != SONDE_ABSENT)
		snprintf(bits, sizeof bits, "%u", (unsigned)f->bits);
	sonde_text_print(t, "  %-34s %-10s %3s  %-7s  %-28s  %s\n", f->name, f->alias, bits,
			 f->form, f->holds, f->what);
}

static void print_shape(struct sonde_text *t, unsigned shape, bool json)
{
	const struct sonde_shape_info *s = &sonde_shapes[shape];
	char buf[64];

	if (!json)
		print_head(t, shape);
	for (unsigned i = s->row; i < s->row + s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[i];
		struct field f = {
			.protocol = s->name,
			.title = s->title,
			.source = *s->source ? s->source : NULL,
			.kind = shape >= SONDE_PROTOCOLS && s->family ? s->kind : SONDE_ABSENT,
			.name = r->name,
			.alias = r->alias,
			.at = r->bits ? r->at : SONDE_ABSENT,
			.bits = r->bits ? r->bits : SONDE_ABSENT,
			.form = form_names[r->form],
			.holds = r->span    ? "the fields it covers"
				 : !r->bits ? "where it lies"
					    : holds(r, buf, sizeof buf),
			.what = r->what,
		};

		json ? sonde_json_record(t, &schema, &f) : print_field(t, &f);
	}
	for (const struct sonde_either *e = sonde_eithers; e->name && !json; e++)
		if (e->shape == shape)
			sonde_text_print(t, "  %-34s %-10s      either of %s and %s\n", e->name,
					 e->alias, sonde_rows[e->a].name, sonde_rows[e->b].name);
	if (!json)
		sonde_text_str(t, "\n");
}

/* Whether this option or element may stand in that header. */
static bool belongs(unsigned part, const struct sonde_shape_info *header)
{
	size_t n = strlen(header->name);

	if (part == header->each || (header->family && sonde_shapes[part].family == header->family))
		return true;
	if (!strncmp(sonde_shapes[part].name, header->name, n) && sonde_shapes[part].name[n] == '_')
		return true;
	for (unsigned o = SONDE_PROTOCOLS; o < SONDE_SHAPES; o++)
		if (sonde_shapes[o].each == part && header->family &&
		    sonde_shapes[o].family == header->family)
			return true;
	return false;
}

/* A header and all that may stand in it; an option or element stands for itself. */
static void print_protocol(struct sonde_text *t, unsigned shape, bool json)
{
	print_shape(t, shape, json);
	for (unsigned part = SONDE_PROTOCOLS; part < SONDE_SHAPES; part++)
		if (shape < SONDE_PROTOCOLS && belongs(part, &sonde_shapes[shape]))
			print_shape(t, part, json);
}

static void print_records(struct sonde_text *t)
{
	static const struct sonde_schema *const records[] = {
		&sonde_run_schema,	&sonde_event_schema,	  &sonde_packet_schema,
		&sonde_endpoint_schema, &sonde_connection_schema, &sonde_comparison_schema,
		&sonde_beside_schema,
	};
	static const char *const kinds[] = {
		[SONDE_COLUMN_UINT] = "number",	   [SONDE_COLUMN_INT] = "number",
		[SONDE_COLUMN_BOOL] = "boolean",   [SONDE_COLUMN_TEXT] = "text",
		[SONDE_COLUMN_LIST] = "list",	   [SONDE_COLUMN_MAP] = "counts by name",
		[SONDE_COLUMN_RAW] = "object",	   [SONDE_COLUMN_EACH_UINT] = "number",
		[SONDE_COLUMN_EACH_TEXT] = "text",
	};

	for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
		const struct sonde_schema *s = records[i];

		sonde_text_print(t, "%s\n", s->name);
		for (size_t c = 0; c < s->n; c++)
			sonde_text_print(t, "  %-22s %-15s  %-7s  %s\n", s->column[c].name,
					 kinds[s->column[c].kind], s->column[c].unit,
					 s->column[c].what);
		for (const struct sonde_beside_member *m = sonde_beside_members;
		     s == &sonde_beside_schema && m->name; m++)
			sonde_text_print(t, "  %-22s %-15s  %-7s  %s\n", m->name, m->type, "",
					 m->what);
		sonde_text_str(t, "\n");
	}
}

static unsigned find_shape(const char *name)
{
	const char *names[SONDE_SHAPES] = { NULL };
	const char *near;

	for (unsigned s = SONDE_NONE + 1; s < SONDE_SHAPES; s++) {
		names[s - 1] = sonde_shapes[s].name;
		if (!strcmp(name, sonde_shapes[s].name))
			return s;
	}
	if ((near = sonde_cli_nearest(name, names)))
		sonde_cli_wrong(&cli, "there is no protocol '%s'; '%s' is the nearest", name, near);
	sonde_cli_wrong(&cli, "there is no protocol '%s'; without a name all are shown", name);
}

static int write_out(void *arg, const char *at, size_t len)
{
	(void)arg;
	return fwrite(at, 1, len, stdout) == len && !fflush(stdout) ? 0 : -errno;
}

int main(int argc, char **argv)
{
	static char buf[1 << 16];
	struct conf conf = { 0 };
	struct sonde_text t;
	int first = sonde_cli_parse(&cli, &conf, argc, argv), r;

	if (conf.records && (conf.json || first < argc))
		sonde_cli_wrong(&cli, "--records stands alone");
	for (int i = first; i < argc; i++)
		find_shape(argv[i]); /* before anything is printed */
	sonde_text_init(&t, buf, sizeof buf, write_out, NULL);
	for (int i = first; i < argc; i++)
		print_protocol(&t, find_shape(argv[i]), conf.json);
	if (conf.records)
		print_records(&t);
	for (unsigned s = SONDE_NONE + 1; s < SONDE_SHAPES && first == argc && !conf.records; s++)
		print_shape(&t, s, conf.json);
	r = sonde_text_flush(&t);
	return r < 0 ? sonde_cli_fail(&cli, "writing the reference", r) : SONDE_EXIT_YES;
}

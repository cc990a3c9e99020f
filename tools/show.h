#ifndef SONDE_TOOLS_SHOW_H
#define SONDE_TOOLS_SHOW_H

/* The options that say how packets are shown: the same words whether they are read or captured. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "run/view.h"
#include "tools/paints.h"

struct sonde_show_conf {
	struct sonde_option_texts decode_as;
	const char *fields;
	unsigned stamp, hex, both, text, verbose;
	int color;
	bool json, csv, craft, line, link, number, nano, utc, no_names, names, quick, absolute;
};

/* clang-format off */
#define SONDE_SHOW_OPTIONS(conf, member) \
	SONDE_OPTION(COUNT, 'v', NULL, conf, member.verbose, NULL, "all layers and fields below each line, and what is wrong in them"), \
	SONDE_OPTION(FLAG, 'e', NULL, conf, member.link, NULL, "the addresses of the link in front of each line"), \
	SONDE_OPTION(FLAG, 0, "csv", conf, member.csv, NULL, "comma-separated values of --fields"), \
	SONDE_OPTION(TEXT, 0, "fields", conf, member.fields, "NAMES", "the fields of --csv, such as frame.number,ip.src,tcp.dstport"), \
	SONDE_OPTION(FLAG, 0, "json", conf, member.json, NULL, "one JSON object a packet, with all fields"), \
	SONDE_OPTION(FLAG, 0, "craft", conf, member.craft, NULL, "one line a packet, in the language of sonde craft"), \
	SONDE_OPTION(TEXTS, 0, "decode-as", conf, member.decode_as, "PORT,PROTO", "what a port carries: tcp.port==8080,http"), \
	SONDE_OPTION(COUNT, 't', NULL, conf, member.stamp, NULL, "no time; -tt since 1970, -ttt since the line before, -tttt with the date, -ttttt since the first line"), \
	SONDE_OPTION(FLAG, 0, "utc", conf, member.utc, NULL, "times in UTC"), \
	SONDE_OPTION(FLAG, 0, "nano", conf, member.nano, NULL, "times with nine digits behind the point"), \
	SONDE_OPTION(FLAG, '#', "number", conf, member.number, NULL, "the number of each packet in front"), \
	SONDE_OPTION(COUNT, 'x', NULL, conf, member.hex, NULL, "the bytes in hex, -xx with the link header"), \
	SONDE_OPTION(COUNT, 'X', NULL, conf, member.both, NULL, "in hex and ASCII, -XX with the link header"), \
	SONDE_OPTION(COUNT, 'A', NULL, conf, member.text, NULL, "in ASCII, -AA with the link header"), \
	SONDE_OPTION(FLAG, 'l', NULL, conf, member.line, NULL, "every line at once, also into a pipe"), \
	SONDE_OPTION(FLAG, 'n', NULL, conf, member.no_names, NULL, "numbers instead of names, as it is without -N"), \
	SONDE_OPTION(FLAG, 'N', "names", conf, member.names, NULL, "names of hosts and ports, as far as they are known"), \
	SONDE_OPTION(FLAG, 'q', NULL, conf, member.quick, NULL, "less of each packet"), \
	SONDE_OPTION(FLAG, 'S', NULL, conf, member.absolute, NULL, "TCP sequence numbers as they are, not from where they began"), \
	SONDE_OPTION_CHOICE(0, "color", conf, member.color, "WHEN", sonde_option_when, "colours")
/* clang-format on */

static inline enum sonde_dump sonde_show_dump(const struct sonde_show_conf *conf, bool *ret_link)
{
	unsigned n = conf->both ? conf->both : conf->hex ? conf->hex : conf->text;

	*ret_link = n > 1;
	return conf->both   ? SONDE_DUMP_HEX_ASCII
	       : conf->hex  ? SONDE_DUMP_HEX
	       : conf->text ? SONDE_DUMP_ASCII
			    : SONDE_DUMP_NONE;
}

static inline void sonde_show_columns(const struct sonde_cli *cli,
				      const struct sonde_show_conf *conf,
				      struct sonde_view_look *look)
{
	const char *word, *near;
	size_t len;
	int r = sonde_view_columns(look, conf->fields, &word, &len);

	if (r == -E2BIG)
		sonde_cli_wrong(cli, "--fields takes up to %u names", SONDE_VIEW_COLUMNS);
	if (r >= 0)
		return;
	near = sonde_lookup_nearest(word, len, &sonde_beside_schema);
	sonde_cli_wrong(cli, "there is no field '%.*s'%s%s", (int)len, word,
			near ? "; the nearest is " : "", near ? near : "");
}

static inline void sonde_show_decode_as(const struct sonde_cli *cli,
					const struct sonde_show_conf *conf,
					struct sonde_view_look *look)
{
	const char *expected;

	for (size_t i = 0; i < conf->decode_as.n; i++)
		if (!sonde_hint_parse(&look->hint, conf->decode_as.at[i], &expected))
			sonde_cli_wrong(cli, "--decode-as %s: expected %s", conf->decode_as.at[i],
					expected);
}

/* The look for packets on the descriptor `out`; ends the program where words contradict. */
static inline void sonde_show_choose(const struct sonde_cli *cli,
				     const struct sonde_show_conf *conf, int out,
				     struct sonde_view_look *look)
{
	if (conf->stamp >= SONDE_STAMP_FORMS)
		sonde_cli_wrong(cli, "-t is taken up to five times");
	if (conf->json + conf->csv + conf->craft > 1)
		sonde_cli_wrong(cli, "--json, --csv and --craft exclude each other");
	if (conf->csv != (conf->fields != NULL))
		sonde_cli_wrong(cli, "--csv and --fields go together");
	*look = (struct sonde_view_look){
		.form = conf->json    ? SONDE_VIEW_JSON
			: conf->csv   ? SONDE_VIEW_CSV
			: conf->craft ? SONDE_VIEW_CRAFT
				      : SONDE_VIEW_LINE,
		.line_by_line = conf->line || isatty(out),
		.link = conf->link,
		.number = conf->number,
		.absolute = conf->absolute,
		.tree = conf->verbose,
		.quick = conf->quick,
		.names = conf->names && !conf->no_names,
		.stamp = { .form = (uint8_t)conf->stamp, .nano = conf->nano, .utc = conf->utc },
	};
	look->dump = sonde_show_dump(conf, &look->dump_link);
	look->palette = sonde_paints_choose(conf->color, isatty(out));
	if (conf->csv)
		sonde_show_columns(cli, conf, look);
	sonde_show_decode_as(cli, conf, look);
}

#endif

#ifndef SONDE_TOOLS_LOOK_H
#define SONDE_TOOLS_LOOK_H

/* The options that say how a followed run is shown: the same words in every verb that follows. */

#include "cli/option.h"
#include "run/session.h"
#include "sys/file.h"
#include "tools/paints.h"

struct sonde_look_conf {
	const char *events;
	unsigned width;
	int color;
	bool json, ladder, calls;
};

/* clang-format off */
#define SONDE_LOOK_OPTIONS(conf, member) \
	SONDE_OPTION(FLAG, 0, "json", conf, member.json, NULL, "one JSON object a line"), \
	SONDE_OPTION(FLAG, 0, "ladder", conf, member.ladder, NULL, "draw each connection: application, kernel, wire, kernel, application"), \
	SONDE_OPTION(FLAG, 0, "calls", conf, member.calls, NULL, "a line for every call, packet and kernel event"), \
	SONDE_OPTION(TEXT, 'e', NULL, conf, member.events, "EVENTS", "show only these lines: app kernel wire drops process notes calls packets, with commas"), \
	SONDE_OPTION_CHOICE(0, "color", conf, member.color, "WHEN", sonde_option_when, "colours"), \
	SONDE_OPTION(UINT, 0, "width", conf, member.width, "COLUMNS", "of the report (the terminal's, else 132)")
/* clang-format on */

/* The look for a report on this descriptor; -EINVAL: *ret_bad is the word of -e that is none. */
static inline int sonde_look_choose(struct sonde_look *ret, const struct sonde_look_conf *conf,
				    int report, const char **ret_bad)
{
	unsigned terminal = sonde_file_width(report);

	*ret = (struct sonde_look){
		.json = conf->json,
		.ladder = conf->ladder,
		.classes = conf->calls ? SONDE_LINE_ALL : SONDE_LINE_USUAL,
		.style = { .width = sonde_paints_width(conf->width, terminal),
			   .utf8 = sonde_file_utf8(),
			   .palette = sonde_paints_choose(conf->color, terminal) },
	};
	return conf->events ? sonde_line_classes(conf->events, &ret->classes, ret_bad) : 0;
}

#endif

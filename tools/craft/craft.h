#ifndef SONDE_TOOLS_CRAFT_CRAFT_H
#define SONDE_TOOLS_CRAFT_CRAFT_H

/* The command line of sonde craft, and what it comes to: a packet, a script, ports, a
 * file that is sent again. */

#include "base/time.h"
#include "cli/cli.h"

#define SONDE_CRAFT_UNSET UINT64_MAX

struct sonde_craft_conf {
	struct sonde_option_texts set;
	const char *device, *write, *save, *seed, *script, *ports, *replay, *match;
	sonde_ns interval, listen, timeout;
	unsigned count, rate, retries, loop;
	int color, direction;
	bool xdp, flood, hex, dry, json, quiet, tree, meant, tap, no_rst, udp, open, numeric, csv,
		skip;
};

extern const struct sonde_cli sonde_craft_cli;

/* Of what is random; chosen where nobody did. */
uint64_t sonde_craft_seed(const struct sonde_craft_conf *conf);

/* A sentence, and below it, where it is about a place, the text with a sign under that. Returns the
 * exit code for bad input. */
int sonde_craft_say_why(const char *why);

/* Words of --direction, in the order of enum sonde_resend_direction. */
extern const char *const sonde_craft_directions[];

/* Exit codes. values and targets: the words behind the options, NULL behind the last. */
int sonde_craft_script(const struct sonde_craft_conf *conf, char **values);
int sonde_craft_ports(const struct sonde_craft_conf *conf, char **targets);
int sonde_craft_replay(const struct sonde_craft_conf *conf, char **words);

#endif

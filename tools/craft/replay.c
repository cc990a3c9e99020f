#include "tools/craft/craft.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <unistd.h>

#include "base/reason.h"
#include "run/resend.h"
#include "sys/privilege.h"

const char *const sonde_craft_directions[] = { "inout", "in", "out", NULL };

static void check(const struct sonde_craft_conf *conf, char **words)
{
	if (*words)
		sonde_cli_wrong(&sonde_craft_cli,
				"--replay sends what the file holds: '%s' is one "
				"word too many",
				*words);
	if (conf->count != UINT32_MAX || conf->interval != SONDE_CRAFT_UNSET || conf->write ||
	    conf->save || conf->listen != SONDE_CRAFT_UNSET || conf->hex || conf->tree ||
	    conf->no_rst || conf->tap)
		sonde_cli_wrong(
			&sonde_craft_cli,
			"--replay goes with --rate, --flood, --xdp, --loop, --set, --match, "
			"--direction, --skip, --dry-run, -I, -q and --json alone: the packets "
			"and their times are those of the file");
	if (conf->flood && conf->rate != UINT32_MAX)
		sonde_cli_wrong(&sonde_craft_cli, "--rate and --flood exclude each other");
	if (!conf->rate)
		sonde_cli_wrong(&sonde_craft_cli, "--rate 0 would send nothing");
}

static int leave(const struct sonde_resend_end *end, int code)
{
	static const int wanted[] = { CAP_NET_RAW };
	char words[400];

	if (code == -EPIPE)
		return SONDE_EXIT_INCOMPLETE;
	if (*end->why) {
		sonde_cli_say(&sonde_craft_cli, "%s", end->why);
		return SONDE_EXIT_INPUT;
	}
	if (code == SONDE_NO_PRIVILEGE || code == -EPERM || code == -EACCES) {
		if (!sonde_privilege_missing(words, sizeof words, wanted, 1))
			snprintf(words, sizeof words, "not allowed");
		sonde_cli_say(&sonde_craft_cli, "%s: %s", end->doing, words);
		return SONDE_EXIT_PRIVILEGE;
	}
	if (code == -ENODEV || code == -ENETDOWN) {
		sonde_cli_say(&sonde_craft_cli,
			      code == -ENODEV ? "there is no interface %s here"
					      : "interface %s is down",
			      end->doing);
		return SONDE_EXIT_INPUT;
	}
	if (code < 0)
		return sonde_cli_fail(&sonde_craft_cli, end->doing, code);
	return end->met ? SONDE_EXIT_YES : SONDE_EXIT_INCOMPLETE;
}

int sonde_craft_replay(const struct sonde_craft_conf *conf, char **words)
{
	const struct sonde_resend_plan plan = {
		.file = conf->replay,
		.device = conf->device,
		.set = conf->set.at,
		.sets = (unsigned)conf->set.n,
		.match = conf->match,
		.direction = (enum sonde_resend_direction)conf->direction,
		.rate = conf->rate == UINT32_MAX ? 0 : conf->rate,
		.flood = conf->flood,
		.xdp = conf->xdp,
		.loops = conf->loop,
		.seed = sonde_craft_seed(conf),
		.skip = conf->skip,
		.dry = conf->dry,
		.meant = conf->meant,
		.json = conf->json,
		.quiet = conf->quiet,
		.out = STDOUT_FILENO,
	};
	struct sonde_resend_end end = { .doing = "" };

	check(conf, words);
	return leave(&end, sonde_resend_run(&plan, &end));
}

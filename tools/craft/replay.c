#include "tools/craft/craft.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <unistd.h>

#include "base/reason.h"
#include "run/resend.h"
#include "sys/privilege.h"

static void check(const struct sonde_craft_conf *conf, char **words)
{
	if (*words)
		sonde_cli_wrong(&sonde_craft_cli, "%s? --replay FILE takes no further words",
				*words);
	if (conf->count != UINT32_MAX || conf->interval != SONDE_CRAFT_UNSET || conf->write ||
	    conf->save || conf->hex || conf->tap || conf->no_rst ||
	    conf->listen != SONDE_CRAFT_UNSET || conf->udp || conf->open || conf->numeric ||
	    conf->csv)
		sonde_cli_wrong(
			&sonde_craft_cli,
			"a replay has the packets and times of its file: with --rate, --flood, "
			"--xdp, --loop, --set, -Y, --direction, --skip, --dry-run and -I alone");
	if (conf->flood && conf->rate != UINT32_MAX)
		sonde_cli_wrong(&sonde_craft_cli, "--rate and --flood exclude each other");
	if (!conf->rate)
		sonde_cli_wrong(&sonde_craft_cli, "--rate 0 would send nothing");
}

static int leave(const struct sonde_resend_end *end, int code)
{
	static const int wanted[] = { CAP_NET_RAW };
	char words[400];

	if (*end->why)
		return sonde_craft_say_why(end->why);
	if (code == SONDE_NO_PRIVILEGE || code == -EPERM || code == -EACCES) {
		if (!sonde_privilege_missing(words, sizeof words, wanted, 1))
			snprintf(words, sizeof words, "not allowed");
		sonde_cli_say(&sonde_craft_cli, "%s: %s", end->doing, words);
		return SONDE_EXIT_PRIVILEGE;
	}
	if (code == -EPIPE)
		return SONDE_EXIT_INCOMPLETE;
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
		.filter = conf->filter,
		.direction = (enum sonde_resend_direction)conf->direction,
		.rate = conf->rate == UINT32_MAX ? 0 : conf->rate,
		.flood = conf->flood,
		.xdp = conf->xdp,
		.loops = conf->loops,
		.seed = sonde_craft_seed(conf),
		.skip = conf->skip,
		.dry = conf->dry,
		.meant = conf->meant,
		.json = conf->json,
		.quiet = conf->quiet,
		.out = STDOUT_FILENO,
	};
	struct sonde_resend_end end;
	int code;

	check(conf, words);
	code = sonde_resend_run(&plan, &end);
	return leave(&end, code);
}

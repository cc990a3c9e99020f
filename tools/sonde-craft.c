/* sonde craft: any packet, right or deliberately wrong, and what comes back. */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/reason.h"
#include "cli/cli.h"
#include "run/craft.h"
#include "run/script.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "tools/craft/craft.h"
#include "tools/paints.h"

enum { RATE = 100 }; /* packets a second, where nobody asks for another one */

/* clang-format off */
static const struct sonde_option options[] = {
	SONDE_OPTION(UINT, 'c', "count", struct sonde_craft_conf, count, "COUNT", "so many packets (each that the values give, once)"),
	SONDE_OPTION(SECONDS, 'i', "interval", struct sonde_craft_conf, interval, "SECONDS", "between two packets; 500us and 20ms are as good (1, and 10ms where values vary)"),
	SONDE_OPTION(UINT, 0, "rate", struct sonde_craft_conf, rate, "NUMBER", "packets a second"),
	SONDE_OPTION(FLAG, 0, "flood", struct sonde_craft_conf, flood, NULL, "as fast as can be, and only counted; without -c until interrupted"),
	SONDE_OPTION(FLAG, 0, "xdp", struct sonde_craft_conf, xdp, NULL, "by AF_XDP, which is faster still; nothing is shown of each packet and no answer looked for"),
	SONDE_OPTION(SECONDS, 0, "timeout", struct sonde_craft_conf, timeout, "SECONDS", "wait so long for the answer to each (1)"),
	SONDE_OPTION(SECONDS, 0, "listen", struct sonde_craft_conf, listen, "SECONDS", "after the last packet, listen so long for whatever answers; 0: not at all"),
	SONDE_OPTION(TEXT, 'I', "interface", struct sonde_craft_conf, device, "INTERFACE", "leave by it"),
	SONDE_OPTION(TEXT, 0, "script", struct sonde_craft_conf, script, "FILE", "send and expect as FILE says, with its names set by NAME=VALUE"),
	SONDE_OPTION(FLAG, 0, "no-rst", struct sonde_craft_conf, no_rst, NULL, "keep this kernel from resetting the TCP connections that are crafted"),
	SONDE_OPTION(FLAG, 0, "tap", struct sonde_craft_conf, tap, NULL, "tell the points of a script in the Test Anything Protocol"),
	SONDE_OPTION(TEXT, 0, "ports", struct sonde_craft_conf, ports, "PORTS", "which of these are open, such as 22,80,8000-8100; the words are targets then"),
	SONDE_OPTION(FLAG, 0, "udp", struct sonde_craft_conf, udp, NULL, "of --ports: by UDP, not TCP"),
	SONDE_OPTION(FLAG, 0, "open", struct sonde_craft_conf, open, NULL, "of --ports: only those that are open"),
	SONDE_OPTION(UINT, 0, "max-retries", struct sonde_craft_conf, retries, "NUMBER", "of --ports: probes beside the first where nothing came (2)"),
	SONDE_OPTION(FLAG, 'n', NULL, struct sonde_craft_conf, numeric, NULL, "of --ports: no names of services"),
	SONDE_OPTION(FLAG, 0, "csv", struct sonde_craft_conf, csv, NULL, "of --ports: comma-separated values of each port"),
	SONDE_OPTION(TEXT, 0, "replay", struct sonde_craft_conf, replay, "FILE", "send the packets of a capture again, with their spacing, or by --rate or --flood"),
	SONDE_OPTION(TEXTS, 0, "set", struct sonde_craft_conf, set, "FIELD=VALUE", "of --replay: with this field set anew, such as ip.dst=10.0.0.2; sums that were right stay right"),
	SONDE_OPTION(TEXT, 'Y', "match", struct sonde_craft_conf, match, "EXPRESSION", "of --replay: only packets of which this holds, as in sonde read"),
	SONDE_OPTION_CHOICE('Q', "direction", struct sonde_craft_conf, direction, "DIR", sonde_craft_directions, "of --replay: only what came in, or what went out"),
	SONDE_OPTION(UINT, 0, "loop", struct sonde_craft_conf, loop, "NUMBER", "of --replay: so often; 0: until interrupted (1)"),
	SONDE_OPTION(FLAG, 0, "skip", struct sonde_craft_conf, skip, NULL, "of --replay: leave out what cannot be sent, instead of sending nothing"),
	SONDE_OPTION(TEXT, 'w', "write", struct sonde_craft_conf, write, "FILE", "write the packets to FILE, a pcapng, or a pcap by its name, and send nothing"),
	SONDE_OPTION(TEXT, 0, "save", struct sonde_craft_conf, save, "FILE", "keep what was sent and what came as pcapng, or pcap by its name"),
	SONDE_OPTION(FLAG, 0, "dry-run", struct sonde_craft_conf, dry, NULL, "say what would be done, with all fields and bytes, and send nothing"),
	SONDE_OPTION(FLAG, 0, "hex", struct sonde_craft_conf, hex, NULL, "the bytes of each packet below its line"),
	SONDE_OPTION(FLAG, 'v', NULL, struct sonde_craft_conf, tree, NULL, "all layers and fields below each line, and what is wrong in them"),
	SONDE_OPTION(FLAG, 'q', NULL, struct sonde_craft_conf, quiet, NULL, "no line for each packet"),
	SONDE_OPTION(TEXT, 0, "seed", struct sonde_craft_conf, seed, "NUMBER", "what is random is the same for the same seed"),
	SONDE_OPTION(FLAG, 0, "i-mean-it", struct sonde_craft_conf, meant, NULL, "also spoofed sources and floods to addresses that are neither local nor private"),
	SONDE_OPTION(FLAG, 0, "json", struct sonde_craft_conf, json, NULL, "one JSON object a line"),
	SONDE_OPTION_CHOICE(0, "color", struct sonde_craft_conf, color, "WHEN", sonde_option_when, "colours"),
	SONDE_OPTION_END,
};
/* clang-format on */

static const char *const forms[] = { "[OPTION...] PACKET",
				     "[OPTION...] --script FILE [NAME=VALUE...]",
				     "[OPTION...] --ports PORTS TARGET...",
				     "[OPTION...] --replay FILE", NULL };
const struct sonde_cli sonde_craft_cli = {
	.name = "sonde craft",
	.purpose = "any packet, right or deliberately wrong, and what comes back",
	.form = forms,
	.option = options,
	.more = "PACKET is such as 'ip(dst=10.0.0.2, ttl=3)/tcp(dport=80, flags=S)/\"hello\"'.\n"
		"Names are those of sonde fields, and sonde-craft(1) has the language.\n",
};

static void check(const struct sonde_craft_conf *conf)
{
	if (conf->flood + (conf->rate != UINT32_MAX) + (conf->interval != SONDE_CRAFT_UNSET) > 1)
		sonde_cli_wrong(&sonde_craft_cli, "-i, --rate and --flood exclude each other");
	if (!conf->rate)
		sonde_cli_wrong(&sonde_craft_cli, "--rate 0 would send nothing");
	if (!conf->count)
		sonde_cli_wrong(&sonde_craft_cli, "-c 0 would send nothing");
	if (conf->write && (conf->save || conf->dry || conf->listen != SONDE_CRAFT_UNSET))
		sonde_cli_wrong(&sonde_craft_cli,
				"-w sends nothing: without --save, --listen and --dry-run");
	if (conf->no_rst && conf->write)
		sonde_cli_wrong(&sonde_craft_cli, "-w sends nothing: without --no-rst");
	if (conf->write && conf->flood && conf->count == UINT32_MAX)
		sonde_cli_wrong(&sonde_craft_cli, "-w with --flood needs an end: -c COUNT");
	if (conf->save && (conf->flood || !conf->listen || conf->dry))
		sonde_cli_wrong(&sonde_craft_cli,
				"--save keeps what a tap sees: without --flood, --listen 0 and "
				"--dry-run");
	if (conf->xdp && (conf->write || conf->dry))
		sonde_cli_wrong(&sonde_craft_cli, "--xdp sends: without -w and --dry-run");
	if (conf->flood && conf->listen != SONDE_CRAFT_UNSET && conf->listen)
		sonde_cli_wrong(&sonde_craft_cli, "--flood looks for no answers: without --listen");
}

uint64_t sonde_craft_seed(const struct sonde_craft_conf *conf)
{
	uint64_t v = 0;
	char *end;

	if (!conf->seed) {
		if (getrandom(&v, sizeof v, 0) != sizeof v)
			_exit(sonde_cli_fail(&sonde_craft_cli, "random numbers", -errno));
		return v >> 12; /* JSON readers keep 53 bits */
	}
	errno = 0;
	v = strtoull(conf->seed, &end, 0);
	if (errno || end == conf->seed || *end || *conf->seed == '-')
		sonde_cli_wrong(&sonde_craft_cli,
				"--seed takes a number up to 18446744073709551615");
	return v;
}

static struct sonde_craft_plan make_plan(const struct sonde_craft_conf *conf, const char *spec)
{
	unsigned terminal = sonde_file_width(STDOUT_FILENO);
	bool paced = conf->rate != UINT32_MAX || conf->interval != SONDE_CRAFT_UNSET;

	return (struct sonde_craft_plan){
		.spec = spec,
		.count = conf->count == UINT32_MAX ? 0 : conf->count,
		.endless = conf->count == UINT32_MAX && conf->flood,
		.paced = paced && conf->count == UINT32_MAX && !conf->write,
		.gap = conf->flood		  ? 0
		       : conf->rate != UINT32_MAX ? SONDE_SECOND / conf->rate
						  : conf->interval,
		.gap_varied = SONDE_SECOND / RATE,
		.flood = conf->flood,
		.xdp = conf->xdp,
		.timeout = conf->timeout,
		.listen = conf->xdp ? 0 : conf->listen,
		.seed = sonde_craft_seed(conf),
		.device = conf->device,
		.write = conf->write,
		.save = conf->save,
		.dry = conf->dry,
		.no_rst = conf->no_rst,
		.meant = conf->meant,
		.form = conf->json ? SONDE_CRAFT_JSON : SONDE_CRAFT_LINES,
		.quiet = conf->quiet || conf->flood || conf->xdp,
		.tree = conf->tree || conf->dry,
		.hex = conf->hex || conf->dry,
		.palette = sonde_paints_choose(conf->color, terminal),
		.out = STDOUT_FILENO,
	};
}

/* A sentence, and below it, where it is about a place, the text with a sign under that. */
int sonde_craft_say_why(const char *why)
{
	size_t len = strcspn(why, "\n");

	sonde_cli_say(&sonde_craft_cli, "%.*s", (int)len, why);
	if (why[len])
		fprintf(stderr, "%s\n", why + len + 1);
	return SONDE_EXIT_INPUT;
}

static int leave(const struct sonde_craft_plan *plan, const struct sonde_craft_end *end, int code)
{
	static const int wanted[] = { CAP_NET_RAW, CAP_NET_ADMIN };
	char words[400];

	if (code == -EPIPE)
		return SONDE_EXIT_INCOMPLETE;
	if (*end->why)
		return sonde_craft_say_why(end->why);
	if (code == SONDE_NO_PRIVILEGE || code == -EPERM || code == -EACCES) {
		if (!sonde_privilege_missing(words, sizeof words, wanted, plan->no_rst ? 2 : 1))
			snprintf(words, sizeof words, "not allowed");
		sonde_cli_say(&sonde_craft_cli, "sending by %s: %s", end->doing, words);
		return SONDE_EXIT_PRIVILEGE;
	}
	if (code < 0)
		return sonde_cli_fail(&sonde_craft_cli, end->doing, code);
	if (end->saved < 0) {
		sonde_cli_fail(&sonde_craft_cli, plan->write ? plan->write : plan->save,
			       end->saved);
		return SONDE_EXIT_INCOMPLETE;
	}
	if (end->refused || end->blind)
		return SONDE_EXIT_INCOMPLETE;
	return end->met ? SONDE_EXIT_YES : SONDE_EXIT_NO;
}

int main(int argc, char **argv)
{
	struct sonde_craft_conf conf = { .interval = SONDE_CRAFT_UNSET,
					 .listen = SONDE_CRAFT_UNSET,
					 .timeout = SONDE_SECOND,
					 .count = UINT32_MAX,
					 .rate = UINT32_MAX,
					 .loop = 1,
					 .retries = UINT32_MAX };
	int at = sonde_cli_parse(&sonde_craft_cli, &conf, argc, argv);
	struct sonde_craft_plan plan;
	struct sonde_craft_end end;

	if (!!conf.script + !!conf.ports + !!conf.replay > 1)
		sonde_cli_wrong(&sonde_craft_cli,
				"--script, --ports and --replay exclude each other");
	if (!conf.replay &&
	    (conf.set.n || conf.match || conf.direction || conf.loop != 1 || conf.skip))
		sonde_cli_wrong(&sonde_craft_cli,
				"--set, --match, --direction, --loop and --skip are for --replay");
	if (conf.ports)
		return sonde_craft_ports(&conf, argv + at);
	if (conf.udp || conf.open || conf.numeric || conf.csv || conf.retries != UINT32_MAX)
		sonde_cli_wrong(&sonde_craft_cli,
				"--udp, --open, --max-retries, -n and --csv are for --ports");
	if (conf.script)
		return sonde_craft_script(&conf, argv + at);
	if (conf.tap)
		sonde_cli_wrong(&sonde_craft_cli, "--tap is for scripts: with --script FILE");
	if (conf.replay)
		return sonde_craft_replay(&conf, argv + at);
	check(&conf);
	if (!argv[at])
		sonde_cli_wrong(&sonde_craft_cli, "which packet?");
	if (argv[at + 1])
		sonde_cli_wrong(&sonde_craft_cli, "one packet, as one word: quote it");
	plan = make_plan(&conf, argv[at]);
	return leave(&plan, &end, sonde_craft_run(&plan, &end));
}

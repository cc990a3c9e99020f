#include "tools/craft/craft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "run/scan.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "tools/measure.h"

enum { RETRIES = 2 };

static void check(const struct sonde_craft_conf *conf, char **targets)
{
	if (conf->count != UINT32_MAX || conf->interval != SONDE_CRAFT_UNSET || conf->flood ||
	    conf->xdp || conf->write || conf->save || conf->dry || conf->hex || conf->tap ||
	    conf->no_rst || conf->listen != SONDE_CRAFT_UNSET)
		sonde_cli_wrong(&sonde_craft_cli, "a scan of ports is paced by what comes back, or "
						  "by --rate: without -c, -i, "
						  "--flood, --xdp, --listen, --hex, --no-rst, "
						  "--tap, --dry-run, --save and -w");
	if (conf->json && conf->csv)
		sonde_cli_wrong(&sonde_craft_cli, "--json and --csv exclude each other");
	if (!conf->rate)
		sonde_cli_wrong(&sonde_craft_cli, "--rate 0 would send nothing");
	if (conf->retries != UINT32_MAX && conf->retries > 100)
		sonde_cli_wrong(&sonde_craft_cli, "--max-retries takes up to 100");
	if (!*targets)
		sonde_cli_wrong(&sonde_craft_cli, "whose ports? A target is missing");
}

static struct sonde_scan_plan make_plan(const struct sonde_craft_conf *conf, const uint16_t *port,
					int n, char **targets)
{
	struct sonde_method_look look = {
		.method = conf->udp ? SONDE_METHOD_UDP : SONDE_METHOD_TCP,
		.size = conf->udp ? SONDE_METHOD_HEAD : 0,
	};

	return (struct sonde_scan_plan){
		.ports = { .look = { look, look },
			   .port = port,
			   .n = (uint32_t)n,
			   .retries = conf->retries == UINT32_MAX ? RETRIES : conf->retries,
			   .gap = conf->rate == UINT32_MAX ? 0 : SONDE_SECOND / conf->rate,
			   .timeout = conf->timeout },
		.sockets = { .protocol = conf->udp ? IPPROTO_UDP : IPPROTO_TCP,
			     .device = conf->device,
			     .ttl = -1,
			     .tos = -1,
			     .discover = -1,
			     .mark = -1,
			     .stamps = true },
		.target = targets,
		.only_open = conf->open,
		.numeric = conf->numeric,
		.meant = conf->meant,
		.form = conf->json  ? SONDE_SCAN_JSON
			: conf->csv ? SONDE_SCAN_CSV
				    : SONDE_SCAN_LINES,
		.out = STDOUT_FILENO,
	};
}

static int leave(const struct sonde_measure_end *end, int code)
{
	static const int wanted[] = { CAP_NET_RAW };
	char words[400];

	if (*end->why) {
		sonde_cli_say(&sonde_craft_cli, "%s: %s", end->doing, end->why);
		return SONDE_EXIT_INPUT;
	}
	if (code == -EPERM || code == -EACCES) {
		if (!sonde_privilege_missing(words, sizeof words, wanted, 1))
			snprintf(words, sizeof words, "not allowed");
		sonde_cli_say(&sonde_craft_cli, "opening a socket: %s", words);
		return SONDE_EXIT_PRIVILEGE;
	}
	return sonde_measure_leave(&sonde_craft_cli, end, NULL, code);
}

int sonde_craft_ports(const struct sonde_craft_conf *conf, char **targets)
{
	static uint16_t port[UINT16_MAX];
	struct sonde_measure_end end;
	struct sonde_scan_plan plan;
	size_t at;
	int n, r;

	check(conf, targets);
	n = sonde_scan_ports(conf->ports, port, &at);
	if (n < 0)
		sonde_cli_wrong(&sonde_craft_cli,
				"--ports '%s': at byte %zu, expected a port from 1 to 65535, or a "
				"range of them such as 1-1024",
				conf->ports, at + 1);
	plan = make_plan(conf, port, n, targets);
	r = sonde_scan_run(&plan, &end);
	return leave(&end, r);
}

/* sonde ping: whether hosts answer, how fast, and how surely that is known. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "out/paint.h"
#include "run/measure.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "tools/measure.h"
#include "tools/paints.h"

enum { SIZE = 56, RATE = 10000 };
#define TIMEOUT (2 * SONDE_SECOND)

static const char *const discovers[] = { "default", "do", "want", "dont", "probe", NULL };
static const char *const flags[] = { "syn", "ack", NULL };

struct conf {
	const char *tos, *interface, *pattern, *file, *expect, *junit, *save, *from;
	sonde_ns interval, deadline, timeout;
	unsigned count, size, ttl, preload, mark, tcp, udp, rate, width;
	int discover, flags, color;
	bool four, six, flood, adaptive, stamp, quiet, numeric, audible, lost, sweep, json, csv,
		histogram, table, lines, route, arp, broadcast, split;
};

/* clang-format off */
static const struct sonde_option options[] = {
	SONDE_OPTION(UINT, 'c', "count", struct conf, count, "COUNT", "stop after so many probes of each target; with -w, after so many answers"),
	SONDE_OPTION(SECONDS, 'i', "interval", struct conf, interval, "SECONDS", "between two probes of one target (1)"),
	SONDE_OPTION(SECONDS, 'w', "deadline", struct conf, deadline, "SECONDS", "end after so long"),
	SONDE_OPTION(SECONDS, 'W', "timeout", struct conf, timeout, "SECONDS", "a probe without an answer is lost after so long (2)"),
	SONDE_OPTION(UINT, 's', "size", struct conf, size, "BYTES", "of data in each probe (56)"),
	SONDE_OPTION(UINT, 't', "ttl", struct conf, ttl, "HOPS", "time to live"),
	SONDE_OPTION(TEXT, 'Q', "tos", struct conf, tos, "TOS", "type of service or traffic class, decimal or 0x..."),
	SONDE_OPTION(TEXT, 'I', "interface", struct conf, interface, "INTERFACE", "leave by it; an address: with this source"),
	SONDE_OPTION_CHOICE('M', "pmtudisc", struct conf, discover, "HOW", discovers, "path MTU discovery: do never fragments"),
	SONDE_OPTION(TEXT, 'p', "pattern", struct conf, pattern, "HEX", "fill the data with these up to 16 bytes"),
	SONDE_OPTION(UINT, 'l', "preload", struct conf, preload, "NUMBER", "send so many at once at first"),
	SONDE_OPTION(UINT, 'm', "mark", struct conf, mark, "NUMBER", "mark the packets for routing and filters"),
	SONDE_OPTION(FLAG, 'R', NULL, struct conf, route, NULL, "ask routers to record the route, which many do not; IPv4, on a raw socket"),
	SONDE_OPTION(FLAG, '4', NULL, struct conf, four, NULL, "IPv4 only"),
	SONDE_OPTION(FLAG, '6', NULL, struct conf, six, NULL, "IPv6 only"),
	SONDE_OPTION(FLAG, 'f', "flood", struct conf, flood, NULL, "the next probe with each answer, or after 10 ms; a dot for each that is out"),
	SONDE_OPTION(FLAG, 'A', "adaptive", struct conf, adaptive, NULL, "the next probe with each answer, or after the interval"),
	SONDE_OPTION(FLAG, 'D', NULL, struct conf, stamp, NULL, "the time in front of each line"),
	SONDE_OPTION(FLAG, 'O', NULL, struct conf, lost, NULL, "a line for each probe that is lost, too"),
	SONDE_OPTION(FLAG, 'a', "audible", struct conf, audible, NULL, "a bell for each answer"),
	SONDE_OPTION(FLAG, 'q', "quiet", struct conf, quiet, NULL, "the statistics alone"),
	SONDE_OPTION(FLAG, 'n', NULL, struct conf, numeric, NULL, "no name beside the address of who answers"),
	SONDE_OPTION(FLAG, 'b', NULL, struct conf, broadcast, NULL, "to an address of a whole network, too"),
	SONDE_OPTION(UINT, 0, "tcp", struct conf, tcp, "PORT", "probe by TCP"),
	SONDE_OPTION_CHOICE(0, "flags", struct conf, flags, "FLAGS", flags, "of a TCP probe"),
	SONDE_OPTION(UINT, 0, "udp", struct conf, udp, "PORT", "probe by UDP"),
	SONDE_OPTION(FLAG, 0, "arp", struct conf, arp, NULL, "probe the link given by -I by ARP, or by neighbour solicitation over IPv6"),
	SONDE_OPTION(FLAG, 0, "sweep", struct conf, sweep, NULL, "alive or not: up to three probes, none after an answer"),
	SONDE_OPTION(UINT, 0, "rate", struct conf, rate, "NUMBER", "packets a second at most, over all targets; 0: no limit (10000)"),
	SONDE_OPTION(TEXT, 0, "file", struct conf, file, "FILE", "targets, one or more a line, # begins a comment; - is standard input"),
	SONDE_OPTION(FLAG, 0, "table", struct conf, table, NULL, "one line a target, also for a single one"),
	SONDE_OPTION(FLAG, 0, "lines", struct conf, lines, NULL, "one line an answer, also for several targets"),
	SONDE_OPTION(FLAG, 0, "json", struct conf, json, NULL, "one JSON object a line"),
	SONDE_OPTION(FLAG, 0, "csv", struct conf, csv, NULL, "comma-separated values of each probe; with -q, of each target"),
	SONDE_OPTION(FLAG, 0, "split", struct conf, split, NULL, "what the time was before and after the wire: the kernel, the device's queue, waking up"),
	SONDE_OPTION(FLAG, 0, "histogram", struct conf, histogram, NULL, "draw how the round trips are spread"),
	SONDE_OPTION(TEXT, 0, "expect", struct conf, expect, "DEMANDS", "exit 1 unless they are met: 'loss<1% p99<20ms jitter<2ms'"),
	SONDE_OPTION(TEXT, 0, "junit", struct conf, junit, "FILE", "write what was met and what was not as JUnit XML"),
	SONDE_OPTION(TEXT, 0, "save", struct conf, save, "FILE", "keep the run as pcapng: probes, answers and their times"),
	SONDE_OPTION(TEXT, 0, "from", struct conf, from, "FILE", "report again what --save kept"),
	SONDE_OPTION_CHOICE(0, "color", struct conf, color, "WHEN", sonde_option_when, "colours"),
	SONDE_OPTION(UINT, 0, "width", struct conf, width, "COLUMNS", "of the report (the terminal's, else 132)"),
	SONDE_OPTION_END,
};
/* clang-format on */

static const char *const forms[] = { "[OPTION...] TARGET...", "[OPTION...] --file FILE",
				     "[OPTION...] --from FILE", NULL };
static const struct sonde_cli cli = {
	.name = "sonde ping",
	.purpose = "whether hosts answer, how fast, and how surely that is known",
	.form = forms,
	.option = options,
	.more = "TARGET is a name, an address, a prefix such as 192.0.2.0/24 or a range such as\n"
		"192.0.2.5-192.0.2.9. Ctrl-\\ prints a summary so far.\n",
};

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 'a' - 'A' : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static void take_pattern(const char *text, struct sonde_method_look *look)
{
	size_t len = strlen(text);

	if (!len || len % 2 || len > 2 * SONDE_METHOD_PATTERN)
		sonde_cli_wrong(&cli, "-p takes 1 to %d bytes as pairs of hex digits",
				SONDE_METHOD_PATTERN);
	for (size_t i = 0; i < len; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			sonde_cli_wrong(&cli, "-p %s: '%c' is no hex digit", text, text[i]);
		look->pattern[i / 2] = (uint8_t)(look->pattern[i / 2] << 4 | digit);
	}
	look->pattern_len = (uint8_t)(len / 2);
}

/* An address is a source, anything else an interface. */
static void take_interface(const char *text, struct sonde_prober_plan *p)
{
	if (inet_pton(AF_INET, text, p->source.ip) == 1)
		p->source.family = AF_INET;
	else if (inet_pton(AF_INET6, text, p->source.ip) == 1)
		p->source.family = AF_INET6;
	else if (strlen(text) > 15)
		sonde_cli_wrong(&cli, "-I %s: names of interfaces have up to 15 characters", text);
	else
		p->device = text;
}

static void check(const struct conf *conf)
{
	enum {
		MOST = 65507
	}; /* RFC 791 section 3.1: 65,535 less the headers of IP and ICMP or UDP */

	if (conf->four && conf->six)
		sonde_cli_wrong(&cli, "-4 and -6 exclude each other");
	if ((conf->tcp != UINT_MAX) + (conf->udp != UINT_MAX) + conf->arp > 1)
		sonde_cli_wrong(&cli, "--tcp, --udp and --arp exclude each other");
	if (conf->flags && conf->tcp == UINT_MAX)
		sonde_cli_wrong(&cli, "--flags is for --tcp");
	if (conf->arp && (conf->flood || conf->adaptive || conf->preload))
		sonde_cli_wrong(&cli, "with --arp one probe is out at a time: no -f, -A or -l");
	if ((conf->tcp != UINT_MAX && (conf->tcp > 65535 || !conf->tcp)) ||
	    (conf->udp != UINT_MAX && (conf->udp > 65535 || !conf->udp)))
		sonde_cli_wrong(&cli, "a port is a number from 1 to 65535");
	if (conf->size > MOST)
		sonde_cli_wrong(&cli, "-s takes up to %d bytes", MOST);
	if (conf->udp != UINT_MAX && conf->size < SONDE_METHOD_HEAD)
		sonde_cli_wrong(&cli,
				"a probe of UDP has at least %d bytes, which make its answer known",
				SONDE_METHOD_HEAD);
	if (conf->ttl != UINT_MAX && (conf->ttl > 255 || !conf->ttl))
		sonde_cli_wrong(&cli, "-t takes 1 to 255 hops");
	if (conf->json + conf->csv + conf->table + conf->lines > 1)
		sonde_cli_wrong(&cli, "--json, --csv, --table and --lines exclude each other");
	if (!conf->timeout)
		sonde_cli_wrong(&cli, "-W takes more than 0");
	if (conf->preload > 65536)
		sonde_cli_wrong(&cli, "-l takes up to 65536");
}

/* With --from nothing is sent, so that nothing may be said of it. */
static void check_from(const struct conf *conf, bool targets)
{
	const struct sonde_given_option sending[] = {
		{ "-c", conf->count },
		{ "-i", conf->interval != UINT64_MAX },
		{ "-w", conf->deadline },
		{ "-W", conf->timeout != TIMEOUT },
		{ "-s", conf->size != SIZE },
		{ "-t", conf->ttl != UINT_MAX },
		{ "-Q", conf->tos },
		{ "-I", conf->interface },
		{ "-M", conf->discover },
		{ "-p", conf->pattern },
		{ "-l", conf->preload },
		{ "-m", conf->mark != UINT_MAX },
		{ "-R", conf->route },
		{ "-4", conf->four },
		{ "-6", conf->six },
		{ "-f", conf->flood },
		{ "-A", conf->adaptive },
		{ "-b", conf->broadcast },
		{ "--tcp", conf->tcp != UINT_MAX },
		{ "--flags", conf->flags },
		{ "--udp", conf->udp != UINT_MAX },
		{ "--arp", conf->arp },
		{ "--sweep", conf->sweep },
		{ "--rate", conf->rate != RATE },
		{ "--file", conf->file },
		{ "a target", targets },
	};

	if (conf->save)
		sonde_cli_wrong(&cli, "--save keeps a live run, --from reads one back");
	sonde_refuse_sending(&cli, sending, sizeof sending / sizeof *sending);
}

static struct sonde_ping_plan ping_plan(const struct conf *conf)
{
	struct sonde_method_look look = { .size = conf->size, .group = conf->broadcast };
	struct sonde_ping_plan plan = {
		.count = conf->count,
		.interval = conf->interval,
		.gap = conf->rate ? SONDE_SECOND / conf->rate : 0,
		.timeout = conf->timeout,
		.deadline = conf->deadline,
		.preload = conf->preload,
		.flood = conf->flood,
		.adaptive = conf->adaptive,
		.sweep = conf->sweep,
	};

	look.method = conf->arp		      ? SONDE_METHOD_NEIGHBOUR
		      : conf->tcp != UINT_MAX ? conf->flags ? SONDE_METHOD_ACK : SONDE_METHOD_TCP
		      : conf->udp != UINT_MAX ? SONDE_METHOD_UDP
					      : SONDE_METHOD_ICMP;
	if (conf->tcp != UINT_MAX || conf->udp != UINT_MAX)
		look.port = (uint16_t)(conf->tcp != UINT_MAX ? conf->tcp : conf->udp);
	if (conf->tcp != UINT_MAX || conf->arp)
		look.size = 0;
	if (conf->pattern)
		take_pattern(conf->pattern, &look);
	plan.look[0] = plan.look[1] = look;
	if (conf->interval == UINT64_MAX)
		plan.interval = conf->sweep ? SONDE_SECOND / 2 : SONDE_SECOND;
	if (conf->sweep && !conf->count)
		plan.count = 3;
	/* Its answers do not say which probe they are for. */
	if (conf->arp && plan.timeout > plan.interval)
		plan.timeout = plan.interval;
	return plan;
}

static struct sonde_prober_plan prober_plan(const struct conf *conf)
{
	static const int discover[] = { -1, IP_PMTUDISC_DO, IP_PMTUDISC_WANT, IP_PMTUDISC_DONT,
					IP_PMTUDISC_PROBE };
	struct sonde_prober_plan p = {
		.protocol = conf->tcp != UINT_MAX   ? IPPROTO_TCP
			    : conf->udp != UINT_MAX ? IPPROTO_UDP
						    : IPPROTO_ICMP,
		.ttl = conf->ttl == UINT_MAX ? -1 : (int)conf->ttl,
		.tos = conf->tos ? sonde_take_tos(&cli, "-Q", conf->tos) : -1,
		.discover = discover[conf->discover],
		.record_route = conf->route,
		.broadcast = conf->broadcast,
		.split = conf->split,
		.mark = conf->mark == UINT_MAX ? -1 : (int64_t)conf->mark,
	};

	if (conf->interface)
		take_interface(conf->interface, &p);
	p.neighbour = conf->arp;
	if (conf->arp && !p.device)
		sonde_cli_wrong(&cli, "--arp needs an interface: -I NAME");
	return p;
}

static void look_plan(const struct conf *conf, struct sonde_measure_plan *plan)
{
	unsigned terminal = sonde_file_width(STDOUT_FILENO);

	plan->width = sonde_paints_width(conf->width, terminal);
	plan->utf8 = sonde_file_utf8();
	plan->redraw = terminal && !conf->quiet;
	plan->palette = sonde_paints_choose(conf->color, terminal);
}

/* What to do about a refusal: a capability, or, for ICMP alone, the ping group. */
static int lacks_privilege(const struct conf *conf)
{
	static const int wanted[] = { CAP_NET_RAW };
	char words[400];

	if (!sonde_privilege_missing(words, sizeof words, wanted, 1))
		snprintf(words, sizeof words, "not allowed");
	if (conf->mark != UINT_MAX)
		sonde_cli_say(&cli, "opening a socket: %s; so does -m", words);
	else if (conf->tcp != UINT_MAX || conf->arp)
		sonde_cli_say(&cli, "opening a socket for %s: %s", conf->arp ? "ARP" : "TCP",
			      words);
	else
		sonde_cli_say(&cli,
			      "opening a socket for ICMP: %s; or let this group ping: sysctl -w "
			      "net.ipv4.ping_group_range='%u %u'",
			      words, (unsigned)getgid(), (unsigned)getgid());
	return SONDE_EXIT_PRIVILEGE;
}

static int leave(const struct conf *conf, const struct sonde_measure_end *end, int code)
{
	if (code == -EPERM || code == -EACCES) {
		if (!strcmp(end->doing, "opening a socket"))
			return lacks_privilege(conf);
	} else if (*end->why) {
		sonde_cli_say(&cli, "%s: %s", end->doing, end->why);
		return SONDE_EXIT_INPUT;
	} else if (code == -ENODEV || code == -EADDRNOTAVAIL) {
		sonde_cli_say(&cli, "-I %s: there is no such %s here", conf->interface,
			      code == -ENODEV ? "interface" : "address");
		return SONDE_EXIT_INPUT;
	}
	return sonde_measure_leave(&cli, end, conf->save, code);
}

static int add_targets(struct sonde_measure *m, const struct conf *conf, char **words,
		       struct sonde_measure_end *end)
{
	int r = 0;

	for (; *words && !r; words++)
		r = sonde_measure_add(m, *words, end);
	if (!r && conf->file)
		r = sonde_measure_add_file(m, end);
	return r;
}

int main(int argc, char **argv)
{
	struct conf conf = { .interval = UINT64_MAX,
			     .timeout = TIMEOUT,
			     .size = SIZE,
			     .ttl = UINT_MAX,
			     .mark = UINT_MAX,
			     .tcp = UINT_MAX,
			     .udp = UINT_MAX,
			     .rate = RATE };
	int operand = sonde_cli_parse(&cli, &conf, argc, argv), r;
	struct sonde_expect expect[SONDE_EXPECT_MOST];
	struct sonde_measure_plan plan = { .out = STDOUT_FILENO };
	struct sonde_measure_end end;
	struct sonde_measure *m = NULL;

	check(&conf);
	if (conf.from)
		check_from(&conf, argv[operand]);
	else if (!argv[operand] && !conf.file)
		sonde_cli_wrong(&cli, "whom? A target is missing");
	plan.ping = ping_plan(&conf);
	plan.sockets = prober_plan(&conf);
	plan.family = conf.four ? AF_INET : conf.six ? AF_INET6 : 0;
	plan.quiet = conf.quiet;
	plan.lost = conf.lost;
	plan.audible = conf.audible;
	plan.stamp = conf.stamp;
	plan.numeric = conf.numeric;
	plan.split = conf.split;
	plan.histogram = conf.histogram;
	plan.expect = expect;
	plan.expects = sonde_take_demands(&cli, &sonde_expect_of_target, conf.expect, expect);
	plan.junit = conf.junit;
	plan.file = conf.file;
	plan.save = conf.save;
	if (conf.save && !strcmp(conf.save, "-"))
		plan.out = STDERR_FILENO;
	look_plan(&conf, &plan);
	plan.form = conf.json	 ? SONDE_MEASURE_JSON
		    : conf.csv	 ? SONDE_MEASURE_CSV
		    : conf.table ? SONDE_MEASURE_TABLE
		    : conf.lines ? SONDE_MEASURE_LINES
				 : SONDE_MEASURE_USUAL;
	if (conf.from) {
		plan.redraw = false;
		r = sonde_measure_from(&plan, conf.from, &end);
		return r ? sonde_cli_fail(&cli, end.doing, r) : leave(&conf, &end, r);
	}
	r = sonde_measure_open(&m, &plan, &end);
	if (!r)
		r = add_targets(m, &conf, argv + operand, &end);
	if (!r)
		r = sonde_measure_run(m, &end);
	sonde_measure_close(m);
	return leave(&conf, &end, r);
}

/* sonde trace: the path to hosts, hop by hop, and what happens to packets on it. */
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
#include "probe/hop_field.h"
#include "probe/trace_paths.h"
#include "run/route.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "tools/measure.h"
#include "tools/paints.h"

enum { FIRST = 1, MOST = 30, AHEAD = 6, QUERIES = 3, HERE = 3, NEAR = 3, BURST = 64 };
enum { PORT = 33434, PORT_DNS = 53, PORT_HTTP = 80, SIZE = 32, RATE = 1000, CYCLES = 10 };

struct conf {
	struct sonde_option_texts gates;
	const char *wait, *tos, *source, *device, *file, *save, *from, *as_table, *columns;
	const char *expect, *junit, *diff;
	sonde_ns interval;
	unsigned first, most, queries, port, size, rate, cycles, mark, width, confidence;
	int flags, color;
	char order[SONDE_HOP_FIELDS + 1];
	bool four, six, icmp, tcp, udp, numeric, report, live, json, csv, fragile, paths, dot, mtu;
};

/* clang-format off */
static const char *const flags[] = { "syn", "ack", NULL };

static const struct sonde_option options[] = {
	SONDE_OPTION(UINT, 'f', "first", struct conf, first, "HOP", "begin with this hop (1)"),
	SONDE_OPTION(UINT, 'm', "max-hops", struct conf, most, "HOPS", "go no further (30)"),
	SONDE_OPTION(UINT, 'q', "queries", struct conf, queries, "NUMBER", "probes for each hop (3); with --report in each round (1)"),
	SONDE_OPTION(TEXT, 'w', "wait", struct conf, wait, "SECONDS[,HERE[,NEAR]]", "wait so long for an answer (2), or HERE times the slowest of the same hop (3), or NEAR times the fastest of a farther one (3)"),
	SONDE_OPTION(UINT, 'p', "port", struct conf, port, "PORT", "of the target: of UDP 33434, with -U 53, of TCP 80"),
	SONDE_OPTION(TEXT, 's', "source", struct conf, source, "ADDRESS", "leave with this source"),
	SONDE_OPTION(TEXTS, 'g', "gateway", struct conf, gates, "ADDRESS", "go through this router (loose source routing of IPv4, which most refuse); up to 8 times"),
	SONDE_OPTION(TEXT, 'i', "interface", struct conf, device, "INTERFACE", "leave by it"),
	SONDE_OPTION(FLAG, 'n', NULL, struct conf, numeric, NULL, "addresses without names"),
	SONDE_OPTION(FLAG, 'I', "icmp", struct conf, icmp, NULL, "probe by ICMP echo"),
	SONDE_OPTION(FLAG, 'T', "tcp", struct conf, tcp, NULL, "probe by TCP SYN"),
	SONDE_OPTION(FLAG, 'U', "udp", struct conf, udp, NULL, "probe by UDP to port 53"),
	SONDE_OPTION_CHOICE(0, "flags", struct conf, flags, "FLAGS", flags, "of a TCP probe"),
	SONDE_OPTION(FLAG, '4', NULL, struct conf, four, NULL, "IPv4 only"),
	SONDE_OPTION(FLAG, '6', NULL, struct conf, six, NULL, "IPv6 only"),
	SONDE_OPTION(TEXT, 't', "tos", struct conf, tos, "TOS", "type of service or traffic class, decimal or 0x..."),
	SONDE_OPTION(FLAG, 'F', "dont-fragment", struct conf, fragile, NULL, "no router may fragment the probes"),
	SONDE_OPTION(FLAG, 0, "mtu", struct conf, mtu, NULL, "find the MTU of the path, and where packets that are too big vanish"),
	SONDE_OPTION(UINT, 0, "size", struct conf, size, "BYTES", "of data in each probe (32)"),
	SONDE_OPTION(UINT, 0, "fwmark", struct conf, mark, "NUMBER", "mark the packets for routing and filters"),
	SONDE_OPTION(UINT, 0, "rate", struct conf, rate, "NUMBER", "packets a second at most, behind a first burst; 0: no limit (1000)"),
	SONDE_OPTION(FLAG, 'r', "report", struct conf, report, NULL, "several rounds, and then a table, as of mtr, or what --json or --csv say of them"),
	SONDE_OPTION(FLAG, 'L', "live", struct conf, live, NULL, "rounds without end on the whole screen, as mtr; h there lists the keys"),
	SONDE_OPTION(TEXT, 'o', "order", struct conf, columns, "FIELDS", "columns of the table, by mtr's letters and P 5 9: percentiles (LSNABWV)"),
	SONDE_OPTION(UINT, 'c', "report-cycles", struct conf, cycles, "COUNT", "so many rounds (10; --live: no end)"),
	SONDE_OPTION(SECONDS, 0, "interval", struct conf, interval, "SECONDS", "between two rounds (1)"),
	SONDE_OPTION(FLAG, 0, "paths", struct conf, paths, NULL, "all paths that routers spread flows over, as a tree"),
	SONDE_OPTION(UINT, 0, "confidence", struct conf, confidence, "PERCENT", "of --paths: how sure it is that a router leads nowhere else, 95 or 99 (95)"),
	SONDE_OPTION(FLAG, 0, "dot", struct conf, dot, NULL, "all paths as a graph, in the language of dot"),
	SONDE_OPTION(TEXT, 0, "file", struct conf, file, "FILE", "targets, one or more a line, # begins a comment; - is standard input"),
	SONDE_OPTION(TEXT, 0, "as-table", struct conf, as_table, "FILE", "numbers of autonomous systems from this table, in MaxMind's format"),
	SONDE_OPTION(FLAG, 0, "json", struct conf, json, NULL, "one JSON object a line"),
	SONDE_OPTION(FLAG, 0, "csv", struct conf, csv, NULL, "comma-separated values of each hop"),
	SONDE_OPTION(TEXT, 0, "expect", struct conf, expect, "DEMANDS", "exit 1 unless they are met: 'reach hops<=12 ecn=kept loss<1% p99<20ms via=192.0.2.1'"),
	SONDE_OPTION(TEXT, 0, "junit", struct conf, junit, "FILE", "write what was met and what was not as JUnit XML"),
	SONDE_OPTION(TEXT, 0, "diff", struct conf, diff, "FILE", "what is not as in this earlier run with --json; exit 1 where the path differs"),
	SONDE_OPTION(TEXT, 0, "save", struct conf, save, "FILE", "keep the run: probes, answers and times, as pcapng"),
	SONDE_OPTION(TEXT, 0, "from", struct conf, from, "FILE", "report a run that --save kept"),
	SONDE_OPTION_CHOICE(0, "color", struct conf, color, "WHEN", sonde_option_when, "colours"),
	SONDE_OPTION(UINT, 0, "width", struct conf, width, "COLUMNS", "of the report (the terminal's, else 132)"),
	SONDE_OPTION_END,
};
/* clang-format on */

static const char *const forms[] = { "[OPTION...] TARGET...", "[OPTION...] --file FILE",
				     "[OPTION...] --from FILE", NULL };
static const struct sonde_cli cli = {
	.name = "sonde trace",
	.purpose = "the path to hosts, hop by hop, and what happens to packets on it",
	.form = forms,
	.option = options,
	.more = "TARGET is a name, an address, a prefix such as 192.0.2.0/24 or a range.\n",
};

/* The descriptor of the report: that of standard output, unless the run is kept there. */
static int report_to(const struct conf *conf)
{
	return conf->save && !strcmp(conf->save, "-") ? STDERR_FILENO : STDOUT_FILENO;
}

static void check_paths(const struct conf *conf)
{
	if (!conf->paths && conf->confidence != UINT_MAX)
		sonde_cli_wrong(&cli, "--confidence is for --paths");
	if (!conf->paths)
		return;
	if (conf->report || conf->queries != UINT_MAX)
		sonde_cli_wrong(&cli, "--paths asks as often as its rule demands: without %s",
				conf->report ? "--report" : "-q");
	if (conf->expect || conf->junit)
		sonde_cli_wrong(&cli, "--expect and --junit are for one path: without --paths");
	if (conf->confidence != UINT_MAX && conf->confidence != 95 && conf->confidence != 99)
		sonde_cli_wrong(&cli, "--confidence takes 95 or 99");
}

static void check(const struct conf *conf)
{
	if (conf->four && conf->six)
		sonde_cli_wrong(&cli, "-4 and -6 exclude each other");
	if (conf->icmp + conf->tcp + conf->udp > 1)
		sonde_cli_wrong(&cli, "-I, -T and -U exclude each other");
	if (conf->flags && !conf->tcp)
		sonde_cli_wrong(&cli, "--flags is for -T");
	if (!conf->first || conf->first > conf->most || conf->most > SONDE_TRACE_MOST)
		sonde_cli_wrong(&cli,
				"-f and -m take hops from 1 to %d, the first not above the last",
				SONDE_TRACE_MOST);
	if (conf->queries != UINT_MAX && (!conf->queries || conf->queries > SONDE_TRACE_QUERIES))
		sonde_cli_wrong(&cli, "-q takes 1 to %d", SONDE_TRACE_QUERIES);
	if (conf->port != UINT_MAX && (!conf->port || conf->port > 65535))
		sonde_cli_wrong(&cli, "a port is a number from 1 to 65535");
	if (conf->port != UINT_MAX && conf->icmp)
		sonde_cli_wrong(&cli, "ICMP has no ports");
	if (conf->size < SONDE_METHOD_HEAD || conf->size > 1400)
		sonde_cli_wrong(&cli, "--size takes %d to 1400 bytes", SONDE_METHOD_HEAD);
	if (conf->json + conf->csv + conf->dot > 1)
		sonde_cli_wrong(&cli, "--json, --csv and --dot exclude each other");
	check_paths(conf);
	if (conf->live && (conf->json || conf->csv || conf->report || conf->paths || conf->mtu))
		sonde_cli_wrong(
			&cli, "--live excludes --json, --csv, --report, --paths, --dot and --mtu");
	if (conf->mtu && conf->paths)
		sonde_cli_wrong(&cli, "--mtu is for one path: without --paths");
	if (conf->live && conf->from)
		sonde_cli_wrong(&cli, "--live is for a live run; --report tells one that was kept");
	if (conf->live && !isatty(report_to(conf)))
		sonde_cli_wrong(&cli, "--live takes a terminal; --report writes a table");
	if (conf->diff && (conf->csv || conf->paths || conf->live))
		sonde_cli_wrong(&cli, "--diff goes with lines, with --report or with --json");
	if (conf->gates.n > SONDE_PROBER_GATES)
		sonde_cli_wrong(&cli, "-g takes up to %d gateways", SONDE_PROBER_GATES);
	if (conf->gates.n && conf->mtu)
		sonde_cli_wrong(
			&cli, "--mtu does not go with -g, whose option takes room in each packet");
	if (conf->gates.n && conf->six)
		sonde_cli_wrong(&cli, "-g is of IPv4: RFC 5095 has ended the same of IPv6");
	if (conf->from && conf->save)
		sonde_cli_wrong(&cli, "--save keeps a live run, --from reads one back");
}

/* What was sent is in the file. */
static void check_from(const struct conf *conf, bool targets)
{
	const struct sonde_given_option sending[] = {
		{ "-g", conf->gates.n },
		{ "-f", conf->first != FIRST },
		{ "-m", conf->most != MOST },
		{ "-q", conf->queries != UINT_MAX },
		{ "-w", conf->wait },
		{ "-p", conf->port != UINT_MAX },
		{ "-s", conf->source },
		{ "-i", conf->device },
		{ "-I", conf->icmp },
		{ "-T", conf->tcp },
		{ "-U", conf->udp },
		{ "-4", conf->four },
		{ "-6", conf->six },
		{ "-t", conf->tos },
		{ "-F", conf->fragile },
		{ "--size", conf->size != SIZE },
		{ "--fwmark", conf->mark != UINT_MAX },
		{ "--rate", conf->rate != RATE },
		{ "-c", conf->cycles != UINT_MAX },
		{ "--mtu", conf->mtu },
		{ "--live", conf->live },
		{ "--interval", conf->interval != SONDE_SECOND },
		{ "--file", conf->file },
		{ "a target", targets },
	};

	sonde_refuse_sending(&cli, sending, sizeof sending / sizeof *sending);
}

/* "2", "2,3", "2.5,3,10": seconds and two factors. */
static void take_wait(const char *text, struct sonde_trace_plan *plan)
{
	char *end;
	double seconds = strtod(text, &end);
	unsigned long factor[2] = { HERE, NEAR };

	for (unsigned i = 0; i < 2 && *end == ','; i++)
		factor[i] = strtoul(end + 1, &end, 10);
	if (*end || !(seconds > 0 && seconds <= 3600) || !factor[0] || factor[0] > 100 ||
	    !factor[1] || factor[1] > 100)
		sonde_cli_wrong(&cli,
				"-w takes seconds, and up to two factors from 1 to 100: 2,3,3");
	plan->timeout = (sonde_ns)(seconds * (double)SONDE_SECOND);
	plan->here = (uint8_t)factor[0];
	plan->near = (uint8_t)factor[1];
}

static bool is_table(const struct conf *conf)
{
	return conf->report || conf->live;
}

/* 0: without end. */
static unsigned rounds(const struct conf *conf)
{
	if (conf->cycles == UINT_MAX)
		return conf->live ? 0 : conf->report ? CYCLES : 1;
	return is_table(conf) ? conf->cycles : 1;
}

static void take_order(struct conf *conf)
{
	char wrong;

	switch (sonde_hop_order(conf->order, conf->columns, &wrong)) {
	case SONDE_HOP_ORDER_FITS: return;
	case SONDE_HOP_ORDER_EMPTY: sonde_cli_wrong(&cli, "-o takes letters of columns: LSNABWV");
	case SONDE_HOP_ORDER_MANY:
		sonde_cli_wrong(&cli, "-o takes at most %d columns", SONDE_HOP_FIELDS);
	case SONDE_HOP_ORDER_LETTER:
		if (wrong == 'G')
			sonde_cli_wrong(&cli, "-o: there is no geometric mean; A is the mean");
		sonde_cli_wrong(&cli, "-o: there is no column %.*s",
				wrong > ' ' && wrong < 127 ? 1 : 0, &wrong);
	}
}

static struct sonde_trace_plan trace_plan(const struct conf *conf)
{
	unsigned port = conf->tcp ? PORT_HTTP : conf->udp ? PORT_DNS : PORT;
	struct sonde_method_look look = {
		.method = conf->icmp  ? SONDE_METHOD_ICMP
			  : conf->tcp ? conf->flags ? SONDE_METHOD_ACK : SONDE_METHOD_TCP
				      : SONDE_METHOD_UDP,
		.flows = conf->paths ? SONDE_TRACE_FLOWS : 0,
		.size = conf->size,
		.via = conf->gates.n,
	};
	struct sonde_trace_plan plan = {
		.first = (uint8_t)conf->first,
		.most = (uint8_t)conf->most,
		.ahead = AHEAD,
		.queries = (uint8_t)(conf->queries != UINT_MAX ? conf->queries
				     : is_table(conf)	       ? 1
							       : QUERIES),
		.here = HERE,
		.near = NEAR,
		.tos = (uint8_t)(conf->tos ? sonde_take_tos(&cli, "-t", conf->tos) : 0),
		.rounds = rounds(conf),
		.interval = conf->interval,
		.gap = conf->rate ? SONDE_SECOND / conf->rate : 0,
		.burst = BURST,
		.timeout = 2 * SONDE_SECOND,
		.paths = (uint8_t)(!conf->paths			  ? 0
				   : conf->confidence != UINT_MAX ? conf->confidence
								  : 95),
		.mtu = conf->mtu,
	};

	if (!conf->icmp)
		look.port = (uint16_t)(conf->port != UINT_MAX ? conf->port : port);
	plan.look[0] = plan.look[1] = look;
	if (conf->wait)
		take_wait(conf->wait, &plan);
	return plan;
}

static struct sonde_prober_plan prober_plan(const struct conf *conf)
{
	struct sonde_prober_plan p = {
		.protocol = conf->icmp	? IPPROTO_ICMP
			    : conf->tcp ? IPPROTO_TCP
					: IPPROTO_UDP,
		.flows = conf->paths ? SONDE_TRACE_FLOWS : 0,
		.device = conf->device,
		.ttl = -1,
		.tos = conf->tos ? sonde_take_tos(&cli, "-t", conf->tos) : -1,
		.discover = conf->fragile || conf->mtu ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT,
		.most = conf->mtu ? SONDE_TRACE_MTU_TOP : 0,
		.mark = conf->mark == UINT_MAX ? -1 : (int64_t)conf->mark,
	};

	for (size_t i = 0; i < conf->gates.n; i++)
		if (inet_pton(AF_INET, conf->gates.at[i], p.gate[p.gates++]) != 1)
			sonde_cli_wrong(&cli, "-g %s: it is no IPv4 address", conf->gates.at[i]);
	if (!conf->source)
		return p;
	if (inet_pton(AF_INET, conf->source, p.source.ip) == 1)
		p.source.family = AF_INET;
	else if (inet_pton(AF_INET6, conf->source, p.source.ip) == 1)
		p.source.family = AF_INET6;
	else
		sonde_cli_wrong(&cli, "-s %s: it is no address", conf->source);
	return p;
}

static void take_demands(const struct conf *conf, struct sonde_route_plan *plan,
			 struct sonde_expect expect[static SONDE_EXPECT_MOST])
{
	plan->expect = expect;
	plan->expects = sonde_take_demands(&cli, &sonde_expect_of_path, conf->expect, expect);
	for (unsigned i = 0; i < plan->expects && !conf->as_table; i++)
		if (sonde_expect_is_as(&expect[i]))
			sonde_cli_wrong(&cli, "--expect %.*s needs --as-table",
					(int)expect[i].text_len, expect[i].text);
	plan->junit = conf->junit;
	plan->diff = conf->diff;
}

static void look_plan(const struct conf *conf, struct sonde_route_plan *plan)
{
	unsigned terminal = sonde_file_width(STDOUT_FILENO);

	plan->width = sonde_paints_width(conf->width, terminal);
	plan->utf8 = sonde_file_utf8();
	plan->palette = sonde_paints_choose(conf->color, terminal);
}

static int lacks_privilege(const struct conf *conf)
{
	static const int wanted[] = { CAP_NET_RAW };
	char words[400];

	if (!sonde_privilege_missing(words, sizeof words, wanted, 1))
		snprintf(words, sizeof words, "not allowed");
	sonde_cli_say(&cli, "opening a socket for %s: %s%s", conf->tcp ? "TCP" : "ICMP", words,
		      conf->mark != UINT_MAX ? "; so does --fwmark"
					     : "; UDP, which is usual, needs none");
	return SONDE_EXIT_PRIVILEGE;
}

static int leave(const struct conf *conf, const struct sonde_measure_end *end, int code)
{
	if ((code == -EPERM || code == -EACCES) && !strcmp(end->doing, "opening a socket"))
		return lacks_privilege(conf);
	if (*end->why) {
		sonde_cli_say(&cli, "%s: %s", end->doing, end->why);
		return SONDE_EXIT_INPUT;
	}
	if (code == -ENODEV || code == -EADDRNOTAVAIL) {
		sonde_cli_say(&cli, "%s: there is no such %s here",
			      code == -ENODEV ? conf->device : conf->source,
			      code == -ENODEV ? "interface" : "address");
		return SONDE_EXIT_INPUT;
	}
	return sonde_measure_leave(&cli, end, conf->save, code);
}

static int trace(const struct conf *conf, const struct sonde_route_plan *plan, char **words,
		 struct sonde_measure_end *end)
{
	struct sonde_route *r = NULL;
	int k = sonde_route_open(&r, plan, end);

	for (; *words && !k; words++)
		k = sonde_route_add(r, *words, end);
	if (!k && conf->file)
		k = sonde_route_add_file(r, end);
	if (!k)
		k = sonde_route_run(r, end);
	sonde_route_close(r);
	return k;
}

int main(int argc, char **argv)
{
	struct conf conf = { .first = FIRST,
			     .most = MOST,
			     .queries = UINT_MAX,
			     .port = UINT_MAX,
			     .size = SIZE,
			     .rate = RATE,
			     .cycles = UINT_MAX,
			     .mark = UINT_MAX,
			     .confidence = UINT_MAX,
			     .interval = SONDE_SECOND };
	int operand = sonde_cli_parse(&cli, &conf, argc, argv);
	struct sonde_route_plan plan = { .out = report_to(&conf) };
	struct sonde_expect expect[SONDE_EXPECT_MOST];
	struct sonde_measure_end end = { 0 };

	conf.paths |= conf.dot;
	check(&conf);
	if (conf.columns)
		take_order(&conf);
	if (conf.from)
		check_from(&conf, argv[operand]);
	else if (!argv[operand] && !conf.file)
		sonde_cli_wrong(&cli, "whereto? A target is missing");
	plan.trace = trace_plan(&conf);
	plan.sockets = prober_plan(&conf);
	plan.family = conf.four || conf.gates.n ? AF_INET : conf.six ? AF_INET6 : 0;
	plan.numeric = conf.numeric;
	plan.as_table = conf.as_table;
	take_demands(&conf, &plan, expect);
	plan.file = conf.file;
	plan.save = conf.save;
	look_plan(&conf, &plan);
	plan.form = conf.json	      ? SONDE_ROUTE_JSON
		    : conf.csv	      ? SONDE_ROUTE_CSV
		    : conf.dot	      ? SONDE_ROUTE_DOT
		    : is_table(&conf) ? SONDE_ROUTE_TABLE
				      : SONDE_ROUTE_LINES;
	plan.live = conf.live;
	plan.order = conf.columns ? conf.order : NULL;
	if (!conf.from)
		return leave(&conf, &end, trace(&conf, &plan, argv + operand, &end));
	operand = sonde_route_from(&plan, conf.from, &end);
	return operand ? sonde_cli_fail(&cli, end.doing, operand) : leave(&conf, &end, 0);
}

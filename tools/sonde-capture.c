/* sonde capture: frames as they come, with what the kernel knows about them, on the screen or into
 * files. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/reason.h"
#include "capture/filter.h"
#include "cli/cli.h"
#include "run/capture.h"
#include "sys/device.h"
#include "sys/netns.h"
#include "sys/privilege.h"
#include "tools/show.h"

static const char *const backends[] = { "auto", "ring", "libpcap", NULL };
static const char *const directions[] = { "inout", "in", "out", NULL };
static const char *const clocks[] = { "kernel", "device", NULL };

struct conf {
	struct sonde_option_texts from;
	struct sonde_show_conf show;
	const char *netns, *file, *comment, *match, *until, *process;
	uint64_t snaplen, buffer, file_bytes, bytes;
	sonde_ns file_time, duration;
	unsigned packets, file_packets, files;
	int backend, dir, clock;
	bool list, near;
};

/* clang-format off */
static const struct sonde_option options[] = {
	SONDE_OPTION(TEXTS, 'i', "interface", struct conf, from, "NAME", "capture on it; may be repeated; NETNS/NAME is in another namespace, any is all (the first that is up)"),
	SONDE_OPTION(TEXT, 0, "netns", struct conf, netns, "NETNS", "where interfaces named without one are"),
	SONDE_OPTION(FLAG, 'D', "list-interfaces", struct conf, list, NULL, "list the interfaces"),
	SONDE_OPTION(BYTES, 's', "snaplen", struct conf, snaplen, "BYTES", "keep so much of each packet (262144)"),
	SONDE_OPTION(BYTES, 'B', "buffer-size", struct conf, buffer, "SIZE", "of each ring in the kernel (16M); a number below 1M counts KiB"),
	SONDE_OPTION(FLAG, 'p', "no-promiscuous-mode", struct conf, near, NULL, "only what is for this machine"),
	SONDE_OPTION_CHOICE('Q', "direction", struct conf, dir, "DIR", directions, "only what goes this way"),
	SONDE_OPTION_CHOICE('j', "time-stamp-type", struct conf, clock, "CLOCK", clocks, "who takes the times"),
	SONDE_OPTION_CHOICE(0, "backend", struct conf, backend, "NAME", backends, "how to capture"),
	SONDE_OPTION(MAYBE, 0, "process", struct conf, process, "WHO", "whose each packet is; with a name or number, only what is of that process"),
	SONDE_OPTION(TEXT, 'w', "write", struct conf, file, "FILE", "into FILE instead of the screen, pcap if it ends in .pcap, else pcapng, compressed if in .gz or .zst; - is standard output"),
	SONDE_OPTION(BYTES, 'C', NULL, struct conf, file_bytes, "SIZE", "begin a new file before one is larger; a number below 1000 counts millions of bytes"),
	SONDE_OPTION(SECONDS, 'G', NULL, struct conf, file_time, "SECONDS", "begin a new file so often"),
	SONDE_OPTION(UINT, 0, "file-packets", struct conf, file_packets, "NUMBER", "begin a new file after so many packets"),
	SONDE_OPTION(UINT, 'W', NULL, struct conf, files, "NUMBER", "keep the newest so many files"),
	SONDE_OPTION(TEXT, 0, "comment", struct conf, comment, "TEXT", "for the head of each pcapng file"),
	SONDE_OPTION(UINT, 'c', "count", struct conf, packets, "NUMBER", "end after so many packets"),
	SONDE_OPTION(SECONDS, 0, "duration", struct conf, duration, "SECONDS", "end after so long"),
	SONDE_OPTION(BYTES, 0, "size", struct conf, bytes, "SIZE", "end when the files have so many bytes together"),
	SONDE_OPTION(TEXT, 0, "match", struct conf, match, "EXPRESSION", "only packets of which this holds, such as 'tcp.flags.syn && ip.ttl < 10'"),
	SONDE_OPTION(TEXT, 0, "until", struct conf, until, "EXPRESSION", "end with the first packet of which this holds"),
	SONDE_SHOW_OPTIONS(struct conf, show),
	SONDE_OPTION_END,
};
/* clang-format on */

static const char *const forms[] = { "[OPTION...] [FILTER]", "-D [--netns NETNS]", NULL };
static const struct sonde_cli cli = {
	.name = "sonde capture",
	.purpose = "packets as they come, with what the kernel knows about them",
	.form = forms,
	.option = options,
	.more = "FILTER is an expression of pcap-filter(7).\n",
};

enum { DEVICES = 1024 };

struct setup {
	struct sonde_taps_from from[SONDE_TAPS];
	char netns[SONDE_TAPS][256];
	char filter[16 << 10];
	struct sonde_device device[DEVICES];
	size_t n;
};

static void say(void *arg, const char *line)
{
	(void)arg;
	sonde_cli_say(&cli, "%s", line);
}

static int open_netns(const char *name)
{
	int fd = name ? sonde_netns_named(name) : -1;
	char doing[300];

	if (!name || fd >= 0)
		return fd;
	snprintf(doing, sizeof doing, "namespace %s", name);
	_exit(sonde_cli_fail(&cli, doing, fd));
}

static int list_here(void *arg)
{
	struct setup *s = arg;

	return sonde_device_list(s->device, DEVICES);
}

static int list(struct setup *s, const struct conf *conf)
{
	int netns = open_netns(conf->netns);

	return netns < 0 ? list_here(s) : sonde_netns_visit(netns, list_here, s);
}

static int print_list(struct setup *s, const struct conf *conf)
{
	int n = list(s, conf);
	const char *word;

	if (n < 0)
		return sonde_cli_fail(&cli, "the list of interfaces", n);
	printf("any              all that are there and that come\n");
	for (int i = 0; i < n; i++) {
		const struct sonde_device *d = &s->device[i];

		printf("%-16s %s%s, mtu %u%s", d->name,
		       !d->up	    ? "down"
		       : d->running ? "up"
				    : "up, without a carrier",
		       d->loopback ? ", loopback" : "", d->mtu,
		       d->hardware ? ", takes times itself" : "");
		for (unsigned k = 0; (word = sonde_device_offload(d->offload, k)); k++)
			printf("%s%s", k ? " " : "; ", word);
		printf("\n");
	}
	return fflush(stdout) ? SONDE_EXIT_INCOMPLETE : SONDE_EXIT_YES;
}

/* "eth0", or "blue/eth0": no interface has a slash in its name. */
static void add_source(struct setup *s, const struct conf *conf, const char *name)
{
	const char *slash = strrchr(name, '/'), *netns = conf->netns;
	size_t i = s->n++;

	if (i == SONDE_TAPS)
		sonde_cli_wrong(&cli, "-i is taken up to %d times", SONDE_TAPS);
	if (slash) {
		snprintf(s->netns[i], sizeof s->netns[i], "%.*s", (int)(slash - name), name);
		netns = s->netns[i];
	}
	s->from[i] = (struct sonde_taps_from){ .name = name,
					       .interface = slash ? slash + 1 : name,
					       .netns = open_netns(netns) };
}

/* As tcpdump: the first that is up and no loopback, if there is one. */
static void choose_source(struct setup *s, const struct conf *conf)
{
	const char *name = NULL, *second = "any";
	int n = list(s, conf);

	for (int i = 0; i < n && !name; i++) {
		const struct sonde_device *d = &s->device[i];

		if (d->up && d->running && !d->loopback)
			name = d->name;
		if (d->up && d->loopback)
			second = d->name;
	}
	add_source(s, conf, name ? name : second);
}

static void join(char *ret, size_t size, char **words)
{
	size_t len = 0;

	for (; *words; words++) {
		len += (size_t)snprintf(ret + len, size - len, "%s%s", len ? " " : "", *words);
		if (len >= size)
			sonde_cli_wrong(&cli, "the filter is longer than %zu bytes", size);
	}
}

static void check(const struct conf *conf)
{
	bool several = conf->file_bytes || conf->file_time || conf->file_packets;

	if ((several || conf->files || conf->bytes || conf->comment) && !conf->file)
		sonde_cli_wrong(&cli,
				"-C, -G, -W, --file-packets, --size and --comment go with -w");
	if (several && !strcmp(conf->file, "-"))
		sonde_cli_wrong(&cli, "standard output cannot be several files");
	if (conf->files && !several)
		sonde_cli_wrong(&cli, "-W counts the files that -C, -G or --file-packets begin");
	if (!conf->packets)
		sonde_cli_wrong(&cli, "-c 0 would capture nothing");
	if (conf->buffer >> 20 > 2047)
		sonde_cli_wrong(&cli, "-B takes less than 2G");
	if (conf->file && !strcmp(conf->file, "-") && isatty(STDOUT_FILENO))
		sonde_cli_wrong(&cli, "packets are not for a terminal; without -w they are lines");
}

static struct sonde_capture_plan plan_of(const struct conf *conf, const struct setup *s)
{
	return (struct sonde_capture_plan){
		.from = s->from,
		.sources = s->n,
		.live = { .filter = *s->filter ? s->filter : NULL,
			  .snaplen = (uint32_t)(conf->snaplen > SONDE_LIVE_SNAPLEN ? 0
										   : conf->snaplen),
			  .buffer = (uint32_t)(conf->buffer < 1 << 20 ? conf->buffer << 10
								      : conf->buffer),
			  .dir = (uint8_t)conf->dir,
			  .way = (uint8_t)conf->backend,
			  .promiscuous = !conf->near,
			  .hardware = conf->clock },
		.album = { .name = conf->file,
			   .bytes = conf->file_bytes < 1000 ? conf->file_bytes * 1000000
							    : conf->file_bytes,
			   .packets = conf->file_packets,
			   .time = conf->file_time,
			   .keep = conf->files,
			   .comment = conf->comment },
		.process = conf->process,
		.match = conf->match,
		.until = conf->until,
		.packets = conf->packets == UINT32_MAX ? 0 : conf->packets,
		.bytes = conf->bytes,
		.duration = conf->duration,
		.out = STDOUT_FILENO,
		.voice = { say, NULL },
	};
}

/* Which word it is that cannot stand there. */
static int fail_filter(const char *text)
{
	enum { ETHERNET = 1, COOKED = 276 };
	struct sonde_filter *f;
	char why[480];
	int r = sonde_filter_open(&f, text);

	if (r < 0)
		return sonde_cli_fail(&cli, "the filter", r);
	r = sonde_filter_program(f, ETHERNET, NULL);
	r = r < 0 ? r : sonde_filter_program(f, COOKED, NULL);
	sonde_cli_say(&cli, "%s",
		      r < 0 ? sonde_filter_explain(f, why, sizeof why)
			    : sonde_reason_text(SONDE_FILTER));
	sonde_filter_close(f);
	return SONDE_EXIT_INPUT;
}

static int leave(const struct setup *s, const struct sonde_capture_end *end, int code)
{
	static const int wanted[] = { CAP_NET_RAW };
	char words[600];

	if (code == SONDE_LOST)
		return SONDE_EXIT_INCOMPLETE; /* said already */
	if (code == SONDE_NO_PRIVILEGE && sonde_privilege_missing(words, sizeof words, wanted, 1)) {
		sonde_cli_say(&cli, "%s: %s", end->doing, words);
		return SONDE_EXIT_PRIVILEGE;
	}
	if (code == SONDE_FILTER)
		return fail_filter(s->filter);
	if (code < 0 && end->told) {
		sonde_cli_say(&cli, "%s", end->doing);
		return SONDE_EXIT_INPUT;
	}
	if (code == -ENODEV) {
		sonde_cli_say(&cli, "%s: there is no such interface; -D lists them", end->doing);
		return SONDE_EXIT_INPUT;
	}
	if (code == -EPIPE)
		return SONDE_EXIT_INCOMPLETE;
	return code < 0 ? sonde_cli_fail(&cli, end->doing, code) : SONDE_EXIT_YES;
}

int main(int argc, char **argv)
{
	static struct setup s;
	struct conf conf = { .packets = UINT32_MAX };
	int operand = sonde_cli_parse(&cli, &conf, argc, argv);
	struct sonde_capture_plan plan;
	struct sonde_capture_end end;

	if (conf.list)
		return print_list(&s, &conf);
	check(&conf);
	join(s.filter, sizeof s.filter, argv + operand);
	for (size_t i = 0; i < conf.from.n; i++)
		add_source(&s, &conf, conf.from.at[i]);
	if (!s.n)
		choose_source(&s, &conf);
	plan = plan_of(&conf, &s);
	sonde_show_choose(&cli, &conf.show, STDOUT_FILENO, &plan.look);
	plan.look.process = conf.process;
	plan.look.interface = s.n > 1 || !strcmp(s.from->interface, "any");
	return leave(&s, &end, sonde_capture_run(&plan, &end));
}

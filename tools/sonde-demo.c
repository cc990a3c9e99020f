/* sonde demo: a client and a server on two hosts of their own, followed; stream beside datagram. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reason.h"
#include "cli/cli.h"
#include "run/follow.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/netns.h"
#include "tools/demo/demo.h"
#include "tools/look.h"

enum { HOST_SERVER, HOST_CLIENT };

struct conf {
	struct sonde_look_conf look;
	const char *output, *save, *over;
	bool list;
};

/* What is run, one after the other, in the followed process. */
struct show {
	const struct sonde_demo_session *session;
	enum sonde_demo_over over[SONDE_DEMO_OVER_END_];
	unsigned n;
	int host[2];
};

/* clang-format off */
static const struct sonde_option options[] = {
	SONDE_OPTION(TEXT, 0, "over", struct conf, over, "KIND", "tcp4 tcp6 udp4 udp6 unix-stream unix-dgram unix-seqpacket (tcp4, then udp4)"),
	SONDE_OPTION(FLAG, 0, "list", struct conf, list, NULL, "name the sessions there are"),
	SONDE_OPTION(TEXT, 'o', NULL, struct conf, output, "FILE", "write the report to FILE (standard output)"),
	SONDE_OPTION(TEXT, 0, "save", struct conf, save, "FILE", "keep all events and packets as pcapng"),
	SONDE_LOOK_OPTIONS(struct conf, look),
	SONDE_OPTION_END,
};
/* clang-format on */

static const char *const forms[] = { "[OPTION...] [NAME]", "--list", NULL };
static const struct sonde_cli cli = {
	.name = "sonde demo",
	.purpose = "a client-server session between two hosts of its own, followed and compared",
	.form = forms,
	.option = options,
};

static int list(void)
{
	for (const struct sonde_demo_session *const *s = sonde_demo_sessions; *s; s++)
		printf("%-10s %s\n", (*s)->name, (*s)->what);
	return fflush(stdout) ? SONDE_EXIT_NO : SONDE_EXIT_YES;
}

/* The followed process is a fork of ours: it keeps its hosts and lets go of our tracer. */
static int host_alone(int host, int as)
{
	if (host < 0)
		return -1;
	return host == as ? as : dup3(host, as, O_CLOEXEC);
}

static int run(void *arg)
{
	struct show *show = arg;
	int code = 0;

	show->host[HOST_SERVER] = host_alone(show->host[HOST_SERVER], 3);
	show->host[HOST_CLIENT] = host_alone(show->host[HOST_CLIENT], 4);
	close_range(5, ~0U, 0);
	for (unsigned i = 0; i < show->n && !code; i++)
		code = sonde_demo_run(show->session, show->over[i], show->host[HOST_SERVER],
				      show->host[HOST_CLIENT]);
	return code;
}

static void choose(struct show *show, const struct conf *conf, const char *name)
{
	int over = conf->over ? sonde_demo_over_find(conf->over) : -1;

	show->session = name ? sonde_demo_find(name) : sonde_demo_sessions[0];
	if (!show->session)
		sonde_cli_wrong(&cli, "there is no session '%s'; --list names them", name);
	if (conf->over && over < 0)
		sonde_cli_wrong(&cli, "--over does not know '%s'", conf->over);
	show->over[show->n++] = conf->over ? (enum sonde_demo_over)over : SONDE_DEMO_TCP4;
	if (!conf->over)
		show->over[show->n++] = SONDE_DEMO_UDP4;
}

/* Two hosts; where that is not allowed the session stays on the loopback, and it is said. */
static void open_hosts(struct show *show)
{
	int r = sonde_demo_hosts_open(&show->host[HOST_SERVER], &show->host[HOST_CLIENT]);

	if (r >= 0)
		return;
	show->host[HOST_SERVER] = show->host[HOST_CLIENT] = -1;
	fprintf(stderr, "sonde demo: no hosts of its own (%s): on the loopback instead\n",
		sonde_reason_text(r));
}

int main(int argc, char **argv)
{
	struct conf conf = { 0 };
	int operand = sonde_cli_parse(&cli, &conf, argc, argv), r;
	struct show show = { 0 };
	struct sonde_follow_name name[2] = { { .name = "server" }, { .name = "client" } };
	struct sonde_follow_plan plan = {
		.run = run,
		.name_of = name,
		.arg = &show,
		.wait_all = true,
		.tracer = { .packets = true, .started = true, .calls = true, .snaplen = 128 },
		.report = STDOUT_FILENO,
		.out = STDERR_FILENO,
		.save = -1,
	};
	struct sonde_follow_end end;
	const char *bad;

	if (conf.list)
		return list();
	if (argc - operand > 1)
		sonde_cli_wrong(&cli, "one session at a time, not '%s' too", argv[operand + 1]);
	choose(&show, &conf, argv[operand]);
	plan.name = show.session->name;
	if (conf.output && (plan.report = sonde_file_make(conf.output)) < 0)
		return sonde_cli_fail(&cli, conf.output, plan.report);
	if (sonde_look_choose(&plan.look, &conf.look, plan.report, &bad) < 0)
		sonde_cli_wrong(&cli, "-e does not know '%s'", bad);
	if (!conf.look.calls && !conf.look.events)
		plan.look.classes = 0;
	plan.look.ladder = true;
	if (conf.save && (plan.save = sonde_file_make(conf.save)) < 0)
		return sonde_cli_fail(&cli, conf.save, plan.save);
	open_hosts(&show);
	name[HOST_SERVER].netns = sonde_netns_inode(show.host[HOST_SERVER]);
	name[HOST_CLIENT].netns = sonde_netns_inode(show.host[HOST_CLIENT]);
	plan.names = show.host[HOST_SERVER] < 0 ? 0 : 2;
	r = sonde_follow_run(&plan, &end);
	if (r < 0)
		return sonde_cli_fail(&cli, end.doing, r);
	if (end.saved)
		return sonde_cli_fail(&cli, conf.save, end.saved);
	if (end.why)
		return sonde_cli_fail(&cli, "the report is incomplete", end.why);
	return sonde_child_leave(end.status);
}

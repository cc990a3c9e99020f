/* sonde follow: what programs asked of their sockets, what the kernel did, what crossed the wire.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/reason.h"
#include "cli/cli.h"
#include "run/follow.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "tools/look.h"

static const char *const backends[] = { "auto", "bpf", "ptrace", NULL };

struct conf {
	struct sonde_look_conf look;
	const char *output, *save, *from;
	struct sonde_option_numbers pid;
	struct sonde_option_texts deny;
	uint64_t snaplen;
	unsigned payload;
	int backend;
	bool all, wait_all;
};

/* clang-format off */
static const struct sonde_option options[] = {
	SONDE_OPTION(NUMBERS, 'p', "pid", struct conf, pid, "PID", "follow a process that runs already, and its children"),
	SONDE_OPTION(FLAG, 'a', "all", struct conf, all, NULL, "follow the whole machine"),
	SONDE_OPTION(TEXT, 0, "from", struct conf, from, "FILE", "report again what --save kept"),
	SONDE_OPTION(TEXT, 'o', NULL, struct conf, output, "FILE", "write the report to FILE, - is standard output (standard error)"),
	SONDE_OPTION(TEXT, 0, "save", struct conf, save, "FILE", "keep all events and packets as pcapng"),
	SONDE_LOOK_OPTIONS(struct conf, look),
	SONDE_OPTION(UINT, 's', NULL, struct conf, payload, "BYTES", "show the first BYTES of what each call moved (0)"),
	SONDE_OPTION(BYTES, 0, "snaplen", struct conf, snaplen, "BYTES", "keep so much of each packet (128)"),
	SONDE_OPTION_CHOICE(0, "backend", struct conf, backend, "NAME", backends, "how to watch"),
	SONDE_OPTION(TEXTS, 0, "deny-hook", struct conf, deny, "NAME", "do without this hook of the kernel"),
	SONDE_OPTION(FLAG, 0, "wait-all", struct conf, wait_all, NULL, "wait for descendants that outlive the command"),
	SONDE_OPTION_END,
};
/* clang-format on */

static const char *const forms[] = {
	"[OPTION...] -- COMMAND [ARG...]",
	"[OPTION...] -p PID",
	"[OPTION...] -a",
	"[OPTION...] --from FILE",
	NULL,
};
static const struct sonde_cli cli = {
	.name = "sonde follow",
	.purpose = "the lives of sockets: calls, kernel states and packets on one clock",
	.form = forms,
	.option = options,
	.command = true,
};

static void check_hooks(const struct sonde_option_texts *deny)
{
	const char *hook[SONDE_OPTION_REPEATS + 1] = { NULL };
	char list[1000] = "";
	size_t len = 0;

	for (unsigned i = 0; i < SONDE_OPTION_REPEATS && (hook[i] = sonde_tracer_hook(i)); i++)
		len += (size_t)snprintf(list + len, sizeof list - len, " %s", hook[i]);
	for (size_t i = 0; i < deny->n; i++) {
		unsigned k = 0;

		while (hook[k] && strcmp(hook[k], deny->at[i]))
			k++;
		if (!hook[k])
			sonde_cli_wrong(&cli, "there is no hook '%s' but:%s", deny->at[i], list);
	}
}

/* What is wrong with the words, before anything is opened. */
static void check(const struct conf *conf, int operands)
{
	int ways = (operands > 0) + (conf->pid.n > 0) + conf->all + (conf->from != NULL);

	if (!ways)
		sonde_cli_wrong(&cli, "what is to be followed: a command, -p, -a or --from?");
	if (ways > 1)
		sonde_cli_wrong(&cli, "a command, -p, -a and --from exclude each other");
	if (conf->from && conf->save)
		sonde_cli_wrong(&cli, "--save keeps a live run, --from reads one back");
	check_hooks(&conf->deny);
	if (conf->snaplen < 64 || conf->snaplen > 65535)
		sonde_cli_wrong(&cli, "--snaplen takes 64 to 65535 bytes");
	for (size_t i = 0; i < conf->pid.n; i++)
		if (!conf->pid.at[i] || (pid_t)conf->pid.at[i] == getpid())
			sonde_cli_wrong(&cli, "%u is not a process to follow", conf->pid.at[i]);
}

static int replay(const struct conf *conf, const struct sonde_look *look, int report)
{
	int file = sonde_file_open(conf->from), r;

	if (file < 0)
		return sonde_cli_fail(&cli, conf->from, file);
	r = sonde_follow_replay(file, look, report);
	return r < 0 ? sonde_cli_fail(&cli, conf->from, r) : SONDE_EXIT_YES;
}

/* The command's own code, unless it went well and we did not. */
static int leave(const struct conf *conf, const struct sonde_follow_end *end, const char *command)
{
	int code = SONDE_EXIT_YES;

	if (end->why)
		code = sonde_cli_fail(&cli, "the report is incomplete", end->why);
	if (end->saved)
		code = sonde_cli_fail(&cli, conf->save, end->saved);
	code = code ? SONDE_EXIT_INCOMPLETE : SONDE_EXIT_YES;
	if (end->exec)
		return sonde_cli_fail_command(&cli, command, end->exec);
	return command && end->status ? sonde_child_leave(end->status) : code;
}

/* A refusal names the capability that would do. */
static int refuse(const struct sonde_follow_end *end, int code)
{
	static const int load[] = { CAP_BPF, CAP_PERFMON }, look[] = { CAP_SYS_PTRACE };
	char words[4600];
	size_t n = 0;

	if (code == SONDE_NO_PRIVILEGE)
		n = sonde_privilege_missing(words, sizeof words, load, 2);
	else if (code == -EPERM)
		n = sonde_privilege_missing(words, sizeof words, look, 1);
	if (!n)
		return sonde_cli_fail(&cli, end->doing, code);
	sonde_cli_say(&cli, "%s: %s", end->doing, words);
	return SONDE_EXIT_PRIVILEGE;
}

int main(int argc, char **argv)
{
	struct conf conf = { .snaplen = 128 };
	int operand = sonde_cli_parse(&cli, &conf, argc, argv), r;
	struct sonde_follow_plan plan = {
		.argv = operand < argc ? argv + operand : NULL,
		.pid = conf.pid.at,
		.pids = conf.pid.n,
		.wait_all = conf.wait_all,
		.tracer = { .backend = (enum sonde_backend)conf.backend,
			    .all = conf.all,
			    .packets = true,
			    .started = operand < argc,
			    .payload = conf.payload,
			    .snaplen = (unsigned)conf.snaplen,
			    .deny = conf.deny.n ? conf.deny.at : NULL },
		.report = STDERR_FILENO,
		.out = -1,
		.save = -1,
	};
	struct sonde_follow_end end;
	const char *bad;

	check(&conf, argc - operand);
	if (conf.output && (plan.report = sonde_file_make(conf.output)) < 0)
		return sonde_cli_fail(&cli, conf.output, plan.report);
	if (conf.output && !strcmp(conf.output, "-"))
		plan.out = STDERR_FILENO;
	if (sonde_look_choose(&plan.look, &conf.look, plan.report, &bad) < 0)
		sonde_cli_wrong(&cli, "-e does not know '%s'", bad);
	plan.tracer.calls = conf.look.calls || plan.look.classes & SONDE_LINE_CALLS;
	plan.tracer.headers = !conf.save && !conf.look.json;
	if (conf.from)
		return replay(&conf, &plan.look, plan.report);
	if (conf.save && (plan.save = sonde_file_make(conf.save)) < 0)
		return sonde_cli_fail(&cli, conf.save, plan.save);
	r = sonde_follow_run(&plan, &end);
	if (r < 0) {
		r = refuse(&end, r);
		return plan.argv && r != SONDE_EXIT_PRIVILEGE ? SONDE_EXIT_FAILED : r;
	}
	return leave(&conf, &end, plan.argv ? plan.argv[0] : NULL);
}

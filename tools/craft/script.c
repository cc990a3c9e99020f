#include "tools/craft/craft.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <unistd.h>

#include "base/reason.h"
#include "run/script.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "tools/paints.h"

static void be_silent(void *arg, const char *line)
{
	(void)arg, (void)line;
}

static void say_setup(void *arg, const char *line)
{
	(void)arg;
	sonde_cli_say(&sonde_craft_cli, "%s", line);
}

static void check_script(const struct sonde_craft_conf *conf)
{
	if (conf->count != UINT32_MAX || conf->rate != UINT32_MAX ||
	    conf->interval != SONDE_CRAFT_UNSET || conf->flood || conf->xdp || conf->write ||
	    conf->listen != SONDE_CRAFT_UNSET || conf->hex)
		sonde_cli_wrong(&sonde_craft_cli,
				"a script says itself how often and how fast: without -c, "
				"-i, --rate, --flood, --xdp, --listen, --hex and -w");
	if (conf->json && conf->tap)
		sonde_cli_wrong(&sonde_craft_cli, "--json and --tap exclude each other");
}

static int leave_script(const struct sonde_script_end *end, int code)
{
	static const int wanted[] = { CAP_NET_RAW, CAP_NET_ADMIN };
	char words[400];

	if (end->told) {
		sonde_craft_say_why(end->doing);
		return code == SONDE_LOST ? SONDE_EXIT_INCOMPLETE : SONDE_EXIT_INPUT;
	}
	if (code == SONDE_NO_PRIVILEGE || code == -EPERM || code == -EACCES) {
		if (!sonde_privilege_missing(words, sizeof words, wanted, 2))
			snprintf(words, sizeof words, "not allowed");
		sonde_cli_say(&sonde_craft_cli, "%s: %s", end->doing, words);
		return SONDE_EXIT_PRIVILEGE;
	}
	if (code == SONDE_LOST) {
		sonde_cli_say(&sonde_craft_cli, "%s", sonde_reason_text(code));
		return SONDE_EXIT_INCOMPLETE;
	}
	if (code < 0)
		return sonde_cli_fail(&sonde_craft_cli, end->doing, code);
	return end->met ? SONDE_EXIT_YES : SONDE_EXIT_NO;
}

int sonde_craft_script(const struct sonde_craft_conf *conf, char **values)
{
	struct sonde_script_plan plan = {
		.file = conf->script,
		.values = (const char *const *)values,
		.form = conf->json  ? SONDE_SCRIPT_JSON
			: conf->tap ? SONDE_SCRIPT_TAP
				    : SONDE_SCRIPT_TEXT,
		.interface = conf->device,
		.save = conf->save,
		.seed = sonde_craft_seed(conf),
		.no_rst = conf->no_rst,
		.mean_it = conf->meant,
		.dry = conf->dry,
		.quiet = conf->quiet,
		.palette = sonde_paints_choose(conf->color, sonde_file_width(STDOUT_FILENO)),
		.out = STDOUT_FILENO,
		.voice = { .hear = conf->tree ? say_setup : be_silent },
	};
	struct sonde_script_end end;
	int code;

	check_script(conf);
	while (values[plan.n])
		plan.n++;
	code = sonde_script_run(&plan, &end);
	return leave_script(&end, code);
}

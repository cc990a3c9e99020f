/* sonde lab run and exec: a command at a node. */
#include <errno.h>
#include <unistd.h>

#include "base/reason.h"
#include "run/labcell.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "sys/sleep.h"
#include "tools/lab/lab.h"

/* Where the command runs, or -1, which was said. */
static int choose_node(const struct sonde_lab *lab, const char *name)
{
	int node = name ? sonde_lab_find(lab, name) : -1;

	for (unsigned i = 0; i < lab->nodes && !name; i++)
		if (lab->node[i].kind == SONDE_LAB_HOST)
			return (int)i;
	if (!name)
		sonde_cli_say(&sonde_lab_cli, "the lab has no host: -n says where to run");
	else if (node < 0)
		sonde_cli_say(&sonde_lab_cli, "there is no node '%s'", name);
	else if (lab->node[node].kind != SONDE_LAB_SIM)
		return node;
	else
		sonde_cli_say(&sonde_lab_cli, "%s is a sim, in which nothing can run", name);
	return -1;
}

/* Runs it. *ret_code is ours to exit with; a signal that it died of is for sonde_child_leave. */
static int run_command(const struct sonde_labcell_plan *plan, int *ret_status)
{
	struct sonde_labcell_end end;
	struct sonde_labcell cell;
	int r;

	*ret_status = -1;
	sonde_sleep_init();
	r = sonde_labcell_start(&cell, plan);
	if (r >= 0) {
		sonde_privilege_drop(-1);
		r = sonde_labcell_wait(&cell, &end);
		sonde_labcell_done(&cell);
	}
	sonde_sleep_done();
	if (r == -ECHILD) {
		sonde_cli_say(&sonde_lab_cli, "the lab ended before the command did");
		return SONDE_EXIT_FAILED;
	}
	if (r >= 0 && end.error && end.placed)
		return sonde_cli_fail_command(&sonde_lab_cli, *plan->argv, end.error);
	if (r < 0 || end.error) {
		sonde_cli_fail(&sonde_lab_cli, "a place for the command", r < 0 ? r : end.error);
		return SONDE_EXIT_FAILED;
	}
	*ret_status = end.status;
	return 0;
}

int sonde_lab_run(const struct sonde_lab_conf *conf, char **words)
{
	struct sonde_labcell_plan plan = { .lifeline = -1, .argv = words + 1 };
	int truth = -1, code, node, status = -1;
	struct sonde_labsite site = { 0 };
	struct sonde_labfile f;
	bool own;

	code = sonde_lab_read(&f, *words);
	node = code ? -1 : choose_node(&f.lab, conf->node);
	if (!code && node < 0)
		code = SONDE_EXIT_INPUT;
	if (!code && conf->truth && (truth = sonde_file_make(conf->truth)) < 0)
		code = sonde_cli_fail(&sonde_lab_cli, conf->truth, truth);
	if (!code)
		code = sonde_lab_build(&site, &f, *words, &own);
	if (!code) {
		plan.site = &site;
		plan.node = f.lab.node[node].name;
		plan.netns = site.netns[node];
		plan.hosts = site.hosts;
		code = run_command(&plan, &status);
	}
	if (truth >= 0 && site.truth >= 0)
		sonde_lab_print_truth(&f.lab, site.truth, truth);
	sonde_labsite_close(&site);
	sonde_labfile_done(&f);
	return code ? code : sonde_child_leave(status);
}

int sonde_lab_exec(const struct sonde_lab_conf *conf, char **words)
{
	struct sonde_labcell_plan plan = { .argv = words + 2 };
	static struct sonde_control_message m;
	int code, status = -1;

	code = sonde_lab_ask(conf, words[0], 2, &plan.lifeline, &m, "enter %s", words[1]);
	if (code)
		return code;
	plan.node = m.text;
	plan.netns = m.fd[0];
	plan.hosts = m.fd[1];
	code = run_command(&plan, &status);
	return code ? code : sonde_child_leave(status);
}

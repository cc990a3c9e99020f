/* sonde lab up, set, down and list: labs that have a name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/file.h"
#include "sys/userns.h"
#include "tools/lab/lab.h"

/* Alone from here on: no terminal, no files of whoever started us, no folder kept busy. */
static void leave_everything(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && null >= 0; fd++)
		dup2(null, fd);
	if (chdir("/") < 0)
		_exit(SONDE_EXIT_FAILED);
}

/* The one who was asked to make it goes when it stands; another process holds it. */
static int hand_over(struct sonde_labhold_plan *plan)
{
	int ready[2], r;

	if (pipe2(ready, O_CLOEXEC))
		return -errno;
	switch (fork()) {
	case -1: return -errno;
	case 0:
		close(ready[0]);
		leave_everything();
		plan->ready = ready[1];
		_exit(sonde_labhold_run(plan) < 0);
	}
	close(ready[1]);
	return read(ready[0], &r, sizeof r) == sizeof r ? r : -ECHILD;
}

static bool is_name(const char *name)
{
	return *name && strlen(name) < 64 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789._-") == strlen(name);
}

/* Takes the name and builds the lab; what was opened is in the plan. */
static int build(const struct sonde_lab_conf *conf, const char *name,
		 struct sonde_labhold_plan *plan)
{
	bool own;
	int code;

	plan->listener = sonde_control_listen(conf->uid, name);
	if (plan->listener == -EADDRINUSE) {
		sonde_cli_say(&sonde_lab_cli,
			      "there is a lab '%s' already; 'sonde lab down %s' ends it", name,
			      name);
		return SONDE_EXIT_INPUT;
	}
	if (plan->listener < 0)
		return sonde_cli_fail(&sonde_lab_cli, name, plan->listener);
	code = sonde_lab_build(plan->site, plan->file, plan->path, &own);
	if (!code && own && (plan->userns = sonde_userns_open()) < 0)
		code = sonde_cli_fail(&sonde_lab_cli, name, plan->userns);
	return code;
}

int sonde_lab_up(const struct sonde_lab_conf *conf, char **words)
{
	struct sonde_labsite site = { 0 };
	struct sonde_labfile f;
	struct sonde_labhold_plan plan = { &f, &site, *words, -1, -1, -1 };
	int code = sonde_lab_read(&f, *words), r;
	const char *name = conf->name ? conf->name : f.lab.name;

	if (!code && !name)
		sonde_cli_wrong(&sonde_lab_cli, "%s has no 'lab NAME': --name gives one", *words);
	if (!code && !is_name(name))
		sonde_cli_wrong(&sonde_lab_cli,
				"a name is up to 63 letters, digits, dots, dashes, not '%s'", name);
	if (!code)
		code = build(conf, name, &plan);
	if (!code && (r = hand_over(&plan)) < 0)
		code = sonde_cli_fail(&sonde_lab_cli, name, r);
	if (!code)
		printf("lab %s is up: %u nodes, %u links\n", name, f.lab.nodes, f.lab.links);
	sonde_labsite_close(&site);
	sonde_labfile_done(&f);
	return !code && fflush(stdout) ? SONDE_EXIT_INCOMPLETE : code;
}

int sonde_lab_down(const struct sonde_lab_conf *conf, char **words)
{
	static struct sonde_control_message m;
	int fd;

	return sonde_lab_ask(conf, *words, -1, &fd, &m, "down");
}

int sonde_lab_set(const struct sonde_lab_conf *conf, char **words)
{
	static struct sonde_control_message m;
	char text[SONDE_CONTROL_MESSAGE - 8];
	size_t len = 0;
	int fd;

	for (char **w = words + 1; *w; w++) {
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len ? " " : "", *w);
		if (len >= sizeof text)
			sonde_cli_wrong(&sonde_lab_cli, "so many words are too many");
	}
	return sonde_lab_ask(conf, *words, -1, &fd, &m, "set %s", text);
}

struct list {
	const struct sonde_lab_conf *conf;
	struct sonde_text text;
	unsigned n;
};

static void list_one(void *arg, const char *name)
{
	static struct sonde_control_message m;
	struct list *l = arg;
	unsigned pid, nodes, links, commands, seconds;
	int fd = sonde_labhold_ask(l->conf->uid, name, "about", &m), path = 0;

	if (fd < 0)
		return; /* it has gone since */
	close(fd);
	if (sscanf(m.text, "%u %u %u %u %u %n", &pid, &nodes, &links, &commands, &seconds, &path) <
	    5)
		return;
	if (!l->n++)
		sonde_text_print(&l->text, "%-16s %5s %5s %8s %8s %7s  %s\n", "NAME", "NODES",
				 "LINKS", "COMMANDS", "SECONDS", "PID", "FILE");
	sonde_text_escape(&l->text, name, strlen(name));
	sonde_text_print(&l->text, "%*s %5u %5u %8u %8u %7u  ",
			 strlen(name) < 16 ? (int)(16 - strlen(name)) : 0, "", nodes, links,
			 commands, seconds, pid);
	sonde_text_escape(&l->text, m.text + path, strlen(m.text + path));
	sonde_text_str(&l->text, "\n");
}

int sonde_lab_list(const struct sonde_lab_conf *conf, char **words)
{
	static char buffer[16 << 10];
	struct list l = { .conf = conf };
	int out = STDOUT_FILENO, r;

	(void)words;
	sonde_text_init(&l.text, buffer, sizeof buffer, sonde_file_sink, &out);
	r = sonde_control_each(conf->uid, list_one, &l);
	if (r < 0)
		return sonde_cli_fail(&sonde_lab_cli, "/proc/net/unix", r);
	r = sonde_text_flush(&l.text);
	return r < 0 ? sonde_cli_fail(&sonde_lab_cli, "standard output", r) : SONDE_EXIT_YES;
}

/* sonde lab check, truth and capture: what a lab is, and what goes on in it. */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/reason.h"
#include "lab/oracle.h"
#include "out/json.h"
#include "out/paint.h"
#include "run/capture.h"
#include "sys/file.h"
#include "tools/lab/lab.h"

static void print(void *arg, const struct sonde_schema *schema, const void *record)
{
	sonde_json_record(arg, schema, record);
}

int sonde_lab_check(const struct sonde_lab_conf *conf, char **words)
{
	static char buffer[64 << 10];
	struct sonde_arena scratch = { 0 };
	int out = STDOUT_FILENO, r;
	struct sonde_labfile f;
	struct sonde_text t;
	int code = sonde_lab_read(&f, *words);

	(void)conf;
	if (code) {
		sonde_labfile_done(&f);
		return code;
	}
	sonde_text_init(&t, buffer, sizeof buffer, sonde_file_sink, &out);
	sonde_oracle_addresses(&f.lab, &scratch, print, &t);
	sonde_oracle_paths(&f.lab, &scratch, print, &t);
	r = sonde_text_flush(&t);
	sonde_arena_done(&scratch);
	sonde_labfile_done(&f);
	return r < 0 ? sonde_cli_fail(&sonde_lab_cli, "standard output", r) : SONDE_EXIT_YES;
}

int sonde_lab_truth(const struct sonde_lab_conf *conf, char **words)
{
	static struct sonde_control_message m;
	struct sonde_labfile_error e;
	struct sonde_labfile f;
	int fd, code = sonde_lab_ask(conf, *words, -1, &fd, &m, "truth"), r;

	if (code)
		return code;
	r = sonde_labfile_names(&f, m.fd[1], &e);
	code = r < 0 ? sonde_cli_fail(&sonde_lab_cli, e.file, r)
		     : sonde_lab_print_truth(&f.lab, m.fd[0], STDOUT_FILENO);
	sonde_labfile_done(&f);
	return code;
}

static void say(void *arg, const char *line)
{
	(void)arg;
	sonde_cli_say(&sonde_lab_cli, "%s", line);
}

int sonde_lab_capture(const struct sonde_lab_conf *conf, char **words)
{
	static struct sonde_control_message m;
	struct sonde_capture_end end;
	struct sonde_taps_from from = { .name = words[1] };
	struct sonde_capture_plan plan = {
		.from = &from,
		.sources = 1,
		.live = { .promiscuous = true },
		.album = { .name = conf->file },
		.look = { .line_by_line = true },
		.packets = conf->count,
		.out = STDOUT_FILENO,
		.voice = { say, NULL },
	};
	int fd, code = sonde_lab_ask(conf, words[0], 1, &fd, &m, "link %s", words[1]), r;

	if (code)
		return code;
	m.text[strcspn(m.text, " ")] = 0;
	from.interface = m.text;
	from.netns = m.fd[0];
	if (isatty(STDOUT_FILENO))
		plan.look.palette = sonde_paint_palette;
	r = sonde_capture_run(&plan, &end);
	if (r == SONDE_LOST)
		return SONDE_EXIT_INCOMPLETE; /* said already */
	if (r < 0 && end.told) {
		sonde_cli_say(&sonde_lab_cli, "%s", end.doing);
		return SONDE_EXIT_INPUT;
	}
	return r < 0 ? sonde_cli_fail(&sonde_lab_cli, end.doing, r) : SONDE_EXIT_YES;
}

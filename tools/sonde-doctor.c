/* sonde doctor [VERB]: what stands in the way of a verb here, and what puts it right. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "out/csv.h"
#include "out/json.h"
#include "run/doctor.h"
#include "run/rights.h"
#include "sys/file.h"

struct conf {
	bool json, csv, rights;
};

static const struct sonde_option options[] = {
	SONDE_OPTION(FLAG, 0, "rights", struct conf, rights, NULL,
		     "the table itself: which capabilities each verb needs, why, and until when"),
	SONDE_OPTION(FLAG, 0, "json", struct conf, json, NULL, "one JSON object a line"),
	SONDE_OPTION(FLAG, 0, "csv", struct conf, csv, NULL, "comma-separated values"),
	SONDE_OPTION_END,
};
static const char *const forms[] = { "[--json | --csv] [VERB]", "--rights [--json | --csv] [VERB]",
				     NULL };
static const struct sonde_cli cli = {
	.name = "sonde doctor",
	.purpose = "what works here and now, what is missing, and the command that grants it",
	.form = forms,
	.option = options,
	.more = "With a VERB, only what that verb needs. Nothing on the machine is changed.\n"
		"Exits with 1 where something is missing.\n",
};

struct report {
	const struct conf *conf;
	struct sonde_text text;
	char topic[24]; /* of the line before */
};

static void put_field(struct sonde_text *t, const char *s)
{
	sonde_text_escape(t, s, strlen(s));
}

static void hear_line(void *arg, const struct sonde_doctor_record *line)
{
	struct report *r = arg;
	struct sonde_text *t = &r->text;

	if (r->conf->json) {
		sonde_json_record(t, &sonde_doctor_schema, line);
		return;
	}
	if (r->conf->csv) {
		sonde_csv_row(t, &sonde_doctor_schema, line);
		return;
	}
	if (strcmp(r->topic, line->topic)) {
		sonde_text_print(t, "%s%s\n", *r->topic ? "\n" : "", line->topic);
		strncpy(r->topic, line->topic, sizeof r->topic - 1);
	}
	sonde_text_print(t, "  %-7s  ", line->state);
	put_field(t, line->name);
	if (line->value) {
		sonde_text_str(t, " = ");
		put_field(t, line->value);
	}
	sonde_text_str(t, ": ");
	put_field(t, line->what);
	if (line->fix) {
		sonde_text_str(t, "\n             # ");
		put_field(t, line->fix);
	}
	sonde_text_str(t, "\n");
}

static void print_right(struct report *r, const struct sonde_right *right)
{
	struct sonde_right_record line;

	sonde_right_tell(&line, right);
	if (r->conf->json) {
		sonde_json_record(&r->text, &sonde_right_schema, &line);
	} else if (r->conf->csv) {
		sonde_csv_row(&r->text, &sonde_right_schema, &line);
	} else {
		sonde_text_print(&r->text, "%s: %s\n  ", line.program, line.mode);
		for (size_t i = 0; i < line.capabilities.n; i++)
			sonde_text_print(&r->text, "%s%s", i ? "," : "", line.at[i]);
		sonde_text_print(&r->text, "%s, for %s: %s\n", right->n ? "" : "no capability",
				 line.given, line.why);
		if (line.instead)
			sonde_text_print(&r->text, "  or %s\n", line.instead);
		if (right->n)
			sonde_text_print(&r->text, "  %s\n  without: %s\n", line.until,
					 line.without ? line.without : "exit 77");
	}
}

/* Returns how many rows there are. */
static int print_rights(struct report *r, const char *verb)
{
	int n = 0;

	for (const struct sonde_right *right = sonde_rights; right->program; right++)
		if (!verb || !strcmp(verb, right->program)) {
			print_right(r, right);
			n++;
		}
	return n ? n : -ENOENT;
}

int main(int argc, char **argv)
{
	static char buf[1 << 16];
	struct conf conf = { 0 };
	int first = sonde_cli_parse(&cli, &conf, argc, argv), out = STDOUT_FILENO, r, end;
	struct report report = { .conf = &conf };
	const char *verb = argv[first]; /* NULL behind the last */
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (argc - first > 1)
		sonde_cli_wrong(&cli, "one verb at a time, not '%s' too", argv[first + 1]);
	if (conf.json && conf.csv)
		sonde_cli_wrong(&cli, "--json and --csv exclude each other");
	if (n < 0)
		return sonde_cli_fail(&cli, "/proc/self/exe", -errno);
	self[n] = 0;
	*strrchr(self, '/') = 0; /* the programs of the verbs stand beside this one */
	sonde_text_init(&report.text, buf, sizeof buf, sonde_file_sink, &out);
	if (conf.csv)
		sonde_csv_head(&report.text,
			       conf.rights ? &sonde_right_schema : &sonde_doctor_schema);
	r = conf.rights ? print_rights(&report, verb)
			: sonde_doctor_run(self, verb, hear_line, &report);
	if (r == -ENOENT)
		sonde_cli_wrong(&cli, "there is no verb '%s'; 'sonde help' lists them",
				verb ? verb : "");
	end = sonde_text_flush(&report.text);
	if (end < 0)
		return sonde_cli_fail(&cli, "writing the report", end);
	return r > 0 && !conf.rights ? SONDE_EXIT_NO : SONDE_EXIT_YES;
}

/* sonde read: captures packet by packet, as text, records or a number. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reason.h"
#include "cli/cli.h"
#include "run/inspect.h"
#include "sys/file.h"
#include "sys/privilege.h"
#include "tools/show.h"

enum { FILES = 1000 };

struct conf {
	struct sonde_option_texts file;
	struct sonde_show_conf show;
	const char *output, *save, *match, *process;
	unsigned most, explain, stream;
	bool count, stats, at_once, quoted;
};

/* clang-format off */
static const struct sonde_option options[] = {
	SONDE_OPTION(TEXTS, 'r', NULL, struct conf, file, "FILE", "read FILE; every operand is then part of the filter"),
	SONDE_OPTION(UINT, 'c', NULL, struct conf, most, "NUMBER", "end after so many packets"),
	SONDE_OPTION(FLAG, 0, "count", struct conf, count, NULL, "only how many packets there are"),
	SONDE_OPTION(UINT, 0, "stream", struct conf, stream, "NUMBER", "what one TCP conversation carried, both sides in order; they are numbered from 0"),
	SONDE_OPTION(FLAG, 0, "stats", struct conf, stats, NULL, "only what the files hold: packets, bytes, times, interfaces"),
	SONDE_OPTION(TEXT, 'w', NULL, struct conf, save, "FILE", "copy the packets to FILE: pcapng, or pcap by its name; compressed by .gz or .zst; - is standard output"),
	SONDE_OPTION(FLAG, 'U', NULL, struct conf, at_once, NULL, "each packet reaches the copy at once"),
	SONDE_SHOW_OPTIONS(struct conf, show),
	SONDE_OPTION(TEXT, 0, "match", struct conf, match, "EXPRESSION", "only packets of which this holds, such as 'tcp.flags.syn && ip.ttl < 10'"),
	SONDE_OPTION(MAYBE, 0, "process", struct conf, process, "WHO", "whose each packet is, as the file tells; with a name or number, only what is of that process"),
	SONDE_OPTION(FLAG, 0, "quoted", struct conf, quoted, NULL, "--match also looks into what ICMP errors quote"),
	SONDE_OPTION(UINT, 0, "explain", struct conf, explain, "NUMBER", "why --match holds or not of this packet"),
	SONDE_OPTION(TEXT, 'o', NULL, struct conf, output, "FILE", "write to FILE (standard output)"),
	SONDE_OPTION_END,
};
/* clang-format on */

static const char *const forms[] = {
	"[OPTION...] FILE... [FILTER]",
	"[OPTION...] FILE... -- FILTER",
	"[OPTION...] -r FILE [FILTER]",
	NULL,
};
static const struct sonde_cli cli = {
	.name = "sonde read",
	.purpose = "captures, packet by packet: what it says, what is wrong with it",
	.form = forms,
	.option = options,
	.more = "A FILE is a pcap or pcapng file, - is standard input. The operands are files up "
		"to\n"
		"the first that there is no such file of; the rest is a FILTER, see "
		"pcap-filter(7).\n",
};

struct input {
	struct sonde_inspect_file file[FILES];
	size_t n;
	int worst; /* exit code */
};

static void add_file(struct input *in, const char *name)
{
	struct stat st;
	int fd = in->n < FILES ? sonde_file_open(name) : -EMFILE;

	if (fd >= 0 && !fstat(fd, &st) && S_ISDIR(st.st_mode))
		fd = -EISDIR;
	if (fd < 0)
		_exit(sonde_cli_fail(&cli, name, fd));
	in->file[in->n++] = (struct sonde_inspect_file){ name, fd };
}

/* A word that is meant to be a file, whether there is one or not: no filter begins like this. */
static bool looks_like_file(const char *word)
{
	static const char *const suffix[] = { ".pcap", ".pcapng", ".cap", ".gz", ".zst", ".ntar" };
	size_t len = strlen(word);

	for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
		size_t n = strlen(suffix[i]);

		if (len > n && !strcmp(word + len - n, suffix[i]))
			return true;
	}
	return *word == '/' || *word == '~' || !strncmp(word, "./", 2) || !strncmp(word, "../", 3);
}

static bool is_file(const char *word)
{
	struct stat st;

	return !strcmp(word, "-") || !stat(word, &st) || looks_like_file(word);
}

/* Whoever forgets the sign between --process and its value means no file of that name. */
static void add_first(struct input *in, const struct conf *conf, const char *name, bool first)
{
	struct stat st;

	if (first && conf->process && !*conf->process && strcmp(name, "-") && stat(name, &st))
		sonde_cli_wrong(&cli,
				"there is no file %s; a process to choose is written "
				"--process=%s",
				name, name);
	add_file(in, name);
}

/* Opens the files and returns the place of the first word of the filter. words: how many stand
 * behind "--", -1: there is none. */
static int open_files(struct input *in, const struct conf *conf, char **argv, int at, int argc,
		      int words)
{
	int to = words < 0 ? argc : argc - words;

	for (size_t i = 0; i < conf->file.n; i++)
		add_file(in, conf->file.at[i]);
	if (!conf->file.n)
		for (bool first = true; at < to && (first || words >= 0 || is_file(argv[at]));
		     at++, first = false)
			add_first(in, conf, argv[at], first);
	if (!in->n)
		sonde_cli_wrong(&cli, "which file is to be read? - is standard input");
	return at;
}

static int words_behind_dashes(char **argv, int argc)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return argc - i - 1;
	return -1;
}

static void bad(void *arg, const char *name, int code, const struct sonde_reader_place *place)
{
	unsigned long long whole = place->frames, block = place->block;
	struct input *in = arg;
	int exit_code = SONDE_EXIT_INCOMPLETE;

	if (code == SONDE_CUT && !block && !place->end && !place->compressed) {
		sonde_cli_say(&cli, "%s: the file is empty", name);
		exit_code = SONDE_EXIT_INPUT;
	} else if (code == SONDE_CUT && block) {
		sonde_cli_say(&cli,
			      "%s: %llu complete packet%s, then the file is cut inside record %llu "
			      "at byte %llu",
			      name, whole, whole == 1 ? "" : "s", block,
			      (unsigned long long)place->end);
	} else if ((code == SONDE_DAMAGED || code == SONDE_DAMAGED_COMPRESSION) && block) {
		sonde_cli_say(&cli, "%s: %llu good packet%s, then record %llu at byte %llu: %s",
			      name, whole, whole == 1 ? "" : "s", block,
			      (unsigned long long)place->at, sonde_reason_text(code));
	} else {
		exit_code = sonde_cli_fail(&cli, name, code);
	}
	if (!in->worst || exit_code == SONDE_EXIT_INPUT)
		in->worst = exit_code;
}

/* What is wrong with the words, before anything is opened. */
static void check(const struct conf *conf)
{
	if (conf->count + conf->stats + (conf->stream != UINT32_MAX) +
		    (conf->show.json || conf->show.csv || conf->show.craft) >
	    1)
		sonde_cli_wrong(
			&cli, "--json, --csv, --craft, --count, --stats and --stream exclude each "
			      "other");
	if (!conf->most)
		sonde_cli_wrong(&cli, "-c 0 would read nothing");
	if (conf->at_once && !conf->save)
		sonde_cli_wrong(&cli, "-U is about -w");
	if ((conf->explain || conf->quoted) && !conf->match)
		sonde_cli_wrong(&cli, "--explain and --quoted are about --match");
	if (conf->explain && (conf->show.json || conf->show.csv || conf->count))
		sonde_cli_wrong(&cli,
				"--explain is for reading: without --json, --csv and --count");
}

/* The words of the filter as one text; NULL where there are none. */
static const char *join(char **word, int n)
{
	static char text[64 << 10];
	struct sonde_text t;

	sonde_text_init(&t, text, sizeof text - 1, NULL, NULL);
	for (int i = 0; i < n; i++) {
		sonde_text_str(&t, i ? " " : "");
		sonde_text_str(&t, word[i]);
	}
	if (t.error)
		sonde_cli_wrong(&cli, "the filter is too long");
	return n > 0 ? text : NULL;
}

/* Whoever writes over what is being read loses it. */
static int make_copy(const struct input *in, const char *name)
{
	struct stat to, from;

	for (size_t i = 0; i < in->n && !stat(name, &to) && S_ISREG(to.st_mode); i++)
		if (!fstat(in->file[i].fd, &from) && from.st_dev == to.st_dev &&
		    from.st_ino == to.st_ino)
			sonde_cli_wrong(&cli, "-w %s would write over what is read", name);
	return sonde_file_make(name);
}

/* What the copy lacks. */
static int leave_copy(const struct conf *conf, const struct sonde_inspect_end *end)
{
	const struct sonde_savefile_lost *l = &end->lost;
	uint64_t beside = l->comments + l->directions + l->verdicts + l->drops + l->processes +
			  l->names + l->secrets + l->statistics + l->events + l->others;

	if (beside)
		sonde_cli_say(&cli,
			      "%s: pcap has no place for %llu comments, directions, processes, "
			      "statistics and the like; pcapng keeps them",
			      conf->save, (unsigned long long)beside);
	if (l->times)
		sonde_cli_say(&cli,
			      "%s: %llu times are finer than those of this pcap; pcapng keeps them",
			      conf->save, (unsigned long long)l->times);
	if (end->saved == -EPIPE) /* whoever read it knows why */
		return SONDE_EXIT_INCOMPLETE;
	return end->saved < 0 ? sonde_cli_fail(&cli, conf->save, end->saved) : SONDE_EXIT_YES;
}

int main(int argc, char **argv)
{
	static struct input in;
	static struct sonde_inspect_plan plan = {
		.out = STDOUT_FILENO, .save = -1, .bad = bad, .arg = &in
	};
	struct conf conf = { .stream = UINT32_MAX, .most = UINT32_MAX };
	int words = words_behind_dashes(argv, argc);
	int at = sonde_cli_parse(&cli, &conf, argc, argv), r;
	struct sonde_inspect_end end;

	check(&conf);
	at = open_files(&in, &conf, argv, at, argc, words);
	plan.filter = join(argv + at, argc - at);
	plan.file = in.file;
	plan.files = in.n;
	plan.match = conf.match;
	plan.process = conf.process;
	plan.quoted = conf.quoted;
	plan.explain = conf.explain;
	plan.most = conf.most == UINT32_MAX ? 0 : conf.most;
	plan.count = conf.count;
	plan.stats = conf.stats;
	plan.dialogue = conf.stream != UINT32_MAX;
	plan.stream = conf.stream;
	plan.save_name = conf.save;
	plan.save_at_once = conf.at_once;
	plan.quiet = conf.save && !conf.show.json && !conf.show.csv && !conf.show.craft;
	if (conf.output && (plan.out = sonde_file_make(conf.output)) < 0)
		return sonde_cli_fail(&cli, conf.output, plan.out);
	if (conf.save && (plan.save = make_copy(&in, conf.save)) < 0)
		return sonde_cli_fail(&cli, conf.save, plan.save);
	sonde_show_choose(&cli, &conf.show, plan.out, &plan.look);
	plan.look.process = conf.process;
	sonde_privilege_drop(-1);
	r = sonde_inspect_run(&plan, &end);
	if (r == -EPIPE)
		return SONDE_EXIT_INCOMPLETE;
	if (r == -EINVAL)
		sonde_cli_wrong(&cli, "%s", end.why);
	if (r < 0)
		return sonde_cli_fail(&cli, "writing the packets", r);
	if (end.measured && !conf.show.verbose)
		sonde_cli_say(&cli,
			      "%llu events of a measurement lie between the packets: -v shows "
			      "them, sonde ping --from reports it",
			      (unsigned long long)end.measured);
	else if (end.events && !conf.show.verbose)
		sonde_cli_say(&cli,
			      "%llu events of programs lie between the packets: -v shows them, "
			      "sonde follow --from tells their story",
			      (unsigned long long)end.events);
	if (conf.process && !end.told_processes)
		sonde_cli_say(&cli, "nothing here says whose a packet is; sonde capture --process "
				    "and sonde follow --save write that");
	r = conf.save ? leave_copy(&conf, &end) : 0;
	return r ? r : in.worst;
}

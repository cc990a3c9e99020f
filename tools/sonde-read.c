/* sonde read: captures packet by packet, as text, records or a number. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reason.h"
#include "cli/cli.h"
#include "run/inspect.h"
#include "sys/file.h"
#include "sys/privilege.h"

enum { FILES = 1000 };

struct conf {
	struct sonde_option_texts file;
	const char *output;
	unsigned stamp, hex, both, text, most, verbose;
	bool json, count, line, number, nano, utc, no_names, absolute;
};

/* clang-format off */
static const struct sonde_option options[] = {
	SONDE_OPTION(TEXTS, 'r', NULL, struct conf, file, "FILE", "read FILE; every operand is then part of the filter"),
	SONDE_OPTION(UINT, 'c', NULL, struct conf, most, "NUMBER", "end after so many packets"),
	SONDE_OPTION(FLAG, 0, "count", struct conf, count, NULL, "only how many packets there are"),
	SONDE_OPTION(FLAG, 0, "json", struct conf, json, NULL, "one JSON object a packet, with all fields"),
	SONDE_OPTION(COUNT, 't', NULL, struct conf, stamp, NULL, "no time; -tt since 1970, -ttt since the line before, -tttt with the date, -ttttt since the first line"),
	SONDE_OPTION(FLAG, 0, "utc", struct conf, utc, NULL, "times in UTC"),
	SONDE_OPTION(FLAG, 0, "nano", struct conf, nano, NULL, "times with nine digits behind the point"),
	SONDE_OPTION(FLAG, '#', "number", struct conf, number, NULL, "the number of each packet in front"),
	SONDE_OPTION(COUNT, 'x', NULL, struct conf, hex, NULL, "the bytes in hex, -xx with the link header"),
	SONDE_OPTION(COUNT, 'X', NULL, struct conf, both, NULL, "in hex and ASCII, -XX with the link header"),
	SONDE_OPTION(COUNT, 'A', NULL, struct conf, text, NULL, "in ASCII, -AA with the link header"),
	SONDE_OPTION(FLAG, 'l', NULL, struct conf, line, NULL, "every line at once, also into a pipe"),
	SONDE_OPTION(FLAG, 'n', NULL, struct conf, no_names, NULL, "numbers instead of names, as always"),
	SONDE_OPTION(FLAG, 'S', NULL, struct conf, absolute, NULL, "TCP sequence numbers as they are, not from where they began"),
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
			add_file(in, argv[at]);
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

static void bad(void *arg, const char *name, int code, uint64_t whole, uint64_t record)
{
	struct input *in = arg;
	int exit_code;

	if (code == SONDE_CUT && record) {
		sonde_cli_say(&cli,
			      "%s: %llu complete packet%s, then the file is cut inside record %llu",
			      name, (unsigned long long)whole, whole == 1 ? "" : "s",
			      (unsigned long long)record);
		exit_code = SONDE_EXIT_INCOMPLETE;
	} else {
		exit_code = sonde_cli_fail(&cli, name, code);
	}
	if (!in->worst || exit_code == SONDE_EXIT_INPUT)
		in->worst = exit_code;
}

static enum sonde_dump choose_dump(const struct conf *conf, bool *ret_link)
{
	unsigned n = conf->both ? conf->both : conf->hex ? conf->hex : conf->text;

	*ret_link = n > 1;
	return conf->both   ? SONDE_DUMP_HEX_ASCII
	       : conf->hex  ? SONDE_DUMP_HEX
	       : conf->text ? SONDE_DUMP_ASCII
			    : SONDE_DUMP_NONE;
}

int main(int argc, char **argv)
{
	static struct input in;
	struct conf conf = { 0 };
	int words = words_behind_dashes(argv, argc);
	int at = sonde_cli_parse(&cli, &conf, argc, argv), r;
	struct sonde_inspect_plan plan = {
		.form = conf.count  ? SONDE_INSPECT_COUNT
			: conf.json ? SONDE_INSPECT_JSON
				    : SONDE_INSPECT_LINE,
		.line_by_line = conf.line,
		.number = conf.number,
		.absolute = conf.absolute,
		.most = conf.most,
		.stamp = { .form = (uint8_t)conf.stamp, .nano = conf.nano, .utc = conf.utc },
		.out = STDOUT_FILENO,
		.bad = bad,
		.arg = &in,
	};
	struct sonde_inspect_end end;

	if (conf.stamp >= SONDE_STAMP_FORMS)
		sonde_cli_wrong(&cli, "-t is taken up to five times");
	plan.dump = choose_dump(&conf, &plan.dump_link);
	at = open_files(&in, &conf, argv, at, argc, words);
	if (at < argc)
		sonde_cli_wrong(&cli, "filters are not there yet");
	plan.file = in.file;
	plan.files = in.n;
	if (conf.output && (plan.out = sonde_file_make(conf.output)) < 0)
		return sonde_cli_fail(&cli, conf.output, plan.out);
	sonde_privilege_drop(-1);
	r = sonde_inspect_run(&plan, &end);
	if (r == -EPIPE)
		return SONDE_EXIT_INCOMPLETE;
	if (r < 0)
		return sonde_cli_fail(&cli, "writing the packets", r);
	return in.worst;
}

/* sonde lab: networks of namespaces from a description, and commands in them. */
#include <string.h>
#include <unistd.h>

#include "tools/lab/lab.h"

/* clang-format off */
static const struct sonde_option options[] = {
	SONDE_OPTION(TEXT, 'n', "node", struct sonde_lab_conf, node, "NODE", "run: where the command runs (the first host)"),
	SONDE_OPTION(TEXT, 0, "name", struct sonde_lab_conf, name, "NAME", "up: what the lab is called from then on (as its description says)"),
	SONDE_OPTION(TEXT, 0, "truth", struct sonde_lab_conf, truth, "FILE", "run: what became of packets on impaired links, as JSON lines"),
	SONDE_OPTION(TEXT, 'w', "write", struct sonde_lab_conf, file, "FILE", "capture: into FILE instead of the screen; - is standard output"),
	SONDE_OPTION(UINT, 'c', "count", struct sonde_lab_conf, count, "NUMBER", "capture: end after so many packets"),
	SONDE_OPTION_END,
};
/* clang-format on */

enum { MANY = 1 << 30 };

static const struct {
	const char *word;
	int (*run)(const struct sonde_lab_conf *conf, char **words);
	int least, most; /* words behind it */
	const char *options;
} verbs[] = {
	{ "run", sonde_lab_run, 2, MANY, "nT" }, { "up", sonde_lab_up, 1, 1, "N" },
	{ "exec", sonde_lab_exec, 3, MANY, "" }, { "capture", sonde_lab_capture, 2, 2, "wc" },
	{ "set", sonde_lab_set, 3, MANY, "" },	 { "truth", sonde_lab_truth, 1, 1, "" },
	{ "down", sonde_lab_down, 1, 1, "" },	 { "list", sonde_lab_list, 0, 0, "" },
	{ "check", sonde_lab_check, 1, 1, "" },
};
enum { VERBS = sizeof verbs / sizeof *verbs };

static const char *const forms[] = {
	"run FILE [-n NODE] [--truth FILE] -- CMD...",
	"up FILE [--name NAME]",
	"exec NAME NODE -- CMD...",
	"capture NAME LINK [-w FILE] [-c NUMBER]",
	"set NAME LINK WORD...",
	"truth NAME",
	"down NAME",
	"list",
	"check FILE",
	NULL,
};
const struct sonde_cli sonde_lab_cli = {
	.name = "sonde lab",
	.purpose = "a network of namespaces from a description, and commands in it",
	.form = forms,
	.option = options,
	.more = "FILE describes the lab, - is standard input. A LINK is A-B by the names of its "
		"nodes,\nor its number. WORDs are those of a link: delay=20ms loss=1%\n",
};

/* An option that its verb does not know is a mistake, not a wish to be passed over. */
static void check_options(const struct sonde_lab_conf *conf, const char *word, const char *known)
{
	const struct {
		bool given;
		char letter;
		const char *name;
	} option[] = {
		{ conf->node, 'n', "-n" },	 { conf->name, 'N', "--name" },
		{ conf->truth, 'T', "--truth" }, { conf->file, 'w', "-w" },
		{ conf->count, 'c', "-c" },
	};

	for (size_t i = 0; i < sizeof option / sizeof *option; i++)
		if (option[i].given && !strchr(known, option[i].letter))
			sonde_cli_wrong(&sonde_lab_cli, "%s does not go with '%s'", option[i].name,
					word);
}

int main(int argc, char **argv)
{
	struct sonde_lab_conf conf = { .uid = geteuid() };
	const char *words[VERBS + 1] = { NULL }, *near;
	int operand = sonde_cli_parse(&sonde_lab_cli, &conf, argc, argv);

	if (operand == argc)
		sonde_cli_wrong(&sonde_lab_cli, "what is to be done? '%s --help' lists it",
				sonde_lab_cli.name);
	for (size_t i = 0; i < VERBS; i++) {
		int behind = argc - operand - 1;

		words[i] = verbs[i].word;
		if (strcmp(argv[operand], verbs[i].word))
			continue;
		if (behind < verbs[i].least || behind > verbs[i].most)
			sonde_cli_wrong(&sonde_lab_cli, "usage: %s %s", sonde_lab_cli.name,
					forms[i]);
		check_options(&conf, verbs[i].word, verbs[i].options);
		return verbs[i].run(&conf, argv + operand + 1);
	}
	near = sonde_cli_nearest(argv[operand], words);
	if (near)
		sonde_cli_wrong(&sonde_lab_cli, "it does not know '%s'; is '%s' meant?",
				argv[operand], near);
	sonde_cli_wrong(&sonde_lab_cli, "it does not know '%s'; '%s --help' lists what it does",
			argv[operand], sonde_lab_cli.name);
}

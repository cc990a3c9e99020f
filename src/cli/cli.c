#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/near.h"
#include "base/reason.h"
#include "base/text.h"

enum { OPTIONS = 60, HELP = 256, VERSION, LONG };

/* One sentence to standard error in one write, so that it stays whole among others. */
static void say(const struct sonde_cli *cli, const char *what, const char *reason)
{
	char buf[2048];
	struct sonde_text t;

	sonde_text_init(&t, buf, sizeof buf, NULL, NULL);
	sonde_text_print(&t, "%s: ", cli->name);
	sonde_text_escape(&t, what, strnlen(what, 480));
	if (reason)
		sonde_text_print(&t, ": %s", reason);
	sonde_text_str(&t, "\n");
	fflush(stdout);
	fwrite(t.at, 1, t.len, stderr);
}

void sonde_cli_wrong(const struct sonde_cli *cli, const char *fmt, ...)
{
	char what[480];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	say(cli, what, NULL);
	exit(SONDE_EXIT_INPUT);
}

void sonde_cli_say(const struct sonde_cli *cli, const char *fmt, ...)
{
	char what[480];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	say(cli, what, NULL);
}

int sonde_cli_status(int code)
{
	switch (code >= 0 ? 0 : code) {
	case 0: return SONDE_EXIT_YES;
	case -EPERM:
	case SONDE_NO_PRIVILEGE: return SONDE_EXIT_PRIVILEGE;
	case -ENOSPC:
	case -EDQUOT:
	case -EFBIG:
	case -EIO:
	case -EPIPE:
	case -EBADF: /* standard output, closed */
	case SONDE_CUT:
	case SONDE_ENDLESS:
	case SONDE_DAMAGED:
	case SONDE_DAMAGED_COMPRESSION: return SONDE_EXIT_INCOMPLETE;
	case -ENOENT:
	case -EACCES:
	case -EISDIR:
	case -ENOTDIR:
	case -ENAMETOOLONG:
	case -ELOOP:
	case -EROFS:
	case -EINVAL:
	case -ESRCH:
	case SONDE_GONE:
	case SONDE_TRACED:
	case SONDE_NOT_CAPTURE:
	case SONDE_NOT_ASTABLE:
	case SONDE_NOT_EVIDENCE:
	case SONDE_OTHER_RUN:
	case SONDE_ONE_PATH:
	case SONDE_MANY_PATHS:
	case SONDE_UNSUPPORTED:
	case SONDE_NO_GZIP:
	case SONDE_NO_ZSTD:
	case SONDE_FILTER:
	case SONDE_ONE_LINK: return SONDE_EXIT_INPUT;
	default: return SONDE_EXIT_NO;
	}
}

int sonde_cli_fail(const struct sonde_cli *cli, const char *doing, int code)
{
	say(cli, doing, sonde_reason_text(code));
	return sonde_cli_status(code);
}

int sonde_cli_fail_command(const struct sonde_cli *cli, const char *command, int code)
{
	say(cli, command, code == -ENOENT ? "there is no such command" : sonde_reason_text(code));
	return code == -ENOENT ? SONDE_EXIT_NOT_FOUND : SONDE_EXIT_CANNOT_RUN;
}

const char *sonde_cli_nearest(const char *typed, const char *const *words)
{
	unsigned best = strlen(typed) / 3 + 2; /* worse than this is another word, not a slip */
	const char *found = NULL;

	for (; *words; words++) {
		unsigned d = sonde_near(typed, strlen(typed), *words, best - 1);

		if (d < best) {
			best = d;
			found = *words;
		}
	}
	return found;
}

static void print_option(const struct sonde_option *o)
{
	char left[64];
	int n = 0;

	n += o->letter ? snprintf(left, sizeof left, "-%c%s", o->letter, o->name ? ", " : "")
		       : snprintf(left, sizeof left, "    ");
	if (o->name)
		n += snprintf(left + n, sizeof left - (size_t)n, "--%s", o->name);
	if (o->arg)
		snprintf(left + n, sizeof left - (size_t)n,
			 o->kind == SONDE_OPTION_MAYBE ? "[=%s]"
			 : o->name		       ? "=%s"
						       : " %s",
			 o->arg);
	printf("  %-22s %s", left, o->what);
	for (size_t i = 0; o->choice && o->choice[i]; i++)
		printf("%s%s", i ? ", " : ": ", o->choice[i]);
	puts("");
}

/* The first line is what `sonde help` shows; the lines that begin with two spaces and a dash are
 * what the man pages are held against. */
static _Noreturn void help(const struct sonde_cli *cli)
{
	static const struct sonde_option always[] = {
		{ .name = "help", .what = "this" },
		{ .name = "version", .what = "which sonde this is" },
	};

	printf("%s: %s\n\n", cli->name, cli->purpose);
	for (const char *const *f = cli->form; *f; f++)
		printf("%s %s%s%s\n", f == cli->form ? "usage:" : "      ", cli->name,
		       **f ? " " : "", *f);
	puts("");
	for (const struct sonde_option *o = cli->option; o && o->kind; o++)
		print_option(o);
	print_option(&always[0]);
	print_option(&always[1]);
	if (cli->more)
		printf("\n%s", cli->more);
	exit(fflush(stdout) ? SONDE_EXIT_INCOMPLETE : SONDE_EXIT_YES);
}

/* The option as the user knows it. */
static const char *called(const struct sonde_option *o, char buf[static 64])
{
	if (o->name)
		snprintf(buf, 64, "--%s", o->name);
	else
		snprintf(buf, 64, "-%c", o->letter);
	return buf;
}

static _Noreturn void unknown(const struct sonde_cli *cli, const char *word, int letter)
{
	const char *names[OPTIONS + 3] = { "help", "version" }, *near;
	char typed[64];
	size_t n = 2;

	if (letter)
		sonde_cli_wrong(cli, "there is no option -%c; '%s --help' lists them", letter,
				cli->name);
	for (const struct sonde_option *o = cli->option; o && o->kind && n < OPTIONS + 2; o++)
		if (o->name)
			names[n++] = o->name;
	snprintf(typed, sizeof typed, "%.*s", (int)strcspn(word + 2, "="), word + 2);
	near = sonde_cli_nearest(typed, names);
	if (near)
		sonde_cli_wrong(cli, "there is no option --%s; is --%s meant?", typed, near);
	sonde_cli_wrong(cli, "there is no option --%s; '%s --help' lists them", typed, cli->name);
}

static _Noreturn void bad_value(const struct sonde_cli *cli, const struct sonde_option *o,
				const char *arg, const char *should)
{
	char name[64], words[256] = "";
	size_t n = 0;

	if (o->kind == SONDE_OPTION_CHOICE)
		for (size_t i = 0; o->choice[i] && n < sizeof words; i++)
			n += (size_t)snprintf(words + n, sizeof words - n, "%s%s", i ? ", " : "",
					      o->choice[i]);
	sonde_cli_wrong(cli, "%s: '%s' is not %s%s", called(o, name), arg, should, words);
}

/* Who starts us with standard files closed must not find a report in the next file that we open.
 * What stands in for standard input cannot be read, nor that for standard output be written, so
 * that a lost report is told. A command of ours has them closed again. */
static void fill_standard_files(void)
{
	static const int ways[] = { O_WRONLY, O_RDONLY, O_RDWR };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", ways[fd] | O_CLOEXEC);
}

static int takes_value(const struct sonde_option *o)
{
	return o->kind == SONDE_OPTION_MAYBE ? optional_argument
	       : o->arg			     ? required_argument
					     : no_argument;
}

int sonde_cli_parse(const struct sonde_cli *cli, void *conf, int argc, char **argv)
{
	struct option longs[OPTIONS + 3] = { { "help", no_argument, NULL, HELP },
					     { "version", no_argument, NULL, VERSION } };
	char shorts[2 * OPTIONS + 3], *s = shorts, name[64];
	size_t n = 0, l = 2;
	int c;

	fill_standard_files();
	if (cli->command)
		*s++ = '+'; /* else operands may stand among the options, as GNU has it */
	*s++ = ':';
	for (; cli->option && cli->option[n].kind && n < OPTIONS; n++) {
		const struct sonde_option *o = &cli->option[n];

		if (o->letter) {
			*s++ = o->letter;
			if (o->arg)
				*s++ = ':';
		}
		if (o->name)
			longs[l++] =
				(struct option){ o->name, takes_value(o), NULL, LONG + (int)n };
	}
	*s = 0;
	opterr = 0;
	optind = 0; /* GNU: begin anew */
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct sonde_option *o = NULL;
		int key = c == '?' || c == ':' ? optopt : c;
		const char *should;

		for (size_t i = 0; i < n && !o; i++)
			if (key == LONG + (int)i || (key && key == cli->option[i].letter))
				o = &cli->option[i];
		if (c == HELP)
			help(cli);
		if (c == VERSION) {
			printf("%s " SONDE_VERSION "\n", cli->name);
			exit(fflush(stdout) ? SONDE_EXIT_INCOMPLETE : SONDE_EXIT_YES);
		}
		if (c == ':' && o)
			sonde_cli_wrong(cli, "%s needs a value: %s", called(o, name), o->arg);
		if (c == '?' && o)
			sonde_cli_wrong(cli, "%s takes no value", called(o, name));
		if (!o)
			unknown(cli, argv[optind - 1], key < HELP ? key : 0);
		should = sonde_option_store(o, conf, optarg);
		if (should)
			bad_value(cli, o, optarg, should);
	}
	return optind;
}

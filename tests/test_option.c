#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/reason.h"
#include "cli/cli.h"

Suite *option_suite(void);

struct conf {
	bool json;
	unsigned verbose, width;
	const char *output;
	sonde_ns wait;
	uint64_t bytes;
	int when;
	struct sonde_option_texts deny;
	struct sonde_option_numbers pid;
	const char *whose;
};

static const struct sonde_option options[] = {
	SONDE_OPTION(FLAG, 0, "json", struct conf, json, NULL, "objects"),
	SONDE_OPTION(COUNT, 'v', "verbose", struct conf, verbose, NULL, "more"),
	SONDE_OPTION(UINT, 'c', "count", struct conf, width, "N", "how many"),
	SONDE_OPTION(TEXT, 'o', NULL, struct conf, output, "FILE", "where to"),
	SONDE_OPTION(SECONDS, 'W', "wait", struct conf, wait, "SECONDS", "how long"),
	SONDE_OPTION(BYTES, 's', NULL, struct conf, bytes, "BYTES", "how much"),
	SONDE_OPTION_CHOICE(0, "color", struct conf, when, "WHEN", sonde_option_when, "colours"),
	SONDE_OPTION(TEXTS, 0, "deny-hook", struct conf, deny, "NAME", "without it"),
	SONDE_OPTION(NUMBERS, 'p', NULL, struct conf, pid, "PID", "a process"),
	SONDE_OPTION(MAYBE, 0, "whose", struct conf, whose, "WHO", "of whom"),
	SONDE_OPTION_END,
};
static const char *const forms[] = { "[OPTION...] -- COMMAND [ARG...]", "-p PID", NULL };
static const struct sonde_cli command = { "sonde try", "tries", forms, options, NULL, true };
static const struct sonde_cli plain = { "sonde try", "tries", forms, options, "More.\n", false };

static struct conf conf;
static int operand;
static char said[4096]; /* standard output and error of the last run in a child */

enum { ARGS = 32 };

static size_t split(char *line, char **argv)
{
	size_t n = 0;

	argv[n++] = (char *)"sonde-try";
	for (char *w = strtok(line, " "); w && n < ARGS; w = strtok(NULL, " "))
		argv[n++] = w;
	argv[n] = NULL;
	return n;
}

static void parse(const struct sonde_cli *cli, const char *line)
{
	static char copy[512];
	char *argv[ARGS + 1];

	memset(&conf, 0, sizeof conf);
	snprintf(copy, sizeof copy, "%s", line);
	operand = sonde_cli_parse(cli, &conf, (int)split(copy, argv), argv);
}

/* In a child, since it may exit; returns its exit code, 99 when it came back. */
static int status_of(const struct sonde_cli *cli, const char *line)
{
	int pipes[2], status;
	size_t n = 0;
	ssize_t r;
	pid_t pid;

	ck_assert_int_eq(pipe(pipes), 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		dup2(pipes[1], 1);
		dup2(pipes[1], 2);
		parse(cli, line);
		_exit(99);
	}
	close(pipes[1]);
	while ((r = read(pipes[0], said + n, sizeof said - 1 - n)) > 0)
		n += (size_t)r;
	said[n] = 0;
	close(pipes[0]);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

START_TEST(every_kind_of_value_reaches_its_member)
{
	parse(&plain, "--json -vv -c1 -o out.txt --wait 0.25 -s 64K --color=never "
		      "--deny-hook a --deny-hook b -p 12 -p 4000000000 rest");
	ck_assert(conf.json);
	ck_assert_uint_eq(conf.verbose, 2);
	ck_assert_uint_eq(conf.width, 1);
	ck_assert_str_eq(conf.output, "out.txt");
	ck_assert_uint_eq(conf.wait, 250000000);
	ck_assert_uint_eq(conf.bytes, 65536);
	ck_assert_int_eq(conf.when, SONDE_WHEN_NEVER);
	ck_assert_uint_eq(conf.deny.n, 2);
	ck_assert_str_eq(conf.deny.at[1], "b");
	ck_assert_ptr_null(conf.deny.at[2]);
	ck_assert_uint_eq(conf.pid.n, 2);
	ck_assert_uint_eq(conf.pid.at[1], 4000000000u);
}
END_TEST

START_TEST(times_and_sizes_are_exact_or_refused)
{
	static const struct {
		const char *text;
		sonde_ns ns;
	} times[] = { { "2", 2000000000 },    { "0.000000001", 1 },
		      { ".5", 500000000 },    { "30ms", 30000000 },
		      { "1.5us", 1500 },      { "7ns", 7 },
		      { "2m", 120000000000 }, { "18446744073.709551615", UINT64_MAX } };
	static const char *const no[] = { "",	   "-1",   "1.",	  ".",
					  "1e3",   "2 ",   "0x4",	  "nan",
					  "1.5ns", "1day", "18446744074", "0.0000000001" };
	const struct sonde_option *wait = &options[4], *bytes = &options[5];

	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		ck_assert_ptr_null(sonde_option_store(wait, &conf, times[i].text));
		ck_assert_uint_eq(conf.wait, times[i].ns);
	}
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		ck_assert_msg(sonde_option_store(wait, &conf, no[i]), "'%s' was taken", no[i]);
	ck_assert_ptr_null(sonde_option_store(bytes, &conf, "2G"));
	ck_assert_uint_eq(conf.bytes, 2147483648u);
	ck_assert_ptr_nonnull(sonde_option_store(bytes, &conf, "1.3"));
	ck_assert_ptr_nonnull(sonde_option_store(bytes, &conf, "20000000000G"));
}
END_TEST

START_TEST(options_end_where_the_command_begins)
{
	parse(&command, "--json prog --json -o x");
	ck_assert_int_eq(operand, 2);
	ck_assert_ptr_null(conf.output);
	parse(&command, "-v -- -o");
	ck_assert_int_eq(operand, 3);
	ck_assert_uint_eq(conf.verbose, 1);
	parse(&plain, "file -v");
	ck_assert_uint_eq(conf.verbose, 1);
}
END_TEST

START_TEST(a_value_that_may_be_left_out_is_behind_an_equals_sign)
{
	parse(&plain, "file");
	ck_assert_ptr_null(conf.whose);
	parse(&plain, "--whose file");
	ck_assert_str_eq(conf.whose, "");
	ck_assert_int_eq(operand, 2);
	parse(&plain, "--whose=curl file");
	ck_assert_str_eq(conf.whose, "curl");
}
END_TEST

START_TEST(a_mistake_is_one_sentence_and_exit_2)
{
	static const struct {
		const char *line, *said;
	} facts[] = {
		{ "--jsno", "sonde try: there is no option --jsno; is --json meant?\n" },
		{ "--colour=x", "sonde try: there is no option --colour; is --color meant?\n" },
		{ "--zzzzzz",
		  "sonde try: there is no option --zzzzzz; 'sonde try --help' lists them\n" },
		{ "-x", "sonde try: there is no option -x; 'sonde try --help' lists them\n" },
		{ "-vx", "sonde try: there is no option -x; 'sonde try --help' lists them\n" },
		{ "--json=1", "sonde try: --json takes no value\n" },
		{ "-o", "sonde try: -o needs a value: FILE\n" },
		{ "-c 1x", "sonde try: --count: '1x' is not a number up to 4294967295\n" },
		{ "-c 4294967296",
		  "sonde try: --count: '4294967296' is not a number up to 4294967295\n" },
		{ "-p -3", "sonde try: -p: '-3' is not a number up to 4294967295\n" },
		{ "--color=no", "sonde try: --color: 'no' is not one of auto, always, never\n" },
		{ "-W \x1b[2J",
		  "sonde try: --wait: '\\x1b[2J' is not a time such as 2, 0.25 or 30ms\n" },
	};

	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
		ck_assert_int_eq(status_of(&command, facts[i].line), 2);
		ck_assert_str_eq(said, facts[i].said);
	}
}
END_TEST

START_TEST(an_option_repeated_too_often_is_refused)
{
	struct sonde_option_texts *t = &conf.deny;

	memset(&conf, 0, sizeof conf);
	for (int i = 0; i < SONDE_OPTION_REPEATS; i++)
		ck_assert_ptr_null(sonde_option_store(&options[7], &conf, "x"));
	ck_assert_ptr_nonnull(sonde_option_store(&options[7], &conf, "x"));
	ck_assert_ptr_null(t->at[t->n]);
}
END_TEST

START_TEST(help_and_version_come_from_the_table)
{
	ck_assert_int_eq(status_of(&plain, "--help"), 0);
	ck_assert_str_eq(said, "sonde try: tries\n\n"
			       "usage: sonde try [OPTION...] -- COMMAND [ARG...]\n"
			       "       sonde try -p PID\n\n"
			       "      --json             objects\n"
			       "  -v, --verbose          more\n"
			       "  -c, --count=N          how many\n"
			       "  -o FILE                where to\n"
			       "  -W, --wait=SECONDS     how long\n"
			       "  -s BYTES               how much\n"
			       "      --color=WHEN       colours: auto, always, never\n"
			       "      --deny-hook=NAME   without it\n"
			       "  -p PID                 a process\n"
			       "      --whose[=WHO]      of whom\n"
			       "      --help             this\n"
			       "      --version          which sonde this is\n\nMore.\n");
	ck_assert_int_eq(status_of(&command, "--version"), 0);
	ck_assert_str_eq(said, "sonde try " SONDE_VERSION "\n");
}
END_TEST

START_TEST(each_failure_has_its_documented_exit_code)
{
	ck_assert_int_eq(sonde_cli_status(0), 0);
	ck_assert_int_eq(sonde_cli_status(7), 0);
	ck_assert_int_eq(sonde_cli_status(-1), 77);
	ck_assert_int_eq(sonde_cli_status(SONDE_NO_PRIVILEGE), 77);
	ck_assert_int_eq(sonde_cli_status(-2), 2);
	ck_assert_int_eq(sonde_cli_status(SONDE_NOT_EVIDENCE), 2);
	ck_assert_int_eq(sonde_cli_status(SONDE_OTHER_RUN), 2);
	ck_assert_int_eq(sonde_cli_status(SONDE_ENDLESS), 3);
	ck_assert_int_eq(sonde_cli_status(SONDE_CUT), 3);
	ck_assert_int_eq(sonde_cli_status(-28), 3);
	ck_assert_int_eq(sonde_cli_status(-12), 1);
}
END_TEST

/* Runs build/bin/sonde (or its variant's). */
static int sonde(const char *args)
{
	char line[512];
	const char *bin = getenv("SONDE_BIN");
	size_t n;
	FILE *p;

	snprintf(line, sizeof line, "%s/sonde %s 2>&1", bin ? bin : "build/bin", args);
	p = popen(line, "r");
	ck_assert_ptr_nonnull(p);
	n = fread(said, 1, sizeof said - 1, p);
	said[n] = 0;
	return WEXITSTATUS(pclose(p));
}

START_TEST(a_wrong_verb_is_answered_with_the_nearest)
{
	ck_assert_int_eq(sonde("--version"), 0);
	ck_assert_str_eq(said, "sonde " SONDE_VERSION "\n");
	ck_assert_int_eq(sonde("qqqqqqqq"), 2);
	ck_assert_str_eq(said, "sonde: there is no verb 'qqqqqqqq'; 'sonde help' lists them\n");
	if (access("tools/sonde-fields.c", F_OK))
		return;
	ck_assert_int_eq(sonde("feilds"), 2);
	ck_assert_str_eq(said, "sonde: there is no verb 'feilds'; is 'fields' meant?\n");
	ck_assert_int_eq(sonde("help"), 0);
	ck_assert_ptr_nonnull(strstr(said, "\n  fields "));
	ck_assert_int_eq(sonde("help fields"), 0);
	ck_assert_ptr_nonnull(strstr(said, "usage: sonde fields"));
}
END_TEST

Suite *option_suite(void)
{
	Suite *s = suite_create("option");
	TCase *c = tcase_create("option");

	suite_add_tcase(s, c);
	tcase_add_test(c, every_kind_of_value_reaches_its_member);
	tcase_add_test(c, times_and_sizes_are_exact_or_refused);
	tcase_add_test(c, options_end_where_the_command_begins);
	tcase_add_test(c, a_value_that_may_be_left_out_is_behind_an_equals_sign);
	tcase_add_test(c, a_mistake_is_one_sentence_and_exit_2);
	tcase_add_test(c, an_option_repeated_too_often_is_refused);
	tcase_add_test(c, help_and_version_come_from_the_table);
	tcase_add_test(c, each_failure_has_its_documented_exit_code);
	tcase_add_test(c, a_wrong_verb_is_answered_with_the_nearest);
	return s;
}

#ifndef SONDE_TOOLS_MEASURE_H
#define SONDE_TOOLS_MEASURE_H

/* What the command lines of the verbs that measure have in common. */

#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "probe/expect.h"
#include "run/targets.h"

/* --expect. How many there are; what is wrong is said, and ends the program. */
static inline unsigned sonde_take_demands(const struct sonde_cli *cli,
					  const struct sonde_expect_set *set, const char *text,
					  struct sonde_expect ret[static SONDE_EXPECT_MOST])
{
	const char *expected;
	unsigned at;
	int n = text ? sonde_expect_parse(set, ret, text, &at, &expected) : 0;

	if (n == -E2BIG)
		sonde_cli_wrong(cli, "--expect takes up to %d demands", SONDE_EXPECT_MOST);
	if (n < 0)
		sonde_cli_wrong(cli, "--expect '%s': at byte %u, expected %s", text, at + 1,
				expected);
	return (unsigned)n;
}

/* Type of service or traffic class, decimal or 0x...; likewise. option: "-Q". */
static inline int sonde_take_tos(const struct sonde_cli *cli, const char *option, const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 0);

	if (!*text || *end || v > 255 || *text == '-')
		sonde_cli_wrong(cli, "%s takes a number from 0 to 255", option);
	return (int)v;
}

struct sonde_given_option {
	const char *name;
	bool given;
};

/* Nothing is sent with --from: an option that says how is a mistake. */
static inline void sonde_refuse_sending(const struct sonde_cli *cli,
					const struct sonde_given_option *option, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (option[i].given)
			sonde_cli_wrong(cli, "--from sends nothing: %s is for a live run",
					option[i].name);
}

/* The exit code of a measurement that came to its end or failed with this code; saved: the file of
 * --save. */
static inline int sonde_measure_leave(const struct sonde_cli *cli,
				      const struct sonde_measure_end *end, const char *saved,
				      int code)
{
	if (code == -EPIPE)
		return SONDE_EXIT_INCOMPLETE;
	if (code < 0)
		return sonde_cli_fail(cli, end->doing, code);
	if (end->saved < 0) {
		sonde_cli_fail(cli, saved, end->saved);
		return SONDE_EXIT_INCOMPLETE;
	}
	return end->met ? SONDE_EXIT_YES : SONDE_EXIT_NO;
}

#endif

#ifndef SONDE_TOOLS_DEMANDS_H
#define SONDE_TOOLS_DEMANDS_H

/* The option that says what is demanded: the same words in every verb that measures. */

#include <errno.h>

#include "cli/cli.h"
#include "probe/expect.h"

/* How many there are; what is wrong is said, and ends the program. */
static inline unsigned sonde_demands_take(const struct sonde_cli *cli,
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

#endif

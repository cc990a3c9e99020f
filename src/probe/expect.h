#ifndef SONDE_PROBE_EXPECT_H
#define SONDE_PROBE_EXPECT_H

/* What somebody demands of the statistics of a target:
 *
 *	loss<1% p99<20ms jitter<2ms duplicates==0
 *
 * Each is a name, one of < <= > >= ==, and a number: of a share with %, of a time with ns, us, ms
 * or s, else plain. What is not known meets no demand. */

#include "probe/records.h"

enum { SONDE_EXPECT_MOST = 32 };

struct sonde_expect {
	const char *text; /* borrowed from what was parsed, text_len bytes */
	unsigned text_len;
	uint8_t metric, op;
	uint64_t value; /* millionths, nanoseconds, or a count */
};

/* How many there are, at most SONDE_EXPECT_MOST; or -EINVAL: *ret_at is the place of the first that
 * is wrong, *ret_expected what should stand there, static. -E2BIG: more than that. */
int sonde_expect_parse(struct sonde_expect *ret, const char *text, unsigned *ret_at,
		       const char **ret_expected);

enum sonde_expect_verdict { SONDE_EXPECT_MET, SONDE_EXPECT_NOT_MET, SONDE_EXPECT_UNKNOWN };

/* *ret_is: what it is instead, in the unit of value; SONDE_ABSENT: not known. */
enum sonde_expect_verdict sonde_expect_judge(const struct sonde_expect *e,
					     const struct sonde_target_record *t, uint64_t *ret_is);

/* What a value of this demand counts: "ppm", "ns" or "". Static. */
const char *sonde_expect_unit(const struct sonde_expect *e);

#endif

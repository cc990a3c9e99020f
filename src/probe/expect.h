#ifndef SONDE_PROBE_EXPECT_H
#define SONDE_PROBE_EXPECT_H

/* What somebody demands of a target, or of the path to it:
 *
 *	loss<1% p99<20ms jitter<2ms duplicates==0
 *	reach hops<=12 ecn=kept nat=none via=AS64500
 *
 * Each is a name, one of < <= > >= ==, and a number: of a share with %, of a time with ns, us, ms
 * or s, else plain; or something that is so or is not. What is not known meets no demand. */

#include "base/text.h"
#include "probe/records.h"

enum { SONDE_EXPECT_MOST = 32 };

/* Whose demands: of a struct sonde_target_record, of a struct sonde_path_facts (path_facts.h). */
struct sonde_expect_set;
extern const struct sonde_expect_set sonde_expect_of_target, sonde_expect_of_path;

struct sonde_expect {
	const char *text; /* borrowed from what was parsed, text_len bytes */
	unsigned text_len;
	const struct sonde_expect_set *set;
	uint8_t metric, op;
	uint64_t value; /* millionths, nanoseconds, or a count; of via: the number of the system */
	struct sonde_address via; /* family 0: it is a system */
};

/* How many there are, at most SONDE_EXPECT_MOST; or -EINVAL: *ret_at is the place of the first that
 * is wrong, *ret_expected what should stand there, static. -E2BIG: more than that. */
int sonde_expect_parse(const struct sonde_expect_set *set, struct sonde_expect *ret,
		       const char *text, unsigned *ret_at, const char **ret_expected);

enum sonde_expect_verdict { SONDE_EXPECT_MET, SONDE_EXPECT_NOT_MET, SONDE_EXPECT_UNKNOWN };

/* subject: as the set has it. *ret_is: what it is instead, in the unit of value, or 1 and 0 of what
 * is so or is not; SONDE_ABSENT: not known. */
enum sonde_expect_verdict sonde_expect_judge(const struct sonde_expect *e, const void *subject,
					     uint64_t *ret_is);

/* What it is, in words: "1.2500%", "20.315 ms", "3", "changed", "not known". */
void sonde_expect_say(struct sonde_text *t, const struct sonde_expect *e, uint64_t is);

/* Whether it takes the numbers of autonomous systems. */
bool sonde_expect_is_as(const struct sonde_expect *e);

#endif

#ifndef SONDE_PROBE_DRIFT_H
#define SONDE_PROBE_DRIFT_H

/* How a path differs from what it was in an earlier run: the hops of both are laid side by side,
 * as diff(1) does with lines, by who answered. Where a hop is more or less, those behind it are
 * still the same.
 *
 * Times and loss never are the same twice. They moved where chance alone would move them so far in
 * less than one of a thousand pairs of runs: round trips by Welch's test of their means, and by a
 * tenth and 0.1 ms at least; loss by the chi-square test of a table of four with Yates's
 * correction. */

#include "base/arena.h"
#include "base/text.h"
#include "probe/trace_records.h"

/* clang-format off */
#define SONDE_DIFF_COLUMNS(C, x) \
	C(x, target, TEXT, "", "the address that the path leads to") \
	C(x, name, TEXT, "", "the target as it was given") \
	C(x, ttl, UINT, "", "which hop, from 1; absent of a path as a whole, and of a hop that vanished") \
	C(x, old_ttl, UINT, "", "which hop it was; absent of a path as a whole, and of a hop that appeared") \
	C(x, path, TEXT, "", "of a hop: same; address: somebody else answers; silent: it answered, and does not now; answers: it did not answer, and does now; appeared; vanished; of a path as a whole: same; differs; reached: the target answers now, and did not; unreached: it answered, and does not now; unknown: the earlier run has no path to this target") \
	C(x, differs, BOOL, "", "path is not same, or something that happens to the probe on its way is new or no longer so; of a path as a whole: this is so of a hop") \
	C(x, from, TEXT, "", "who answers") \
	C(x, old_from, TEXT, "", "who answered") \
	C(x, rtt, TEXT, "", "up, down: how the mean round trip moved, beyond chance; same: it did not; absent where there are too few") \
	C(x, rtt_mean_ns, UINT, "ns", "the mean round trip") \
	C(x, old_rtt_mean_ns, UINT, "ns", "what it was") \
	C(x, loss, TEXT, "", "up, down: how loss moved, beyond chance; same: it did not") \
	C(x, loss_ppm, UINT, "ppm", "lost of received and lost, in millionths") \
	C(x, old_loss_ppm, UINT, "ppm", "what it was") \
	C(x, changes, LIST, "", "what is changed of the probe when it gets there, and was not") \
	C(x, old_changes, LIST, "", "what was changed, and is not now")
/* clang-format on */

struct sonde_diff_record {
	SONDE_DIFF_COLUMNS(SONDE_MEMBER, )
};

extern const struct sonde_schema sonde_diff_schema;

struct sonde_drift_path { /* hops by their ttl, each once, not necessarily from 1 */
	const struct sonde_hop_record *hop;
	unsigned n;
};

/* The path as a whole, and then each hop of either; ret and what its lists need are taken from the
 * arena, all else is borrowed of the paths. old: NULL, there is none. Hops before the first of the
 * other path are left out, and so are those behind the last of one that never reached an end:
 * nothing is known of them. How many records. */
unsigned sonde_drift_find(const struct sonde_drift_path *old, const struct sonde_drift_path *new,
			  struct sonde_arena *arena, struct sonde_diff_record **ret);

/* A line for each thing that is not as it was, of n records of one path; one where all is. of: what
 * the earlier run is called. */
void sonde_drift_say(struct sonde_text *t, const char *of, const struct sonde_diff_record *r,
		     unsigned n);

#endif

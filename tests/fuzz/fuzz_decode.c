/* The packet decoder and everything that reads what it found. The first byte chooses the link
 * type, the second how many bytes the capture left out. */
#include <stdlib.h>

#include "packet/draft.h"
#include "packet/summary.h"
#include "packet/tuple.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void stop_unless(bool right)
{
	if (!right)
		abort();
}

static void read_all(const uint8_t *at, uint32_t len, uint32_t wire, unsigned link)
{
	static const unsigned ends = SONDE_STOP_MORE;
	static char line[SONDE_SUMMARY_MAX];
	static uint8_t again[1 << 17];
	struct sonde_verdict v;
	struct sonde_packet p;
	struct sonde_tuple t;
	struct sonde_draft d;

	sonde_decode_link(&p, at, len, wire, link);
	stop_unless(p.stop <= ends && p.n <= SONDE_LAYERS);
	if (sonde_packet_tuple(&p, &t) && t.body.len)
		stop_unless(t.body.at + t.body.len <= at + len);
	sonde_packet_quoted(&p, &t);
	stop_unless(sonde_summary(line, &p) <= line + sizeof line);
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	sonde_judge(&p, SONDE_JUDGE_SUMS | SONDE_JUDGE_STRICT, &v);
	sonde_draft_init(&d, again, sizeof again);
	stop_unless(sonde_draft_copy(&d, &p, &v) == (int)len && !memcmp(again, at, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const unsigned links[] = { 0, 1, 12, 101, 108, 113, 228, 229, 276 };

	if (len < 2 || len > 100000)
		return 0;
	read_all(at + 2, (uint32_t)len - 2, (uint32_t)len - 2 + at[1],
		 links[at[0] % (sizeof links / sizeof *links)]);
	return 0;
}

/* Any header at all at the front of a packet, as a tree: the first byte chooses it. */
#include "packet/tree.h"
#include "tests/fuzz/packet.h"

enum { ROOM = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static char told[ROOM];
	struct sonde_verdict v;
	struct sonde_packet p;
	struct sonde_text t;

	if (len < 2 || len > FUZZ_PACKET_MOST)
		return 0;
	sonde_decode(&p, at + 2, (uint32_t)len - 2, (uint32_t)len - 2 + at[1],
		     SONDE_NONE + 1 + at[0] % (SONDE_PROTOCOLS - 1));
	check_layers(&p);
	check_fields(&p);
	sonde_judge(&p, SONDE_JUDGE_SUMS | SONDE_JUDGE_STRICT, &v);
	sonde_text_init(&t, told, sizeof told, NULL, NULL);
	sonde_tree(&t, &p, &v, NULL);
	stop_unless(!t.error);
	stop_unless_harmless(told, t.len, true);
	return 0;
}

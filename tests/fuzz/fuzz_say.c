/* Any bytes as a packet of any link type: in words, and from the words the same bytes. A pattern
 * made of its own words fits it. */
#include "tests/fuzz/craft.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct steps s = { at, len };
	unsigned first = next_byte(&s);
	struct sonde_packet p;
	uint32_t wire;

	if (len > 1 << 14)
		return 0;
	wire = (uint32_t)s.len + (first >= 250 ? next_byte(&s) : 0);
	if (first >= 250)
		wire = wire > s.len ? wire : (uint32_t)s.len;
	if (first >= 200)
		sonde_decode_link(&p, s.at, (uint32_t)s.len, wire,
				  first >= 230 ? 1 : next_byte(&s));
	else
		sonde_decode(&p, s.at, (uint32_t)s.len, wire, 1 + first % (SONDE_PROTOCOLS - 1));
	stop_unless_returns(&p);
	sonde_arena_rewind(&arena);
	return 0;
}

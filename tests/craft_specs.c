/* Packets in words by chance, one a line, of which each begins with a header that a capture can
 * begin with and is read with the headers that were said: for comparison with other dissectors.
 *
 *	craft_specs COUNT SEED
 */
#include <stdio.h>

#include "tests/craft_chance.h"

enum { SPEC_MOST = 4096, BYTES_MOST = 1400 };

static bool is_link(enum sonde_shape shape)
{
	return shape == SONDE_eth || shape == SONDE_ip || shape == SONDE_ipv6;
}

/* Whether it is read as it was said. */
static bool is_read(const char *spec, size_t len, struct sonde_arena *a)
{
	static uint8_t byte[BYTES_MOST];
	struct sonde_craft_turn turn = { .n = 0 };
	struct sonde_craft_error error;
	struct sonde_packet p;
	struct sonde_craft *c;
	struct sonde_draft d;

	sonde_draft_init(&d, byte, sizeof byte);
	if (!sonde_craft_parse(&c, a, spec, len, NULL, NULL, &error) ||
	    sonde_craft_encode(c, &turn, &d) < 0)
		return false;
	sonde_decode(&p, d.p.byte, d.p.len, d.p.len, d.p.layer[0].shape);
	if (p.n != d.p.n || p.stop == SONDE_STOP_MALFORMED)
		return false;
	for (unsigned i = 0; i < p.n; i++)
		if (p.layer[i].shape != d.p.layer[i].shape || p.layer[i].head != d.p.layer[i].head)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 3 ? strtoul(argv[1], NULL, 0) : 0;
	uint64_t seed = argc == 3 ? strtoull(argv[2], NULL, 0) << 32 : 0;
	struct sonde_arena arena = { 0 };
	char spec[SPEC_MOST];

	for (uint64_t i = 0; count && i < UINT32_MAX; i++) {
		struct chance c = { .loose = false };
		size_t len = chance_spec(&c, sonde_random_at(seed + i),
					 1 + i % (SONDE_PROTOCOLS - 1), spec, sizeof spec);

		if (!c.t.error && is_link(c.shape[0]) && is_read(spec, len, &arena)) {
			printf("%.*s\n", (int)len, spec);
			count--;
		}
		sonde_arena_rewind(&arena);
	}
	sonde_arena_done(&arena);
	return count ? 1 : 0;
}

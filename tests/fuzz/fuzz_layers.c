/* All that a packet says, as JSON: always well-formed, and the same by both ways of writing it. The
 * first byte chooses the link type, the second how many bytes the capture left out. */
#include <stdlib.h>

#include "packet/layers.h"
#include "tests/valid_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

enum { ROOM = 8 << 20 };

static char told[ROOM], unrolled[ROOM];

static void compare(const struct sonde_packet *p, const struct sonde_verdict *v)
{
	struct sonde_text a, b;

	sonde_text_init(&a, told, sizeof told, NULL, NULL);
	sonde_text_init(&b, unrolled, sizeof unrolled, NULL, NULL);
	sonde_text_str(&a, "{");
	sonde_layers_json_told(&a, p, v);
	sonde_text_str(&a, "}");
	sonde_text_str(&b, "{");
	sonde_layers_json(&b, p, v);
	sonde_text_str(&b, "}");
	if (a.error || a.len != b.len || memcmp(told, unrolled, a.len) || !valid_json(told, a.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const unsigned links[] = { 0, 1, 12, 101, 108, 113, 228, 229, 276 };
	struct sonde_verdict v;
	struct sonde_packet p;

	if (len < 2 || len > 100000)
		return 0;
	sonde_decode_link(&p, at + 2, (uint32_t)len - 2, (uint32_t)len - 2 + at[1],
			  links[at[0] % (sizeof links / sizeof *links)]);
	sonde_judge(&p, SONDE_JUDGE_SUMS | SONDE_JUDGE_STRICT, &v);
	compare(&p, &v);
	return 0;
}

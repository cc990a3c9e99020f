/* Any text as what is to be set, and a packet to set it in: errors point inside the text; what is
 * set is set, once and for all; sums that were right are right, and nothing is written elsewhere.
 * An input is the text, a zero, the packet. */
#include "packet/alter.h"
#include "tests/fuzz/packet.h"

enum { TEXT_MOST = 200 };

static struct sonde_arena arena;

/* The same, done twice, is done once; and sums are no worse for it. */
static void check(const struct sonde_alter *a, const uint8_t *at, uint32_t len)
{
	static uint8_t now[FUZZ_PACKET_MOST], again[FUZZ_PACKET_MOST];
	struct sonde_craft_turn turn = { .n = len, .seed = 1 };
	struct sonde_packet p;
	struct sonde_verdict was, is;

	memcpy(now, at, len);
	sonde_decode(&p, now, len, len, SONDE_eth);
	sonde_judge(&p, SONDE_JUDGE_SUMS, &was);
	if (!sonde_alter_packet(a, &p, now, &turn))
		stop_unless(!len || !memcmp(now, at, len));
	sonde_judge(&p, SONDE_JUDGE_SUMS, &is);
	for (unsigned d = 0; d < p.n; d++)
		if (p.layer[d].part)
			stop_unless(was.wrong[d] == is.wrong[d]);
	memcpy(again, now, len);
	p.byte = again;
	sonde_alter_packet(a, &p, again, &turn);
	stop_unless(!len || !memcmp(now, again, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	const uint8_t *zero = len ? memchr(at, 0, len) : NULL;
	size_t n = zero ? (size_t)(zero - at) : len, rest = zero ? len - n - 1 : 0;
	struct sonde_alter a = { .n = 0 };
	struct sonde_craft_error e = { .at = SIZE_MAX };
	char text[TEXT_MOST + 1];

	if (n > TEXT_MOST || rest > FUZZ_PACKET_MOST)
		return 0;
	memcpy(text, at, n);
	text[n] = 0;
	if (sonde_alter_parse(&a, &arena, text, &e))
		check(&a, at + len - rest, (uint32_t)rest);
	else
		stop_unless(e.at <= n && e.expected && *e.expected && !a.n);
	sonde_arena_rewind(&arena);
	return 0;
}

/* Half of the time a name of a field in front, or a value that any takes. */
size_t LLVMFuzzerCustomMutator(uint8_t *at, size_t len, size_t most, unsigned seed)
{
	char word[120];
	const uint8_t *zero = len ? memchr(at, 0, len) : NULL;
	size_t end = zero ? (size_t)(zero - at) : len, n;

	if (seed % 2)
		return LLVMFuzzerMutate(at, len, most);
	n = (size_t)snprintf(word, sizeof word, "%s=%s",
			     sonde_rows[(seed / 8 * 2654435761u >> 8) % SONDE_ROWS].name,
			     seed / 2 % 4 ? "random" : "1");
	if (len - end + n > most)
		return LLVMFuzzerMutate(at, len, most);
	memmove(at + n, at + end, len - end);
	memcpy(at, word, n);
	return len - end + n;
}

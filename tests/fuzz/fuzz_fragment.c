/* Fragments in any order, doubled, overlapping, lying about the end: what is put together was all
 * there. Each step of the input makes a fragment; what a byte holds follows from its place, so that
 * a byte that nobody sent cannot pass for one. */
#include "flow/fragment.h"
#include "tests/fuzz/fuzz.h"

enum { STEPS = 200, PAYLOAD = 256, STORIES = 4 };

/* Making them costs more than using them, so they stay; each input comes long after the one before,
 * when all that waited has been given up. */
static struct sonde_fragments fragments;
static sonde_ns when;
static unsigned run;

static uint8_t byte_at(unsigned story, uint32_t at)
{
	uint32_t x = ((at + 1) * 2654435761u ^ (story + STORIES * run) * 0x9e3779b9u) * 2246822519u;

	return (uint8_t)(1 | x >> 24);
}

/* story: its addresses, identification and version. Returns the bytes of the packet. */
static uint32_t make(uint8_t *o, unsigned story, uint32_t at, uint32_t len, bool more)
{
	struct sonde_ip *ip = (void *)o;
	struct sonde_ipv6 *ipv6 = (void *)o;
	struct sonde_ipv6_frag *f = (void *)(o + SONDE_BYTES_ipv6);
	uint32_t head;

	if (story % 2) {
		head = SONDE_BYTES_ipv6 + SONDE_BYTES_ipv6_frag;
		memset(o, 0, head);
		sonde_ipv6_version_put(ipv6, 6);
		sonde_ipv6_plen_put(ipv6, (uint16_t)(SONDE_BYTES_ipv6_frag + len));
		sonde_ipv6_nxt_put(ipv6, 44);
		sonde_ipv6_frag_nxt_put(f, 253);
		sonde_ipv6_frag_offset_put(f, (uint16_t)(at / 8));
		sonde_ipv6_frag_more_put(f, more);
		sonde_ipv6_frag_id_put(f, story);
	} else {
		head = SONDE_BYTES_ip;
		memset(o, 0, head);
		sonde_ip_version_put(ip, 4);
		sonde_ip_ihl_put(ip, 5);
		sonde_ip_len_put(ip, (uint16_t)(head + len));
		sonde_ip_id_put(ip, (uint16_t)story);
		sonde_ip_mf_put(ip, more);
		sonde_ip_offset_put(ip, (uint16_t)(at / 8));
		sonde_ip_proto_put(ip, 253);
	}
	for (uint32_t i = 0; i < len; i++)
		o[head + i] = byte_at(story, at + i);
	return head + len;
}

static void check_whole(const struct sonde_datagram *w, unsigned story, uint64_t number)
{
	uint32_t head = story % 2 ? SONDE_BYTES_ipv6 : SONDE_BYTES_ip;
	struct sonde_verdict v;
	struct sonde_packet p;

	stop_unless(w->shape == (story % 2 ? SONDE_ipv6 : SONDE_ip) && w->byte.len > head);
	stop_unless(w->first <= w->last && w->last == number && w->pieces);
	for (size_t i = head; i < w->byte.len; i++)
		stop_unless(w->byte.at[i] == byte_at(story, (uint32_t)(i - head)));
	sonde_decode(&p, w->byte.at, (uint32_t)w->byte.len, (uint32_t)w->byte.len, w->shape);
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	stop_unless(p.n == 1 && !p.layer[0].part && !v.wrong[0]);
	stop_unless(p.layer[0].end == w->byte.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct steps s = { at, len };

	run++;
	when += 1000 * SONDE_SECOND;
	for (uint64_t number = 1; s.len && number <= STEPS; number++) {
		unsigned what = next_byte(&s), story = what % STORIES;
		uint32_t from = 8 * next_byte(&s), n = next_byte(&s), all, cut = 0;
		struct sonde_datagram whole;
		struct sonde_packet p;
		uint8_t *byte;

		if (what & 0x80 && !(what & 8))
			n -= n % 8; /* as all but the last must be */
		if (what & 0x40)
			from *= 32; /* towards the end of what an offset can say */
		if (what & 0x20)
			cut = next_byte(&s);
		if (what & 0x10)
			when += next_byte(&s) * SONDE_SECOND;
		byte = malloc(SONDE_BYTES_ipv6 + SONDE_BYTES_ipv6_frag + PAYLOAD);
		stop_unless(byte);
		all = make(byte, story, from, n, what & 0x80);
		sonde_decode(&p, byte, all - (cut < all ? cut : all), all,
			     story % 2 ? SONDE_ipv6 : SONDE_ip);
		if (sonde_fragment_put(&fragments, &p, 0, number, when, &whole) ==
		    SONDE_FRAGMENT_COMPLETE)
			check_whole(&whole, story, number);
		free(byte);
	}
	return 0;
}

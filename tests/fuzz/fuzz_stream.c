/* Segments in any order, repeated, overlapping, with gaps and acknowledgements: of each side every
 * byte that came is told once and in order, and only what did not come is missing. Each step of the
 * input makes a segment; what a byte holds follows from its place. */
#include "flow/stream.h"
#include "tests/fuzz/fuzz.h"

enum { STEPS = 300, PAYLOAD = 255, PLACES = 1 << 12 };

static uint8_t came[2][PLACES + PAYLOAD + 1]; /* bytes of either side, from its first on */

struct side {
	uint32_t begin, told; /* the first sequence number; bytes told or missing so far */
};

static struct side sides[2];
static uint64_t frame;

static uint8_t byte_at(bool back, uint32_t at)
{
	return (uint8_t)((at + 1) * 2654435761u >> 24 ^ (back ? 0x5a : 0));
}

static void hear(void *arg, const struct sonde_stream_chunk *c)
{
	struct side *s = &sides[c->back];

	(void)arg;
	stop_unless(c->byte.len && c->frame && c->frame <= frame);
	for (uint32_t i = 0; i < c->missing; i++, s->told++)
		stop_unless(s->told < PLACES && !came[c->back][s->told]);
	for (size_t i = 0; i < c->byte.len; i++, s->told++)
		stop_unless(came[c->back][s->told] && c->byte.at[i] == byte_at(c->back, s->told));
}

static void put(struct sonde_stream *s, bool back, uint32_t at, uint32_t len, uint32_t ack,
		unsigned flags)
{
	uint32_t head = SONDE_BYTES_ip + SONDE_BYTES_tcp, all = head + len;
	uint8_t *o = calloc(1, all);
	struct sonde_ip *ip = (void *)o;
	struct sonde_tcp *tcp = (void *)(o + SONDE_BYTES_ip);
	struct sonde_packet p;

	stop_unless(o);
	sonde_ip_version_put(ip, 4);
	sonde_ip_ihl_put(ip, 5);
	sonde_ip_len_put(ip, (uint16_t)all);
	sonde_ip_proto_put(ip, 6);
	sonde_ip_src_put(ip, 1 + back);
	sonde_ip_dst_put(ip, 2 - back);
	sonde_tcp_sport_put(tcp, (uint16_t)(9 + back));
	sonde_tcp_dport_put(tcp, (uint16_t)(10 - back));
	sonde_tcp_doff_put(tcp, 5);
	sonde_tcp_flags_put(tcp, (uint16_t)flags);
	sonde_tcp_seq_put(tcp, sides[back].begin + at - !!(flags & SONDE_TCP_SYN));
	sonde_tcp_ackseq_put(tcp, sides[!back].begin + ack);
	for (uint32_t i = 0; i < len; i++) {
		o[head + i] = byte_at(back, at + i);
		came[back][at + i] = 1;
	}
	sonde_decode(&p, o, all, all, SONDE_ip);
	frame++;
	stop_unless(sonde_stream_put(s, &p, frame, hear, NULL));
	free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct steps in = { at, len };
	struct sonde_stream s;
	unsigned last[2] = { 0 };

	frame = 0;
	memset(came, 0, sizeof came);
	for (unsigned i = 0; i < 2; i++)
		sides[i] = (struct side){ .begin = next_short(&in) * 0x10001 };
	sonde_stream_init(&s, 0);
	put(&s, false, 0, 0, 0, SONDE_TCP_SYN);
	put(&s, true, 0, 0, 0, SONDE_TCP_SYN | SONDE_TCP_ACK);
	while (in.len && frame < STEPS) {
		unsigned what = next_byte(&in), n = next_byte(&in);
		bool back = what & 1;
		unsigned from = what & 2 ? next_short(&in) % PLACES : last[back];

		last[back] = (from + n) % PLACES;
		put(&s, back, from, n, what & 4 ? next_short(&in) % PLACES : 0,
		    SONDE_TCP_ACK | (what & 0xc0 ? SONDE_TCP_FIN : 0));
	}
	sonde_stream_end(&s, hear, NULL);
	for (unsigned b = 0; b < 2; b++) /* all that came was told */
		for (uint32_t i = sides[b].told; i < sizeof *came; i++)
			stop_unless(!came[b][i]);
	sonde_stream_done(&s);
	return 0;
}

/* Packets and the ICMP errors that quote them: a cause that is found went the way that the quote
 * says. Each step of the input makes one of the two. Where conversations began is asked as well. */
#include "flow/origin.h"
#include "flow/start.h"
#include "packet/tuple.h"
#include "tests/fuzz/fuzz.h"

enum { STEPS = 100, PACKET = 64 };

struct sent {
	uint8_t byte[PACKET];
	uint32_t len;
};

static struct sent sent[STEPS];

/* Making these costs more than using them, so they stay; each input has addresses of its own. */
static struct sonde_arena arena;
static struct sonde_origins origins;
static struct sonde_starts starts;
static uint64_t before; /* frames of the inputs before */
static unsigned run;

static void make_ip(uint8_t *o, uint32_t len, unsigned from, unsigned to, unsigned proto)
{
	struct sonde_ip *ip = (void *)o;

	sonde_ip_version_put(ip, 4);
	sonde_ip_ihl_put(ip, 5);
	sonde_ip_len_put(ip, (uint16_t)len);
	sonde_ip_src_put(ip, from);
	sonde_ip_dst_put(ip, to);
	sonde_ip_proto_put(ip, (uint8_t)proto);
}

/* TCP, UDP, an echo, or something else, from one of few places to another. */
static void make(struct sent *x, struct steps *s)
{
	static const uint8_t protos[] = { 6, 17, 1, 253 };
	unsigned what = next_byte(s), who = next_byte(s), id = next_byte(s);
	uint8_t *body = x->byte + SONDE_BYTES_ip;

	x->len = 40;
	make_ip(x->byte, x->len, 4 * run + who % 4, 4 * run + who / 4 % 4, protos[what % 4]);
	sonde_ip_id_put((void *)x->byte, (uint16_t)(id % 8));
	body[1] = who / 16 % 4;
	body[3] = who / 64;
	body[7] = (uint8_t)(id / 8);
	if (what % 4 == 0) {
		body[12] = 0x50;
		body[13] = (uint8_t)next_byte(s);
	} else if (what % 4 == 1) {
		body[5] = 20;
	} else if (what % 4 == 2) {
		body[0] = 8;
	}
}

/* An error about what was sent before, quoting so much of it, maybe a little changed. */
static void make_error(struct sent *x, const struct sent *about, struct steps *s)
{
	unsigned what = next_byte(s), where = next_byte(s);
	uint8_t *icmp = x->byte + SONDE_BYTES_ip, *quote = icmp + 8;

	x->len = SONDE_BYTES_ip + 8 + 20 + what % 16;
	make_ip(x->byte, x->len, 1, 4 * run, 1);
	icmp[0] = what & 0x10 ? 11 : 3;
	memcpy(quote, about->byte, x->len - SONDE_BYTES_ip - 8);
	if (what & 0x20)
		quote[where % 28] ^= (uint8_t)next_byte(s);
}

static void decode(struct sonde_packet *p, const uint8_t *at, uint32_t len)
{
	sonde_decode(p, at, len, len, SONDE_ip);
}

static void check_cause(const struct sonde_packet *error, const struct sonde_origin *o,
			unsigned number)
{
	struct sonde_tuple quoted, cause;
	const struct sent *x;
	struct sonde_packet p;

	stop_unless(o->frame > before && o->frame <= before + number);
	x = &sent[o->frame - before - 1];
	decode(&p, x->byte, x->len);
	if (!sonde_packet_quoted(error, &quoted))
		return; /* it quotes something of another version */
	stop_unless(sonde_packet_tuple(&p, &cause));
	stop_unless(!memcmp(&quoted.src.ip, &cause.src.ip, sizeof cause.src.ip) &&
		    !memcmp(&quoted.dst.ip, &cause.dst.ip, sizeof cause.dst.ip) &&
		    quoted.protocol == cause.protocol);
	if (quoted.has & SONDE_TUPLE_PORTS)
		stop_unless(quoted.src.port == cause.src.port && quoted.dst.port == cause.dst.port);
	if (o->exact && quoted.has & SONDE_TUPLE_SEQ &&
	    !memcmp(error->byte + 32, p.byte + 4, 2)) /* the same identification */
		stop_unless(quoted.seq == cause.seq);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct steps s = { at, len };
	unsigned number = 0;

	if (!run++) {
		sonde_origins_init(&origins, &arena);
		sonde_starts_init(&starts, &arena);
	}
	for (; s.len && number < STEPS; number++) {
		unsigned about = next_byte(&s);
		struct sent *x = &sent[number];
		struct sonde_origin o;
		struct sonde_packet p;
		uint8_t *byte;

		memset(x, 0, sizeof *x);
		if (about % 2 && number)
			make_error(x, &sent[number - 1 - about / 2 % number], &s);
		else
			make(x, &s);
		byte = malloc(x->len);
		stop_unless(byte);
		memcpy(byte, x->byte, x->len);
		decode(&p, byte, x->len);
		if (sonde_origin_find(&origins, &p, before + number + 1, &o))
			check_cause(&p, &o, number);
		sonde_starts_find(&starts, &p);
		free(byte);
	}
	before += number;
	return 0;
}

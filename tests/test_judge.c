/* Packets whose every byte is literal, lengths and sums among them: what this library works out is
 * held against what another program worked out. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "packet/crc.h"
#include "packet/draft.h"
#include "packet/option.h"
#include "packet/tuple.h"

Suite *judge_suite(void);

static const struct literal {
	const char *what, *layers;
	uint32_t len;
	uint8_t byte[160];
} literals[] = {
	{ "udp over IPv4", "ip udp", 31, { 0x45, 0x00, 0x00, 0x1f, 0x00, 0x07, 0x00, 0x00,
					   0x40, 0x11, 0x66, 0xc5, 0x0a, 0x00, 0x00, 0x01,
					   0x0a, 0x00, 0x00, 0x02, 0x04, 0xd2, 0x00, 0x35,
					   0x00, 0x0b, 0x13, 0x6a, 0x6f, 0x64, 0x64 } },
	{ "tcp over IPv4 with record route",
	  "ip tcp",
	  53,
	  { 0x47, 0x00, 0x00, 0x35, 0x00, 0x07, 0x00, 0x00, 0x40, 0x06, 0x59, 0xb3, 0x0a, 0x00,
	    0x00, 0x01, 0x0a, 0x00, 0x00, 0x02, 0x07, 0x07, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x04, 0xd2, 0x00, 0x50, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x50, 0x18,
	    0x01, 0xf4, 0x50, 0xda, 0x00, 0x00, 0x68, 0x65, 0x6c, 0x6c, 0x6f } },
	{ "echo", "ip icmp icmp_echo", 33, { 0x45, 0x00, 0x00, 0x21, 0x00, 0x07, 0x00, 0x00, 0x40,
					     0x01, 0x66, 0xd3, 0x0a, 0x00, 0x00, 0x01, 0x0a, 0x00,
					     0x00, 0x02, 0x08, 0x00, 0xf8, 0x26, 0x00, 0x07, 0x00,
					     0x01, 0x70, 0x69, 0x6e, 0x67, 0x21 } },
	{ "port unreachable",
	  "ip icmp icmp_unreach ip udp",
	  56,
	  { 0x45, 0x00, 0x00, 0x38, 0x00, 0x07, 0x00, 0x00, 0x40, 0x01, 0x66, 0xbc, 0x0a, 0x00,
	    0x00, 0x01, 0x0a, 0x00, 0x00, 0x02, 0x03, 0x03, 0xe4, 0x80, 0x00, 0x00, 0x00, 0x00,
	    0x45, 0x00, 0x00, 0x1f, 0x00, 0x07, 0x00, 0x00, 0x40, 0x11, 0x66, 0xc5, 0x0a, 0x00,
	    0x00, 0x01, 0x0a, 0x00, 0x00, 0x02, 0x04, 0xd2, 0x00, 0x35, 0x00, 0x0b, 0x13, 0x6a } },
	{ "udp over IPv6", "ipv6 udp", 51, { 0x60, 0x00, 0x00, 0x00, 0x00, 0x0b, 0x11, 0xff, 0xfe,
					     0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					     0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xfe, 0x80, 0x00,
					     0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					     0x00, 0x00, 0x00, 0x02, 0x04, 0xd2, 0x00, 0x35, 0x00,
					     0x0b, 0x2a, 0x68, 0x6f, 0x64, 0x64 } },
	{ "tcp behind four extension headers",
	  "ipv6 ipv6_hopopts ipv6_dstopts ipv6_routing ipv6_frag tcp",
	  113,
	  { 0x60, 0x00, 0x00, 0x00, 0x00, 0x49, 0x00, 0xff, 0xfe, 0x80, 0x00, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xfe, 0x80,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x02, 0x3c, 0x00, 0x05, 0x02, 0x00, 0x00, 0x01, 0x00, 0x2b, 0x00, 0x01, 0x04,
	    0x00, 0x00, 0x00, 0x00, 0x2c, 0x02, 0x04, 0x01, 0x00, 0x00, 0x00, 0x00, 0xfe,
	    0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x00, 0x09, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x04, 0xd2, 0x00,
	    0x50, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x50, 0x18, 0x01, 0xf4,
	    0x67, 0xd1, 0x00, 0x00, 0x68, 0x65, 0x6c, 0x6c, 0x6f } },
	{ "udp behind AH",
	  "ipv6 ah udp",
	  75,
	  { 0x60, 0x00, 0x00, 0x00, 0x00, 0x23, 0x33, 0xff, 0xfe, 0x80, 0x00, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xfe, 0x80,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x02, 0x11, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x01,
	    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x04,
	    0xd2, 0x00, 0x35, 0x00, 0x0b, 0x2a, 0x68, 0x6f, 0x64, 0x64 } },
	{ "neighbor solicitation",
	  "ipv6 icmpv6 nd_ns",
	  72,
	  { 0x60, 0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff, 0xfe, 0x80, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
	    0xfe, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x02, 0x87, 0x00, 0x7a, 0x1b, 0x00, 0x00, 0x00, 0x00,
	    0xfe, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x02, 0x01, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01 } },
	{ "router advertisement",
	  "ipv6 icmpv6 nd_ra",
	  96,
	  { 0x60, 0x00, 0x00, 0x00, 0x00, 0x38, 0x3a, 0xff, 0xfe, 0x80, 0x00, 0x00, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xfe, 0x80, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x86, 0x00,
	    0xe7, 0x9b, 0x40, 0xc0, 0x07, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x05, 0x01, 0x00, 0x00, 0x00, 0x00, 0x05, 0xdc, 0x03, 0x04, 0x40, 0xc0, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfe, 0x80, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02 } },
	{ "packet too big",
	  "ipv6 icmpv6 icmpv6_toobig ipv6 tcp_start",
	  96,
	  { 0x60, 0x00, 0x00, 0x00, 0x00, 0x38, 0x3a, 0xff, 0xfe, 0x80, 0x00, 0x00, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xfe, 0x80, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00,
	    0x92, 0x59, 0x00, 0x00, 0x05, 0x00, 0x60, 0x00, 0x00, 0x00, 0x00, 0x08, 0x06, 0xff,
	    0xfe, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x00, 0x01, 0xfe, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	    0x00, 0x00, 0x00, 0x02, 0x04, 0xd2, 0x00, 0x50, 0x00, 0x00, 0x00, 0x01 } },
	{ "nothing next", "ipv6", 43, { 0x60, 0x00, 0x00, 0x00, 0x00, 0x03, 0x3b, 0xff, 0xfe,
					0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xfe, 0x80, 0x00,
					0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					0x00, 0x00, 0x00, 0x02, 0x78, 0x79, 0x7a } },
};
enum { LITERALS = sizeof literals / sizeof *literals };

static struct sonde_packet p;
static struct sonde_verdict v;

static void read_literal(const struct literal *l, const uint8_t *at, unsigned how)
{
	sonde_decode_link(&p, at, l->len, l->len, 101);
	sonde_judge(&p, how, &v);
}

static uint32_t all_wrong(void)
{
	uint32_t wrong = 0;

	for (unsigned d = 0; d < p.n; d++)
		wrong |= v.wrong[d];
	return wrong;
}

static const struct literal *literal(const char *what)
{
	for (unsigned i = 0; i < LITERALS; i++)
		if (!strcmp(literals[i].what, what))
			return &literals[i];
	ck_abort_msg("there is no %s", what);
}

START_TEST(layers_are_found_and_nothing_is_wrong)
{
	const struct literal *l = &literals[_i];
	char layers[200];
	int n = 0;

	read_literal(l, l->byte, SONDE_JUDGE_SUMS);
	for (unsigned d = 0; d < p.n; d++)
		n += snprintf(layers + n, sizeof layers - (size_t)n, "%s%s", d ? " " : "",
			      sonde_shapes[p.layer[d].shape].name);
	ck_assert_str_eq(layers, l->layers);
	for (unsigned d = 0; d < p.n; d++)
		ck_assert_msg(!v.wrong[d], "%s: layer %u: %x", l->what, d, v.wrong[d]);
	if (strcmp(l->what, "packet too big")) /* its quote is cut, as it should be */
		ck_assert_uint_eq(p.stop, SONDE_STOP_END);
}
END_TEST

START_TEST(the_encoder_would_have_written_just_that)
{
	const struct literal *l = &literals[_i];
	struct sonde_draft d;
	uint8_t again[200];

	read_literal(l, l->byte, SONDE_JUDGE_SUMS | SONDE_JUDGE_STRICT);
	if (strcmp(l->what, "nothing next")) /* there is no header to derive that from */
		ck_assert_uint_eq(all_wrong(), 0);
	sonde_draft_init(&d, again, sizeof again);
	ck_assert_int_eq(sonde_draft_copy(&d, &p, NULL), l->len);
	ck_assert_mem_eq(again, l->byte, l->len);
}
END_TEST

/* Whatever bit of a summed header or body turns, somebody notices. */
START_TEST(a_flipped_bit_is_seen)
{
	const struct literal *l = literal("udp over IPv4");
	uint8_t x[160];

	for (uint32_t bit = 0; bit < 8 * l->len; bit++) {
		memcpy(x, l->byte, l->len);
		x[bit / 8] ^= (uint8_t)(1 << bit % 8);
		read_literal(l, x, SONDE_JUDGE_SUMS);
		ck_assert_msg(all_wrong() || p.stop, "bit %u", bit);
	}
}
END_TEST

/* Whether no sum behind the IP header is wrong, with one bit of byte `turned` turned if it is one.
 */
static bool judged(const uint8_t *byte, size_t len, size_t turned)
{
	struct sonde_verdict verdict;
	struct sonde_packet packet;
	uint8_t x[512];

	memcpy(x, byte, len);
	if (turned < len)
		x[turned] ^= 4;
	sonde_decode_link(&packet, x, (uint32_t)len, (uint32_t)len, 101);
	sonde_judge(&packet, SONDE_JUDGE_SUMS, &verdict);
	return packet.n > 1 && !verdict.wrong[1];
}

/* Every byte from here to there counts; of OSPF, not where it says how much is summed, and no
 * authentication. */
static void sum_sees(const uint8_t *byte, size_t len, size_t from, size_t to)
{
	bool ospf = byte[9] == 89;

	ck_assert(judged(byte, len, len));
	for (size_t i = from; i < to; i++)
		if (!ospf || (i != 22 && i != 23 && (i < 34 || i >= 44)))
			ck_assert_msg(!judged(byte, len, i), "byte %zu", i);
}

/* Captured by others, and taken as right by tcpdump and tshark. */
START_TEST(sums_of_sctp_ospf_and_pim_are_judged)
{
	static const uint8_t sctp[] = { 69,  0,	  0,   72,  0,	 0,   64,  0,	46,  132, 155, 81,
					211, 129, 72,  8,   150, 140, 254, 202, 26,  50,  188, 188,
					176, 171, 76,  150, 109, 18,  140, 15,	0,   3,	  0,   40,
					1,   24,  189, 12,  0,	 0,   0,   0,	0,   0,	  0,   0,
					16,  15,  0,   6,   64,	 0,   0,   1,	0,   0,	  0,   2,
					0,   0,	  0,   0,   0,	 0,   0,   2,	192, 64,  0,   0 };
	static const uint8_t ospf[] = { 69, 192, 0,   96, 0,   52,  0,	 0, 1,	89,  172, 73, 10, 0,
					34, 3,	 224, 0,  0,   5,   2,	 4, 0,	76,  10,  0,  34, 3,
					0,  0,	 0,   1,  229, 149, 0,	 0, 0,	0,   0,	  0,  0,  0,
					0,  0,	 0,   0,  0,   1,   0,	 1, 40, 1,   10,  0,  34, 3,
					10, 0,	 34,  3,  128, 0,   0,	 4, 81, 203, 0,	  48, 19, 0,
					0,  2,	 10,  0,  34,  4,   10,	 0, 34, 3,   1,	  0,  0,  1,
					10, 0,	 34,  0,  255, 255, 255, 0, 3,	0,   0,	  1 };
	static const uint8_t hello[] = { 69, 192, 0,   54, 3, 127, 0,  0,  1,	103, 203, 19, 10, 0,
					 0,  2,	  224, 0,  0, 13,  32, 0,  170, 110, 0,	  1,  0,  2,
					 0,  105, 0,   20, 0, 4,   63, 14, 244, 205, 0,	  19, 0,  4,
					 0,  0,	  0,   1,  0, 21,  0,  4,  1,	0,   0,	  0 };
	static const uint8_t reg[] = {
		69,  0,	  0,   128, 1,	 94,  0,   0,	255, 103, 54,  100, 192, 168, 0,   6,
		192, 168, 1,   254, 33,	 0,   222, 255, 0,   0,	  0,   0,   69,	 0,   0,   100,
		0,   15,  0,   0,   254, 1,   246, 210, 192, 168, 20,  10,  239, 1,   2,   3,
		8,   0,	  144, 225, 0,	 3,   0,   0,	0,   0,	  0,   0,   0,	 5,   237, 96,
		171, 205, 171, 205, 171, 205, 171, 205, 171, 205, 171, 205, 171, 205, 171, 205,
		171, 205, 171, 205, 171, 205, 171, 205, 171, 205, 171, 205, 171, 205, 171, 205,
		171, 205, 171, 205, 171, 205, 171, 205, 171, 205, 171, 205, 171, 205, 171, 205,
		171, 205, 171, 205, 171, 205, 171, 205, 171, 205, 171, 205, 171, 205, 171, 205
	};
	static const uint8_t zeros[32];

	/* RFC 3720 appendix B.4 */
	ck_assert_uint_eq(sonde_crc32c_end(sonde_crc32c(UINT32_MAX, zeros, 32)), 0xaa36918a);
	sum_sees(sctp, sizeof sctp, 20, sizeof sctp);
	sum_sees(ospf, sizeof ospf, 20, sizeof ospf);
	sum_sees(hello, sizeof hello, 20, sizeof hello);
	sum_sees(reg, sizeof reg, 20, 28);
	ck_assert(
		judged(reg, sizeof reg, sizeof reg - 1)); /* of a register, what is in it is not */
	ck_assert(judged(ospf, sizeof ospf, 20 + 16));	  /* nor authentication */
}
END_TEST

/* With the pseudo-header of IPv6, and of a register all that is in it as well. */
START_TEST(a_register_may_be_summed_whole)
{
	uint8_t x[48] = {
		0x45, 0, 0, 48, 0, 0, 0, 0, 64, 103, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x21
	};

	x[28] = 0x45;
	sonde_store(x + 22, 2, 0xdeff);
	ck_assert(judged(x, sizeof x, sizeof x));
	sonde_store(x + 22, 2, 0x99ff); /* with the 0x4500 behind the first 8 bytes */
	ck_assert(judged(x, sizeof x, sizeof x));
	sonde_store(x + 22, 2, 0x99fe);
	ck_assert(!judged(x, sizeof x, sizeof x));
}
END_TEST

START_TEST(a_wrong_length_is_called_by_its_row)
{
	uint8_t x[160];

	memcpy(x, literal("udp over IPv4")->byte, 160);
	x[20 + 5]++;
	read_literal(literal("udp over IPv4"), x, 0);
	ck_assert(sonde_is_wrong(&v, 1, udp, len));
	x[20 + 5]--;
	x[3]++;
	read_literal(literal("udp over IPv4"), x, 0);
	ck_assert(sonde_is_wrong(&v, 0, ip, len));
	memcpy(x, literal("udp over IPv6")->byte, 160);
	x[5]++;
	read_literal(literal("udp over IPv6"), x, 0);
	ck_assert(sonde_is_wrong(&v, 0, ipv6, plen));
}
END_TEST

START_TEST(a_sum_that_was_not_made_is_not_wrong)
{
	uint8_t x[160];

	memcpy(x, literal("udp over IPv4")->byte, 160);
	x[26] = x[27] = 0;
	read_literal(literal("udp over IPv4"), x, SONDE_JUDGE_SUMS);
	ck_assert_uint_eq(all_wrong(), 0);
	memcpy(x, literal("tcp over IPv4 with record route")->byte, 160);
	x[28 + 16] = x[28 + 17] = 0;
	read_literal(literal("tcp over IPv4 with record route"), x, SONDE_JUDGE_SUMS);
	ck_assert(sonde_is_wrong(&v, 1, tcp, checksum));
}
END_TEST

START_TEST(another_version_is_malformed_and_leads_nowhere)
{
	uint8_t x[160];

	memcpy(x, literal("udp over IPv4")->byte, 160);
	x[0] = 0x55;
	sonde_decode(&p, x, 39, 39, SONDE_ip);
	sonde_judge(&p, 0, &v);
	ck_assert_uint_eq(p.n, 1);
	ck_assert_uint_eq(p.stop, SONDE_STOP_MALFORMED);
	ck_assert(sonde_is_wrong(&v, 0, ip, version));
	sonde_decode(&p, literal("udp over IPv6")->byte, 59, 59, SONDE_ipv6);
	ck_assert_uint_eq(p.n, 2);
	memcpy(x, literal("udp over IPv6")->byte, 160);
	x[0] = 0x50;
	sonde_decode(&p, x, 59, 59, SONDE_ipv6);
	sonde_judge(&p, 0, &v);
	ck_assert_uint_eq(p.n, 1);
	ck_assert(sonde_is_wrong(&v, 0, ipv6, version));
}
END_TEST

/* kind:length of each option of the last header that has a family. */
static void options_are(const char *what, unsigned d, const char *text)
{
	const struct literal *l = literal(what);
	const struct sonde_shape_info *s;
	struct sonde_option o;
	struct sonde_walk w;
	char got[200] = "";

	read_literal(l, l->byte, 0);
	s = &sonde_shapes[p.layer[d].shape];
	w = (struct sonde_walk){ l->byte + p.layer[d].at + s->bytes,
				 l->byte + p.layer[d].at + p.layer[d].head };
	while (sonde_option_next(&w, s->family, &o))
		snprintf(got + strlen(got), sizeof got - strlen(got), "%u:%u ", o.kind, o.len);
	ck_assert_str_eq(got, text);
}

START_TEST(options_are_walked_by_the_rules_of_their_family)
{
	options_are("tcp over IPv4 with record route", 0, "7:7 ");
	options_are("tcp behind four extension headers", 1, "5:4 1:2 ");
	options_are("tcp behind four extension headers", 2, "1:6 ");
	options_are("neighbor solicitation", 2, "1:8 ");
	options_are("router advertisement", 2, "5:8 3:32 ");
}
END_TEST

START_TEST(an_end_ends_the_options_and_elements_are_those_of_their_option)
{
	static const uint8_t x[] = { 1, 0, 2, 4, 5, 180 };
	struct sonde_walk w = { x, x + sizeof x };
	struct sonde_option o;

	ck_assert(sonde_option_next(&w, SONDE_FAMILY_tcpopt, &o));
	ck_assert(!sonde_option_next(&w, SONDE_FAMILY_tcpopt, &o));
	ck_assert_ptr_eq(w.at, x + 1);
	ck_assert_uint_eq(sonde_shapes[SONDE_tcp_sack].each, SONDE_tcp_sack_block);
	ck_assert_uint_eq(sonde_shapes[SONDE_ip_rr].each, SONDE_ip_hop);
	ck_assert_uint_eq(sonde_shapes[SONDE_ipv6_routing].each, SONDE_ipv6_segment);
}
END_TEST

START_TEST(addresses_of_another_size_are_left_alone)
{
	static const uint8_t eth[14] = { [12] = 8, 6 };
	static const uint8_t six[8] = { 0, 1, 8, 0, 6, 4, 0, 1 },
			     twenty[8] = { 0, 32, 8, 0, 20, 4, 0, 1 };
	uint8_t x[80] = { 0 };

	memcpy(x, eth, 14);
	memcpy(x + 14, six, 8);
	x[14 + 8 + 9] = 7;
	sonde_decode_link(&p, x, sizeof x, sizeof x, 1);
	ck_assert_uint_eq(p.n, 3);
	ck_assert_uint_eq(p.stop, SONDE_STOP_END);
	ck_assert_uint_eq(sonde_arp_ip_spa(sonde_find(&p, arp_ip)), 7);
	memcpy(x + 14, twenty, 8);
	sonde_decode_link(&p, x, sizeof x, sizeof x, 1);
	ck_assert_uint_eq(p.n, 2);
	ck_assert_uint_eq(p.stop, SONDE_STOP_UNKNOWN);
	ck_assert_uint_eq(sonde_arp_hwsize(sonde_find(&p, arp)), 20);
}
END_TEST

START_TEST(a_header_starts_with_its_usual_values)
{
	static const uint8_t arp[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	static const uint8_t mss[4] = { 2, 4, 5, 180 }, mtu[8] = { 5, 1, 0, 0, 0, 0, 5, 220 };
	uint8_t x[200];
	struct sonde_draft d;
	int at;

	sonde_draft_init(&d, x, sizeof x);
	ck_assert_int_eq(sonde_draft_push(&d, SONDE_ip), 0);
	ck_assert_uint_eq(x[8], 64);
	ck_assert_int_eq(sonde_draft_push(&d, SONDE_tcp), 20);
	ck_assert_uint_eq(sonde_tcp_win(sonde_last(&d, tcp)), 65535);
	at = sonde_draft_option(&d, SONDE_tcp_mss);
	ck_assert_mem_eq(x + at, mss, 4);
	at = sonde_draft_push(&d, SONDE_arp);
	ck_assert_mem_eq(x + at, arp, 8);
	sonde_draft_push(&d, SONDE_nd_rs);
	at = sonde_draft_option(&d, SONDE_nd_mtu);
	ck_assert_mem_eq(x + at, mtu, 8);
	ck_assert_int_gt(sonde_draft_encode(&d), 0);
	ck_assert_uint_eq(x[0], 0x45);
	ck_assert_uint_eq(x[9], 6);
	ck_assert_uint_eq(x[20 + 12], 0x60);
}
END_TEST

START_TEST(a_header_takes_no_more_options_than_its_length_can_say)
{
	uint8_t x[200];
	struct sonde_draft d;

	sonde_draft_init(&d, x, sizeof x);
	sonde_draft_push(&d, SONDE_tcp);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_ge(sonde_draft_option(&d, SONDE_tcp_ts), 0);
	ck_assert_int_eq(sonde_draft_option(&d, SONDE_tcp_sackok), SONDE_NO_ROOM_FOR_OPTION);
	ck_assert_int_eq(sonde_draft_encode(&d), 60);
	ck_assert_int_eq(sonde_draft_option(&d, SONDE_tcp_sackok), SONDE_NO_ROOM_FOR_OPTION);
	sonde_draft_init(&d, x, 30);
	ck_assert_int_eq(sonde_draft_push(&d, SONDE_tcp), 0);
	ck_assert_int_eq(sonde_draft_push(&d, SONDE_tcp), SONDE_NO_SPACE);
}
END_TEST

START_TEST(a_packet_deeper_than_there_are_layers_is_called_so)
{
	uint8_t x[100] = { [12] = 0x81 };

	for (unsigned i = 0; i < 20; i++)
		x[14 + 4 * i + 2] = 0x81;
	sonde_decode_link(&p, x, sizeof x, sizeof x, 1);
	ck_assert_uint_eq(p.n, SONDE_LAYERS);
	ck_assert_uint_eq(p.stop, SONDE_STOP_DEEP);
}
END_TEST

START_TEST(one_name_may_mean_either_of_two_fields)
{
	unsigned n = 0;

	for (const struct sonde_either *e = sonde_eithers; e->name; e++, n++) {
		ck_assert_uint_ne(e->a, e->b);
		ck_assert_uint_eq(sonde_rows[e->a].bits, sonde_rows[e->b].bits);
		ck_assert_uint_eq(sonde_rows[e->a].shape, e->shape);
		ck_assert_uint_eq(sonde_rows[e->b].shape, e->shape);
	}
	ck_assert_uint_ge(n, 5);
	ck_assert_uint_eq(sonde_rows[SONDE_ROW_tcp_flags].bits, 12);
	ck_assert_uint_eq(sonde_rows[SONDE_ROW_ip_tos].bits, 8);
	ck_assert_uint_eq(sonde_rows[SONDE_ROW_ipv6_tclass].bits, 8);
}
END_TEST

Suite *judge_suite(void)
{
	Suite *s = suite_create("judge");
	TCase *c = tcase_create("judge");

	tcase_add_loop_test(c, layers_are_found_and_nothing_is_wrong, 0, LITERALS);
	tcase_add_loop_test(c, the_encoder_would_have_written_just_that, 0, LITERALS);
	tcase_add_test(c, a_flipped_bit_is_seen);
	tcase_add_test(c, a_wrong_length_is_called_by_its_row);
	tcase_add_test(c, a_sum_that_was_not_made_is_not_wrong);
	tcase_add_test(c, sums_of_sctp_ospf_and_pim_are_judged);
	tcase_add_test(c, a_register_may_be_summed_whole);
	tcase_add_test(c, another_version_is_malformed_and_leads_nowhere);
	tcase_add_test(c, options_are_walked_by_the_rules_of_their_family);
	tcase_add_test(c, an_end_ends_the_options_and_elements_are_those_of_their_option);
	tcase_add_test(c, addresses_of_another_size_are_left_alone);
	tcase_add_test(c, a_header_starts_with_its_usual_values);
	tcase_add_test(c, a_header_takes_no_more_options_than_its_length_can_say);
	tcase_add_test(c, a_packet_deeper_than_there_are_layers_is_called_so);
	tcase_add_test(c, one_name_may_mean_either_of_two_fields);
	suite_add_tcase(s, c);
	return s;
}

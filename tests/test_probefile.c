/* A measurement in a file: what is written comes back as it was, and as packets that are right. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.h"
#include "base/reason.h"
#include "packet/packet.h"
#include "run/probefile.h"
#include "run/probepacket.h"
#include "sys/file.h"
#include "tests/captures.h"

enum { ROUNDS = 400, BYTES = 1500 };

static char name[64];
static struct sonde_probefile file;

static void begin(void)
{
	int fd;

	snprintf(name, sizeof name, "/tmp/sonde-probefile-XXXXXX");
	fd = mkstemp(name);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(sonde_probefile_open(&file, name), 0);
	sonde_probefile_begin(&file, 1700000000ll * (int64_t)SONDE_SECOND);
}

static struct sonde_reader *end(int *fd)
{
	struct sonde_reader *r;

	ck_assert_int_eq(sonde_probefile_close(&file), 0);
	*fd = sonde_file_open(name);
	ck_assert_int_ge(*fd, 0);
	unlink(name);
	ck_assert_int_eq(sonde_reader_open(&r, sonde_file_pull, fd), 0);
	return r;
}

static struct sonde_address any_address(uint64_t *seed, bool six)
{
	struct sonde_address a = { .family = six ? AF_INET6 : AF_INET };

	for (unsigned i = 0; i < (six ? 16u : 4u); i++)
		a.ip[i] = (uint8_t)sonde_random(seed);
	a.ip[0] = six ? 0x20 : 10;
	a.port = (uint16_t)sonde_random(seed);
	return a;
}

static struct sonde_arrival any_arrival(uint64_t *seed, uint8_t *byte)
{
	bool six = sonde_random(seed) & 1;
	struct sonde_arrival a = {
		.is = (uint8_t)(SONDE_ARRIVAL_PACKET + sonde_random(seed) % 4),
		.begins = (uint8_t)(sonde_random(seed) % (SONDE_BEGINS_BODY + 1)),
		.ttl = (int16_t)(sonde_random(seed) % 257 - 1),
		.checked = sonde_random(seed) & 1,
		.token = (uint32_t)sonde_random(seed),
		.error = (int)(sonde_random(seed) % 134),
		.now = sonde_random(seed) >> 3,
		.real = sonde_random(seed) >> 2,
		.stamp = sonde_random(seed) & 1 ? sonde_random(seed) >> 2 : 0,
	};

	if (a.is == SONDE_ARRIVAL_SENT || a.is == SONDE_ARRIVAL_REFUSED)
		return a;
	a.from = any_address(seed, six);
	for (size_t i = 0; i < BYTES; i++)
		byte[i] = (uint8_t)sonde_random(seed);
	a.byte = (struct sonde_bytes){ byte, sonde_random(seed) % BYTES };
	if (a.is == SONDE_ARRIVAL_ERROR) {
		a.to = any_address(seed, six);
		a.type = (uint8_t)sonde_random(seed);
		a.code = (uint8_t)sonde_random(seed);
		a.mtu = (uint32_t)sonde_random(seed);
	}
	return a;
}

static void put(const struct sonde_arrival *a, uint8_t *packet)
{
	struct sonde_method_look look = { .ident = 7 };
	struct sonde_probepacket p = { .look = &look, .here = a->from };
	struct sonde_frame f;
	uint32_t skip;
	int len;

	if (a->is == SONDE_ARRIVAL_SENT || a->is == SONDE_ARRIVAL_REFUSED) {
		sonde_probefile_arrival(&file, a, NULL, 0, "a sentence");
		return;
	}
	len = sonde_probepacket_came(&p, a, packet, &skip);
	ck_assert_int_ge(len, 0);
	f = sonde_probefile_frame(&file, a->real, (struct sonde_bytes){ packet, (size_t)len },
				  a->begins == SONDE_BEGINS_ARP, SONDE_DIR_IN);
	sonde_probefile_arrival(&file, a, &f, skip, "a sentence");
}

static void same_arrival(const struct sonde_arrival *a, const struct sonde_arrival *b)
{
	struct sonde_arrival x = *a, y = *b;

	ck_assert_uint_eq(x.byte.len, y.byte.len);
	ck_assert(!x.byte.len || !memcmp(x.byte.at, y.byte.at, x.byte.len));
	ck_assert(sonde_address_equal(&x.from, &y.from) && sonde_address_equal(&x.to, &y.to));
	ck_assert_uint_eq(x.is, y.is);
	ck_assert_uint_eq(x.begins, y.begins);
	ck_assert_uint_eq(x.type, y.type);
	ck_assert_uint_eq(x.code, y.code);
	ck_assert_int_eq(x.ttl, y.ttl);
	ck_assert_int_eq(x.checked, y.checked);
	ck_assert_uint_eq(x.token, y.token);
	ck_assert_uint_eq(x.mtu, y.mtu);
	ck_assert_int_eq(x.error, y.error);
	ck_assert_uint_eq(x.now, y.now);
	ck_assert_uint_eq(x.real, y.real);
	ck_assert_uint_eq(x.stamp, y.stamp);
}

/* A new field of struct sonde_arrival needs a row in probefile.c and a line above; then this
 * number. */
_Static_assert(sizeof(void *) != 8 || sizeof(struct sonde_arrival) == 112,
	       "a field of an arrival is new");

START_TEST(every_arrival_comes_back_as_it_was)
{
	static uint8_t byte[BYTES], packet[SONDE_PROBEPACKET_MOST];
	uint64_t seed = 1;
	struct sonde_probefile_item item;
	struct sonde_reader *r;
	int fd;

	begin();
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct sonde_arrival a = any_arrival(&seed, byte);

		if (i % 3 == 0)
			sonde_probefile_step(&file, 1000 + i);
		put(&a, packet);
	}
	r = end(&fd);
	seed = 1;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct sonde_arrival a = any_arrival(&seed, byte);

		ck_assert_int_eq(sonde_probefile_next(r, &item), 1);
		ck_assert_uint_eq(item.is, SONDE_PROBEFILE_ARRIVAL);
		ck_assert_uint_eq(item.stepped, i % 3 == 0 ? 1000 + i : 0);
		same_arrival(&item.arrival, &a);
	}
	ck_assert_int_eq(sonde_probefile_next(r, &item), 0);
	sonde_reader_close(r);
	close(fd);
}
END_TEST

START_TEST(what_else_there_is_comes_back_in_order)
{
	struct sonde_address to = { .family = AF_INET6,
				    .ip = { 0xfe, 0x80, [15] = 1 },
				    .scope = 3 };
	struct sonde_probefile_words words = { .name = "name",
					       .rest = "a b=c \x1b",
					       .remote = &to };
	struct sonde_probefile_item item;
	struct sonde_bytes rest;
	struct sonde_reader *r;
	int fd;

	begin();
	sonde_probefile_put(&file, "target", 5, &words);
	sonde_probefile_step(&file, 6);
	sonde_probefile_probe(&file, 7, 4000000000u, "a sentence");
	sonde_probefile_put(&file, "told", 8, NULL);
	sonde_probefile_put(&file, "stop", 9, NULL);
	r = end(&fd);
	ck_assert_int_eq(sonde_probefile_next(r, &item), 1);
	ck_assert_uint_eq(item.is, SONDE_PROBEFILE_TARGET);
	ck_assert_uint_eq(item.now, 5);
	ck_assert(sonde_address_equal(&item.remote, &to));
	ck_assert_uint_eq(item.remote.scope, 3);
	rest = sonde_traits_rest(item.words, "name");
	ck_assert_uint_eq(rest.len, 7);
	ck_assert_mem_eq(rest.at, "a b=c \x1b", 7);
	ck_assert_int_eq(sonde_probefile_next(r, &item), 1);
	ck_assert_uint_eq(item.is, SONDE_PROBEFILE_PROBE);
	ck_assert_uint_eq(item.token, 4000000000u);
	ck_assert_uint_eq(item.stepped, 0);
	ck_assert_int_eq(sonde_probefile_next(r, &item), 1);
	ck_assert_uint_eq(item.is, SONDE_PROBEFILE_TOLD);
	ck_assert_int_eq(sonde_probefile_next(r, &item), 1);
	ck_assert_uint_eq(item.is, SONDE_PROBEFILE_STOP);
	ck_assert_int_eq(sonde_probefile_next(r, &item), 0);
	sonde_reader_close(r);
	close(fd);
}
END_TEST

static int reads(const char *text, bool from)
{
	struct sonde_item item = { .is = SONDE_ITEM_EVENT };
	struct sonde_probefile_item ret;
	struct sonde_reader *r;
	int fd, k;

	begin();
	item.event = (struct sonde_event){ .kind = SONDE_EVENT_MEASURE,
					   .fd = -1,
					   .fd2 = -1,
					   .text = { (const uint8_t *)text, strlen(text) } };
	if (from)
		item.event.remote =
			(struct sonde_address){ .family = AF_INET, .ip = { 10, 0, 0, 1 } };
	item.event.family = item.event.local.family;
	ck_assert_int_eq(sonde_writer_put(&file.writer, &item, NULL), 0);
	r = end(&fd);
	k = sonde_probefile_next(r, &ret);
	sonde_reader_close(r);
	close(fd);
	return k;
}

START_TEST(what_cannot_be_is_damaged_and_what_is_new_is_told)
{
	static const struct {
		const char *text;
		int k;
	} facts[] = {
		{ "arrival is=3", 1 },
		{ "arrival is=3 later=x", 1 },
		{ "arrival is=0", SONDE_DAMAGED },
		{ "arrival is=6", SONDE_DAMAGED },
		{ "arrival is=256", SONDE_DAMAGED },
		{ "arrival is=", SONDE_DAMAGED },
		{ "arrival is=3 checked=2", SONDE_DAMAGED },
		{ "arrival is=3 ttl=32767", 1 },
		{ "arrival is=3 ttl=-32768", 1 },
		{ "arrival is=3 ttl=32768", SONDE_DAMAGED },
		{ "arrival is=3 ttl=-32769", SONDE_DAMAGED },
		{ "arrival is=3 token=4294967296", SONDE_DAMAGED },
		{ "arrival is=3 real=99999999999999999999", SONDE_DAMAGED },
		{ "arrival is=3 real=4611686018427387904", SONDE_DAMAGED }, /* after 2116 */
		{ "arrival is=1", SONDE_DAMAGED },			    /* from nobody */
		{ "arrival is=1 begins=3", SONDE_CUT },			    /* no packet */
		{ "probe token=x", SONDE_DAMAGED },
		{ "stop", 1 },
		{ "told", 1 },
		{ "later x=1", SONDE_UNSUPPORTED },
		{ "", SONDE_UNSUPPORTED },
	};

	for (unsigned i = 0; i < sizeof facts / sizeof *facts; i++)
		ck_assert_msg(reads(facts[i].text, false) == facts[i].k, "%s: %d", facts[i].text,
			      reads(facts[i].text, false));
	ck_assert_int_eq(reads("arrival is=1 begins=4", true), SONDE_CUT);
	ck_assert_int_eq(reads("arrival is=1 begins=6", true), SONDE_DAMAGED);
}
END_TEST

START_TEST(a_struct_is_words_and_back)
{
	struct sample {
		uint8_t a, hex[3];
		int16_t b;
		uint64_t c;
		bool d;
	};
	static const struct sonde_trait table[] = {
		SONDE_TRAIT(UINT, "a", struct sample, a),
		SONDE_TRAIT(HEX, "hex", struct sample, hex),
		SONDE_TRAIT(INT, "b", struct sample, b),
		SONDE_TRAIT(UINT, "c", struct sample, c),
		SONDE_TRAIT(BOOL, "d", struct sample, d),
		{ .name = NULL },
	};
	struct sample x = { 255, { 0xc0, 0xff, 0 }, -32768, UINT64_MAX, true }, y = { 0 };
	char text[SONDE_TRAITS_MOST];
	char *o = sonde_traits_put(text, table, &x);

	*o = 0;
	ck_assert_str_eq(text, " a=255 hex=c0ff00 b=-32768 c=18446744073709551615 d=1");
	ck_assert_int_eq(
		sonde_traits_get((struct sonde_bytes){ (uint8_t *)text, (size_t)(o - text) }, table,
				 &y),
		0);
	ck_assert(x.a == y.a && !memcmp(x.hex, y.hex, 3) && x.b == y.b && x.c == y.c && y.d);
	ck_assert_int_eq(
		sonde_traits_get((struct sonde_bytes){ (uint8_t *)"hex=c0f", 7 }, table, &y),
		SONDE_DAMAGED);
	ck_assert_int_eq(
		sonde_traits_get((struct sonde_bytes){ (uint8_t *)"hex=c0ffeG", 10 }, table, &y),
		SONDE_DAMAGED);
	ck_assert_ptr_eq(sonde_traits_put(text, table, &(struct sample){ 0 }), text);
}
END_TEST

/* What was written in front is as a stack would have it, checksums and all. */
static void is_right(const uint8_t *at, int len, bool six, unsigned layers)
{
	struct sonde_verdict v;
	struct sonde_packet p;

	sonde_decode(&p, at, (uint32_t)len, (uint32_t)len, six ? SONDE_ipv6 : SONDE_ip);
	ck_assert_uint_ge(p.n, layers);
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	for (unsigned i = 0; i < p.n; i++)
		if (!(p.layer[i].part & SONDE_PART_QUOTED)) /* of a quote, lengths alone */
			ck_assert_msg(!v.wrong[i], "layer %u has wrong rows %x", i, v.wrong[i]);
		else if (p.layer[i].shape == SONDE_ipv6)
			ck_assert_uint_eq(
				sonde_ipv6_plen((const struct sonde_ipv6 *)(at + p.layer[i].at)),
				(uint32_t)len - p.layer[i].at - sizeof(struct sonde_ipv6));
}

START_TEST(hidden_headers_are_right)
{
	static uint8_t packet[SONDE_PROBEPACKET_MOST], body[100];
	static const uint8_t methods[] = { SONDE_METHOD_ICMP, SONDE_METHOD_UDP, SONDE_METHOD_TCP,
					   SONDE_METHOD_NEIGHBOUR };
	uint64_t seed = 3;

	for (unsigned i = 0; i < 2 * sizeof methods; i++) {
		bool six = i & 1, udp = methods[i / 2] == SONDE_METHOD_UDP;
		struct sonde_method_look look = {
			.method = methods[i / 2], .ident = 4711, .port = 9, .size = 40
		};
		struct sonde_method_probe probe = { .serial = 1, .tag = 2, .code = 3 };
		struct sonde_probepacket p = { .look = &look,
					       .here = any_address(&seed, six),
					       .there = any_address(&seed, six),
					       .hops = 9,
					       .tos = 0x10 };
		struct sonde_arrival a = { .is = SONDE_ARRIVAL_ERROR,
					   .begins = udp ? SONDE_BEGINS_BODY : SONDE_BEGINS_ICMP,
					   .type = six ? 1 : 3,
					   .ttl = 60,
					   .from = p.there,
					   .to = p.there };
		uint16_t sum;
		uint32_t skip;
		int len = sonde_method_make(&look, &probe, &p.here, &p.there, body, sizeof body,
					    &sum);

		ck_assert_int_gt(len, 0);
		a.byte = (struct sonde_bytes){ body + (udp ? 8 : 0), (size_t)len - (udp ? 8 : 0) };
		len = sonde_probepacket_sent(&p, (struct sonde_bytes){ body, (size_t)len }, packet);
		if (sonde_probepacket_is_arp(&look, p.there.family)) {
			ck_assert(!memcmp(packet, body, (size_t)len));
			continue;
		}
		is_right(packet, len, six, 2);
		len = sonde_probepacket_came(&p, &a, packet, &skip);
		is_right(packet, len, six, 4);
		ck_assert_uint_eq(skip + a.byte.len, len);
		a.is = SONDE_ARRIVAL_PACKET;
		len = sonde_probepacket_came(&p, &a, packet, &skip);
		ck_assert_uint_eq(skip, (six ? 40u : 20u) + (udp ? 8u : 0u));
		if (udp)
			is_right(packet, len, six, 2);
	}
}
END_TEST

Suite *probefile_suite(void);
Suite *probefile_suite(void)
{
	Suite *s = suite_create("probefile");
	TCase *t = tcase_create("probefile");

	tcase_add_test(t, every_arrival_comes_back_as_it_was);
	tcase_add_test(t, what_else_there_is_comes_back_in_order);
	tcase_add_test(t, what_cannot_be_is_damaged_and_what_is_new_is_told);
	tcase_add_test(t, a_struct_is_words_and_back);
	tcase_add_test(t, hidden_headers_are_right);
	suite_add_tcase(s, t);
	return s;
}

/* Flows: what routers choose a path by is the same in all probes of one, whatever else they carry.
 */
#include "tests/probe_world.h"

#include "probe/flight.h"

Suite *pinned_suite(void);

enum { FLOWS = 6, PROBES = 200, ROOM = 2048 };

static const struct sonde_address here[2] = {
	{ .family = AF_INET, .ip = { 192, 0, 2, 1 } },
	{ .family = AF_INET6, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 1 } },
};
static const struct sonde_address there[2] = {
	{ .family = AF_INET, .ip = { 192, 0, 2, 9 } },
	{ .family = AF_INET6, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 9 } },
};

/* A whole packet of this probe; returns its length. */
static uint32_t wrap(const uint8_t *byte, uint32_t len, bool six, uint8_t protocol, uint8_t *buf)
{
	struct sonde_draft d;

	sonde_draft_init(&d, buf, ROOM);
	sonde_draft_push(&d, six ? SONDE_ipv6 : SONDE_ip);
	if (six)
		sonde_set(&d, ipv6, nxt, protocol);
	else
		sonde_set(&d, ip, proto, protocol);
	memcpy(buf + (six ? 8 : 12), here[six].ip, six ? 16 : 4);
	memcpy(buf + (six ? 24 : 16), there[six].ip, six ? 16 : 4);
	sonde_draft_append(&d, byte, len);
	return (uint32_t)sonde_draft_encode(&d);
}

static void ck_sum(const uint8_t *byte, uint32_t len, bool six, uint8_t protocol)
{
	uint8_t buf[ROOM];
	struct sonde_packet p;
	struct sonde_verdict v;
	uint32_t all = wrap(byte, len, six, protocol, buf);

	sonde_decode(&p, buf, all, all, six ? SONDE_ipv6 : SONDE_ip);
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	for (unsigned i = 0; i < p.n; i++)
		ck_assert_uint_eq(v.wrong[i], 0);
}

static void ck_method(enum sonde_method method, uint8_t protocol, bool six, uint32_t size)
{
	struct sonde_method_look look = { .method = (uint8_t)method,
					  .ident = 0x4711,
					  .sum = 0xfffd,
					  .flows = FLOWS,
					  .port = 33434,
					  .size = size };
	static const struct sonde_secret secret = { { 3, 4 } };
	struct sonde_arena arena = { 0 };
	struct sonde_flight f;
	uint8_t first[FLOWS][4], buf[ROOM];

	sonde_flight_init(&f, &arena, &secret, PROBES);
	for (unsigned i = 0; i < PROBES; i++) {
		struct sonde_probe *p = sonde_flight_send(&f, 0, &there[six], 1 + i);
		int len;

		p->is.flow = (uint16_t)(i % FLOWS);
		p->is.size = sonde_method_size(&look);
		len = sonde_method_make(&look, &p->is, &here[six], &there[six], buf, sizeof buf,
					&p->sum);
		ck_assert_int_gt(len, 0);
		ck_sum(buf, (uint32_t)len, six, protocol);
		if (i < FLOWS)
			memcpy(first[i], buf, 4);
		ck_assert_mem_eq(first[i % FLOWS], buf, 4);
		for (unsigned k = 0; i >= FLOWS && k < FLOWS; k++)
			ck_assert_int_eq(!memcmp(first[k], buf, 4), k == i % FLOWS);
	}
	sonde_arena_done(&arena);
}

START_TEST(probes_of_a_flow_begin_alike_and_their_sums_are_right)
{
	for (int six = 0; six < 2; six++) {
		for (uint32_t size = SONDE_METHOD_HEAD; size < 64; size++) {
			ck_method(SONDE_METHOD_ICMP, six ? 58 : 1, six, size);
			ck_method(SONDE_METHOD_UDP, 17, six, size);
		}
		ck_method(SONDE_METHOD_TCP, 6, six, 0);
		ck_method(SONDE_METHOD_ACK, 6, six, 0);
	}
}
END_TEST

/* 70,000 probes of UDP, all of whose quotes have eight bytes: each is known, and none is taken for
 * another; no checksum is the 0 that says there is none. */
START_TEST(codes_of_udp_come_around_and_are_never_none)
{
	struct sonde_ping_plan plan = { .count = 70000,
					.interval = MS,
					.timeout = 10 * MS,
					.look = { { .method = SONDE_METHOD_UDP } } };
	struct world *w = world_new(plan, 1);
	struct world_answer how = { .error = 3, .code = 3, .quote = 8 };

	for (uint64_t i = 0; i < 70000; world_pass(w, MS))
		for (; i < w->n; i++) {
			ck_assert_uint_ne(sonde_load(w->sent[i % WORLD_SENT].byte + 6, 2), 0);
			world_answer(w, i, how);
		}
	ck_assert_uint_eq(world_target(w, 0).received, 70000);
	ck_assert_uint_eq(world_target(w, 0).lost, 0);
	world_close(w);
}
END_TEST

/* A translator puts another checksum there with another address; the rest of the quote knows it. */
START_TEST(a_rewritten_checksum_is_said_where_the_secret_is_quoted)
{
	struct sonde_ping_plan plan = { .count = 9,
					.preload = 9,
					.look = { { .method = SONDE_METHOD_UDP } } };
	struct world *w = world_new(plan, 1);

	world_step(w);
	w->sent[4].byte[6] ^= 0x5a;
	world_answer(w, 4, (struct world_answer){ .error = 11, .quote = 8 });
	ck_assert_uint_eq(w->told, 0);
	world_answer(w, 4, (struct world_answer){ .error = 11 });
	ck_assert_str_eq(w->tell[0].status, "error");
	ck_assert_uint_eq(w->tell[0].seq, 5);
	ck_assert_uint_eq(w->tell[0].rewritten, 1);
	world_close(w);
}
END_TEST

Suite *pinned_suite(void)
{
	Suite *s = suite_create("pinned");
	TCase *t = tcase_create("flows");

	tcase_add_test(t, probes_of_a_flow_begin_alike_and_their_sums_are_right);
	tcase_add_test(t, codes_of_udp_come_around_and_are_never_none);
	tcase_add_test(t, a_rewritten_checksum_is_said_where_the_secret_is_quoted);
	suite_add_tcase(s, t);
	return s;
}

#include <check.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <time.h>

#include "labwire_made.h"
#include "sys/batch.h"
#include "sys/clock.h"

Suite *labwire_sim_suite(void);

static struct sonde_arena arena;
static struct made m; /* of which host a is the only one; the lab is parsed, not made */
static struct sonde_lab lab;
static const struct sonde_truth_ring *truth;
static int raw;

/* Host a with its end of link 0, and everything else by way of the sim there. */
static void give_way(void)
{
	const struct sonde_lab_end *own = &lab.link[0].end[0], *sim = &lab.link[0].end[1];
	struct sonde_batch_route away = { .to = { .family = AF_INET }, .hops = 1 };
	struct sonde_batch *b;
	int index;

	ck_assert_int_eq(sonde_batch_open(&b, m.netns[0]), 0);
	index = sonde_batch_index(b, own->name);
	ck_assert_int_gt(index, 0);
	sonde_batch_up(b, (unsigned)index);
	sonde_batch_address(b, (unsigned)index, &own->v4, own->v4_prefix);
	away.hop[0].index = (unsigned)index;
	away.hop[0].via = sim->v4;
	sonde_batch_route(b, &away);
	ck_assert_int_eq(sonde_batch_send(b), 0);
	ck_assert_int_eq(sonde_batch_settle(b, own->name), 0);
	sonde_batch_close(b);
}

static bool begin(const char *text)
{
	struct sonde_lab_error error = { 0 };
	int netns[8];

	if (made_may_not())
		return false;
	ck_assert_msg(!sonde_lab_parse(&lab, &arena, text, strlen(text), &error), "%u: %s",
		      error.line, error.text);
	ck_assert_msg(!sonde_lab_plan(&lab, &error), "%u: %s", error.line, error.text);
	m = (struct made){ .netns = { sonde_netns_open() } };
	for (unsigned i = 0; i < 8; i++)
		netns[i] = i ? -1 : m.netns[0];
	m.truth = memfd_create("truth", MFD_CLOEXEC);
	ck_assert_int_eq(sonde_netns_visit(m.netns[0], made_silence, NULL), 0);
	ck_assert_int_eq(sonde_labwire_open(&m.wire, &lab, netns, m.truth), 0);
	ck_assert_int_eq(sonde_labwire_truth(&truth, m.truth), 0);
	give_way();
	ck_assert_int_eq(sonde_labwire_settle(m.wire), 0);
	made_run(&m);
	raw = sonde_netns_socket(m.netns[0], AF_INET, SOCK_RAW, IPPROTO_ICMP);
	ck_assert_int_ge(raw, 0);
	return true;
}

static void end(void)
{
	made_stop(&m);
	sonde_labwire_truth_done(truth);
	ck_assert_ptr_null(sonde_labwire_close(m.wire));
	close(raw);
	close(m.netns[0]);
	close(m.truth);
	sonde_arena_done(&arena);
}

/* An echo request to the node, RFC 792. Returns when it was sent. */
static sonde_ns ask(const char *node, int ttl)
{
	const struct sonde_address *to = &lab.node[sonde_lab_find(&lab, node)].v4;
	struct sockaddr_in addr = { .sin_family = AF_INET };
	const uint8_t echo[8] = { 8, 0, 0xf7, 0xff }; /* sum of the rest: 0x0800 */
	sonde_ns now = sonde_clock_now();

	memcpy(&addr.sin_addr, to->ip, 4);
	setsockopt(raw, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
	ck_assert_int_eq(sendto(raw, echo, sizeof echo, 0, (struct sockaddr *)&addr, sizeof addr),
			 8);
	return now;
}

/* The next ICMP message within ms: its type, or -1; its sender, in host order. */
static int answer(int ms, uint32_t *ret_from)
{
	struct pollfd p = { raw, POLLIN, 0 };
	uint8_t byte[2048];

	while (poll(&p, 1, ms) > 0) {
		ssize_t n = recv(raw, byte, sizeof byte, 0);
		const uint8_t *icmp = byte + (byte[0] & 15) * 4;

		ck_assert_int_ge(n, 28);
		*ret_from = (uint32_t)byte[12] << 24 | (uint32_t)byte[13] << 16 |
			    (uint32_t)byte[14] << 8 | byte[15];
		if (*icmp != ICMP_ECHO)
			return *icmp;
	}
	return -1;
}

START_TEST(a_sim_answers_when_its_answers_are_due)
{
	uint32_t from = 0, target = 0;
	struct sonde_truth last[2] = { 0 };
	sonde_ns asked;
	uint64_t n = 0;

	if (!begin("lab odd seed=1\n"
		   "host a\n"
		   "sim s v4=198.51.100.0/24 {\n"
		   "hop 1 addr=198.51.100.1 delay=2ms\n"
		   "hop 2 silent\n"
		   "hop 3 addr=198.51.100.3 delay=1ms dup=2\n"
		   "}\n"
		   "link a s delay=1ms\n"))
		return;
	asked = ask("s", 1);
	ck_assert_int_eq(answer(5000, &from), ICMP_TIME_EXCEEDED);
	ck_assert_uint_ge(sonde_clock_now() - asked, 6 * SONDE_MILLISECOND);
	ck_assert_uint_eq(from, 0xc6336401);
	ask("s", 2);
	ck_assert_int_eq(answer(50, &from), -1);
	asked = ask("s", 64);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(answer(5000, &from), ICMP_ECHOREPLY);
		ck_assert_uint_ge(sonde_clock_now() - asked, 8 * SONDE_MILLISECOND);
		memcpy(&target, lab.node[1].v4.ip, 4);
		ck_assert_uint_eq(from, be32toh(target));
	}
	ck_assert_int_eq(answer(20, &from), -1);
	/* To the nanosecond: an answer leaves the sim when the ways there and back are over. */
	for (struct sonde_truth t; sonde_truth_get(truth, n, &t) > 0; n++)
		last[t.end] = t;
	ck_assert_uint_eq(last[1].in, last[0].due + 6 * SONDE_MILLISECOND);
	ck_assert_uint_eq(last[1].due, last[1].in + SONDE_MILLISECOND);
	ck_assert_uint_ge(last[1].out, last[1].due);
	ck_assert_uint_eq(n, 2 + 3 + 3); /* ARP both ways, three requests, three answers */
	end();
}
END_TEST

START_TEST(a_plain_link_to_a_sim_is_carried_without_a_word)
{
	struct sonde_lab_link dead;
	uint32_t from;

	if (!begin("lab plain seed=1\n"
		   "host a b\n"
		   "sim s\n"
		   "link a s\n"
		   "link a b\n"))
		return;
	ck_assert(sonde_labwire_carries(&lab, 0));
	ck_assert(!sonde_labwire_carries(&lab, 1));
	ask("s", 64);
	ck_assert_int_eq(answer(5000, &from), ICMP_ECHOREPLY);
	ck_assert_uint_eq(truth->written, 0);
	ck_assert_int_eq(sonde_labwire_set(m.control, 1, &lab.link[1]), -EOPNOTSUPP);
	dead = lab.link[0]; /* it may be impaired later */
	dead.end[1].impair.loss = 1000000;
	ck_assert_int_eq(sonde_labwire_set(m.control, 0, &dead), 0);
	ask("s", 64);
	ck_assert_int_eq(answer(50, &from), -1);
	ck_assert_uint_eq(truth->written, 2);
	end();
}
END_TEST

Suite *labwire_sim_suite(void)
{
	Suite *s = suite_create("labwire_sim");
	TCase *c = tcase_create("labwire_sim");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_sim_answers_when_its_answers_are_due);
	tcase_add_test(c, a_plain_link_to_a_sim_is_carried_without_a_word);
	suite_add_tcase(s, c);
	return s;
}

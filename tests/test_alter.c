/* Fields of packets set anew: what changes, and that nothing else does. */
#include <stdlib.h>

#include "flow/fragment.h"
#include "packet/alter.h"
#include "packet/field.h"
#include "tests/captures.h"
#include "tests/corpus.h"
#include "tests/craft_made.h"

Suite *alter_suite(void);

static const struct sonde_craft_turn first = { .seed = 1 };

static struct sonde_alter asked(const char *text)
{
	struct sonde_alter a = { .n = 0 };
	struct sonde_craft_error error;

	ck_assert_msg(sonde_alter_parse(&a, &craft_arena, text, &error), "%s: at %zu: %s", text,
		      error.at, error.expected);
	return a;
}

/* What sonde read --craft would say of a packet in words after one field was set. */
static const char *altered(const char *words, const char *set, unsigned fields)
{
	struct sonde_alter a = asked(set);
	struct sonde_draft d = craft_made(words);
	struct sonde_packet p;

	sonde_decode(&p, craft_bytes, d.p.len, d.p.len, (enum sonde_shape)d.p.layer[0].shape);
	ck_assert_uint_eq(sonde_alter_packet(&a, &p, craft_bytes, &first), fields);
	sonde_decode(&p, craft_bytes, d.p.len, d.p.len, (enum sonde_shape)d.p.layer[0].shape);
	return craft_said(&p);
}

START_TEST(what_was_right_is_right_and_what_was_wrong_stays)
{
	static const struct {
		const char *before, *set, *after;
	} t[] = {
		{ "ip(src=10.0.0.1, dst=10.0.0.9)/udp(sport=1, dport=2)/\"x\"", "ip.dst=10.0.0.2",
		  "ip(src=10.0.0.1, dst=10.0.0.2)/udp(sport=1, dport=2)/\"x\"" },
		{ "ip(src=10.0.0.1, dst=10.0.0.9)/udp(sport=1, dport=2, sum=0xbeef)/\"x\"",
		  "ip.dst=10.0.0.2",
		  "ip(src=10.0.0.1, dst=10.0.0.2)/udp(sport=1, dport=2, sum=0xbeef)/\"x\"" },
		{ "ip(src=10.0.0.1, dst=10.0.0.9, sum=1)/udp(sport=1, dport=2)/\"x\"",
		  "ip.dst=10.0.0.2",
		  "ip(src=10.0.0.1, dst=10.0.0.2, sum=1)/udp(sport=1, dport=2)/\"x\"" },
		{ "ip(src=10.0.0.1, dst=10.0.0.9)/udp(sport=1, dport=2, !sum)/\"x\"",
		  "ip.dst=10.0.0.2",
		  "ip(src=10.0.0.1, dst=10.0.0.2)/udp(sport=1, dport=2, !sum)/\"x\"" },
		{ "eth(dst=02:00:00:00:00:01, src=02:00:00:00:00:02)/ip(src=1.1.1.1, "
		  "dst=2.2.2.2)/tcp(sport=1, "
		  "dport=2, mss=1460)",
		  "tcp.options.mss_val=1400",
		  "eth(dst=02:00:00:00:00:01, src=02:00:00:00:00:02)/ip(src=1.1.1.1, "
		  "dst=2.2.2.2)/tcp(sport=1, "
		  "dport=2, mss=1400)" },
		{ "ipv6(src=::1, dst=::2)/udp(sport=1, dport=2)/\"x\"", "udp.checksum=7",
		  "ipv6(src=::1, dst=::2)/udp(sport=1, dport=2, sum=7)/\"x\"" },
		{ "ip(src=1.1.1.1, dst=2.2.2.2)/udp(sport=1, dport=2)/\"x\"", "ip.len=99",
		  "ip(src=1.1.1.1, dst=2.2.2.2, len=99)/udp(sport=1, dport=2)/\"x\"" },
		{ "ip(src=1.1.1.1, dst=2.2.2.2)/icmp(type=3)/ip(src=3.3.3.3, dst=4.4.4.4)/"
		  "udp(sport=1, dport=2)",
		  "ip.src=5.5.5.5",
		  "ip(src=5.5.5.5, dst=2.2.2.2)/icmp(type=3)/ip(src=3.3.3.3, dst=4.4.4.4)/"
		  "udp(sport=1, dport=2)" },
	};
	for (unsigned i = 0; i < sizeof t / sizeof *t; i++) {
		struct sonde_draft d;
		struct sonde_packet p;
		char *want;

		d = craft_made(t[i].after);
		sonde_decode(&p, craft_bytes, d.p.len, d.p.len,
			     (enum sonde_shape)d.p.layer[0].shape);
		want = strdup(craft_said(&p));
		ck_assert_str_eq(altered(t[i].before, t[i].set, 1), want);
		free(want);
	}
	ck_assert(strstr(
		altered("ip(src=1.1.1.1, dst=2.2.2.2)/udp(sport=1, dport=2)", "tcp.srcport=9", 0),
		"udp("));
	sonde_arena_done(&craft_arena);
}
END_TEST

START_TEST(a_value_that_varies_is_another_one_each_time)
{
	struct sonde_alter a = asked("udp.srcport=100-102"), b = asked("ip.id=random");
	struct sonde_draft d = craft_made("ip(src=1.1.1.1, dst=2.2.2.2)/udp(sport=1, dport=2)");
	const struct sonde_udp *udp = sonde_find(&d.p, udp);
	const struct sonde_ip *ip = sonde_find(&d.p, ip);
	unsigned ids = 0;

	ck_assert(a.varies && b.varies);
	for (unsigned n = 0; n < 7; n++) {
		struct sonde_craft_turn turn = { .n = n, .seed = 5 };
		uint16_t id;

		sonde_alter_packet(&a, &d.p, craft_bytes, &turn);
		ck_assert_uint_eq(sonde_udp_sport(udp), 100 + n % 3);
		sonde_alter_packet(&b, &d.p, craft_bytes, &turn);
		id = sonde_ip_id(ip);
		sonde_alter_packet(&b, &d.p, craft_bytes, &turn);
		ck_assert_uint_eq(sonde_ip_id(ip), id);
		ids += id != 0;
	}
	ck_assert_uint_ge(ids, 6);
	sonde_arena_done(&craft_arena);
}
END_TEST

START_TEST(what_is_not_understood_is_pointed_at)
{
	static const struct {
		const char *text;
		size_t at;
		const char *nearest;
	} t[] = {
		{ "ip.dts=1.1.1.1", 0, "ip.dst" },
		{ "ip.ttl", 6, NULL },
		{ "ip.ttl=", 7, NULL },
		{ "ip=1", 0, NULL },
		{ "ip.ttl=300", 7, NULL },
		{ "ip.dst=10.0.0.300", 7, NULL },
		{ "ip.ttl=3, id=5", 8, NULL },
		{ "ip.ttl=3)/udp(sport=1", 8, NULL },
		{ "tcp.port=1", 0, "tcp.srcport" },
		{ "dns.qry.name=\"a\"", 0, NULL },
		{ "", 0, NULL },
		{ "ip.ttl=3}", 8, NULL },
	};

	for (unsigned i = 0; i < sizeof t / sizeof *t; i++) {
		struct sonde_alter a = { .n = 0 };
		struct sonde_craft_error e;

		ck_assert_msg(!sonde_alter_parse(&a, &craft_arena, t[i].text, &e), "%s", t[i].text);
		ck_assert_msg(e.at == t[i].at, "%s: at %zu: %s", t[i].text, e.at, e.expected);
		ck_assert(e.expected && *e.expected);
		if (t[i].nearest)
			ck_assert_str_eq(e.nearest, t[i].nearest);
		ck_assert_uint_eq(a.n, 0);
	}
	sonde_arena_done(&craft_arena);
}
END_TEST

/* ---- fragments ---- */

struct pieces {
	struct sonde_alter alter;
	struct sonde_fragments fragments;
	unsigned n;
	bool complete, right;
};

static int hear_piece(void *arg, const uint8_t *byte, uint32_t len)
{
	struct pieces *f = arg;
	uint8_t *copy = malloc(len);
	struct sonde_packet p;
	struct sonde_datagram whole;
	struct sonde_verdict v;

	memcpy(copy, byte, len);
	sonde_decode(&p, copy, len, len, copy[0] >> 4 == 4 ? SONDE_ip : SONDE_ipv6);
	ck_assert_uint_eq(sonde_alter_packet(&f->alter, &p, copy, &first), 1);
	if (sonde_fragment_put(&f->fragments, &p, 0, f->n++, 0, &whole) ==
	    SONDE_FRAGMENT_COMPLETE) {
		uint32_t all = (uint32_t)whole.byte.len;

		f->complete = true;
		sonde_decode(&p, whole.byte.at, all, all, whole.shape);
		sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
		f->right = !v.wrong[0] && !v.wrong[p.n - 1];
		ck_assert(p.layer[p.n - 1].shape == SONDE_udp ||
			  p.layer[p.n - 1].shape == SONDE_tcp);
	}
	free(copy);
	return 0;
}

static bool fragments_are_right(const char *words, const char *set)
{
	struct pieces f = { .alter = asked(set) };
	struct sonde_draft d = craft_made(words);

	ck_assert_int_ge(sonde_craft_send(craft_parsed(words), &d, hear_piece, &f), 0);
	ck_assert(f.complete && f.n > 2);
	sonde_fragments_done(&f.fragments);
	return f.right;
}

START_TEST(the_sum_in_a_first_fragment_follows_the_addresses)
{
	ck_assert(fragments_are_right("ip(src=10.0.0.1, dst=10.0.0.9)/frag(mtu=576)/"
				      "udp(sport=1, dport=2)/random(2000)",
				      "ip.dst=10.200.255.2"));
	ck_assert(fragments_are_right("ipv6(src=fd00::1, dst=fd00::9)/frag(mtu=1280)/"
				      "tcp(sport=1, dport=2)/random(4000)",
				      "ipv6.src=2001:db8:ffff::7"));
	ck_assert(!fragments_are_right("ip(src=10.0.0.1, dst=10.0.0.9)/frag(mtu=576)/"
				       "udp(sport=1, dport=2, sum=0x1234)/random(2000)",
				       "ip.dst=10.200.255.2"));
	sonde_arena_done(&craft_arena);
}
END_TEST

/* ---- every field of every captured packet ---- */

static struct sonde_alter every[SONDE_ROWS]; /* NAME=random; n 0: it cannot be set */
static unsigned long packets, fields, seen[SONDE_ROWS], rights, wrongs;
static uint64_t chance = 1;

static uint64_t draw(uint64_t n)
{
	chance = chance * 6364136223846793005 + 1442695040888963407;
	return (chance >> 33) % n;
}

static uint64_t field_of(const uint8_t *h, const struct sonde_row *r)
{
	return sonde_get(h, r->at, r->bits);
}

/* Sums of the packet, which are all that may change beside the field. */
static void check_sums(const struct sonde_packet *p, const struct sonde_verdict *was,
		       const struct sonde_packet *now, const struct sonde_verdict *is, unsigned row,
		       uint8_t *may)
{
	for (unsigned d = 0; d < p->n; d++) {
		const struct sonde_shape_info *s = &sonde_shapes[p->layer[d].shape];
		uint32_t at = p->layer[d].at;

		for (unsigned i = 0; i < s->rows; i++) {
			const struct sonde_row *r = &sonde_rows[s->row + i];
			bool same;

			if (r->role < SONDE_ROLE_SUM_HEADER)
				continue;
			memset(may + at + r->at / 8, 1, r->bits / 8);
			if ((unsigned)(s->row + i) == row)
				continue;
			same = field_of(p->byte + at, r) == field_of(now->byte + at, r);
			if (p->layer[d].part & SONDE_PART_QUOTED ||
			    (was->wrong[d] | was->later[d]) >> i & 1) {
				ck_assert(same);
				wrongs++;
			} else if (!p->layer[d].part) {
				ck_assert_msg(same || !(is->wrong[d] >> i & 1),
					      "%s set: %s is wrong", sonde_rows[row].name, r->name);
				rights += !same;
			}
		}
		if (s->pieces) /* their sums lie anywhere in it */
			memset(may + at, 1, p->layer[d].head);
	}
}

struct places {
	unsigned row;
	uint8_t *may;
	bool any;
};

static void note_field(void *arg, const struct sonde_field *f)
{
	struct places *s = arg;

	if (f->is != SONDE_FIELD_VALUE || f->row != s->row || !f->len)
		return;
	memset(s->may + f->at, 1, f->len);
	s->any = true;
}

static void one_row(const struct sonde_packet *p, const struct sonde_verdict *was, unsigned row)
{
	static uint8_t now[1 << 18], may[1 << 18];
	struct sonde_craft_turn turn = { .n = draw(1000), .seed = 3 };
	struct places places = { .row = row, .may = may };
	struct sonde_packet changed = *p;
	struct sonde_verdict is;
	unsigned n;

	memcpy(now, p->byte, p->len);
	memset(may, 0, p->len);
	changed.byte = now;
	for (unsigned d = 0; d < p->n; d++)
		if (!p->layer[d].part)
			sonde_field_each(p, d, note_field, &places);
	n = sonde_alter_packet(&every[row], &changed, now, &turn);
	ck_assert(n ? places.any : !memcmp(now, p->byte, p->len));
	if (!n)
		return;
	seen[row]++;
	fields++;
	sonde_judge(&changed, SONDE_JUDGE_SUMS, &is);
	check_sums(p, was, &changed, &is, row, may);
	for (uint32_t i = 0; i < p->len; i++)
		ck_assert_msg(may[i] || now[i] == p->byte[i], "%s changes byte %u",
			      sonde_rows[row].name, i);
}

static void each_packet(const struct corpus_file *f)
{
	struct memory m = { f->at, f->len, 0 };
	struct sonde_reader *r = memory_reader(&m);
	struct sonde_item item;

	while (sonde_reader_next(r, &item) > 0) {
		struct sonde_packet p;
		struct sonde_verdict v;

		if (item.is != SONDE_ITEM_FRAME || item.frame.byte.len > 65536)
			continue;
		sonde_decode_link(&p, item.frame.byte.at, (uint32_t)item.frame.byte.len,
				  item.frame.wire, item.frame.link);
		sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
		packets++;
		for (unsigned d = 0; d < p.n; d++) {
			const struct sonde_shape_info *s = &sonde_shapes[p.layer[d].shape];
			unsigned row = s->rows ? s->row + (unsigned)draw(s->rows) : 0;

			if (every[row].n)
				one_row(&p, &v, row);
		}
	}
	sonde_reader_close(r);
}

START_TEST(setting_any_field_of_captured_packets_changes_that_and_right_sums)
{
	unsigned can = 0, set = 0;

	for (unsigned i = 0; i < SONDE_ROWS; i++) {
		struct sonde_craft_error e;
		char text[200];

		snprintf(text, sizeof text, "%s=random", sonde_rows[i].name);
		sonde_alter_parse(&every[i], &craft_arena, text, &e);
		if (every[i].n > 1) /* a name of several protocols */
			every[i].n = 0;
		can += every[i].n > 0;
	}
	if (!corpus_each(each_packet))
		return;
	for (unsigned i = 0; i < SONDE_ROWS; i++)
		set += seen[i] > 0;
	printf("alter: %u of %d fields can be set; %lu set in %lu packets of the corpus, of %u "
	       "kinds; %lu right sums made anew, %lu wrong or quoted ones kept\n",
	       can, SONDE_ROWS, fields, packets, set, rights, wrongs);
	ck_assert_uint_gt(set, 100);
	ck_assert_uint_gt(rights, 1000);
	ck_assert_uint_gt(wrongs, 100);
	sonde_arena_done(&craft_arena);
}
END_TEST

Suite *alter_suite(void)
{
	Suite *s = suite_create("alter");
	TCase *t = tcase_create("alter");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, what_was_right_is_right_and_what_was_wrong_stays);
	tcase_add_test(t, a_value_that_varies_is_another_one_each_time);
	tcase_add_test(t, what_is_not_understood_is_pointed_at);
	tcase_add_test(t, the_sum_in_a_first_fragment_follows_the_addresses);
	tcase_add_test(t, setting_any_field_of_captured_packets_changes_that_and_right_sums);
	suite_add_tcase(s, t);
	return s;
}

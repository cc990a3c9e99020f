/* Every protocol in one loop: what holds for all of them because it is made from the rows. One
 * declaration errs alike in both directions, so test_packet.c states facts with literal bytes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "packet/draft.h"
#include "packet/option.h"
#include "packet/tuple.h"

Suite *wire_suite(void);

static uint64_t state = 88172645463325252ULL;

static uint32_t rnd(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % n;
}

static void noise(uint8_t *at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		at[i] = (uint8_t)rnd(256);
}

static void fail_with(const char *what, const struct sonde_packet *p, const struct sonde_verdict *v)
{
	char line[2000];
	int n = snprintf(line, sizeof line, "%s: %u bytes, stop %u, layers", what, p->len, p->stop);

	for (unsigned i = 0; i < p->n; i++)
		n += snprintf(line + n, sizeof line - (size_t)n, " %s@%u+%u..%u!%x",
			      sonde_shapes[p->layer[i].shape].name, p->layer[i].at,
			      p->layer[i].head, p->layer[i].end, v->wrong[i]);
	ck_abort_msg("%s", line);
}

/* What always follows a header, without a key in it, or what its fields together tell. */
static enum sonde_shape follower(enum sonde_shape shape, const uint8_t *h)
{
	/* clang-format off */
	switch (shape) {
#define QUOTES(p, s, k) case SONDE_##p: return sonde_child(SONDE_SPACE_##s, k);
#define CARRIES(p, s, k) case SONDE_##p: return sonde_child(SONDE_SPACE_##s, k);
#define THEN(p, next) case SONDE_##p: return SONDE_##next;
#define TELLS(p, first, last, s) case SONDE_##p: \
		return sonde_child(SONDE_SPACE_##s, sonde_get(h, SONDE_AT_##p##_##first, \
				   SONDE_TO_##p##_##last - SONDE_AT_##p##_##first + 1));
#include "wire/pass.h"
	default: return SONDE_NONE;
	}
	/* clang-format on */
}

/* One of the headers that this space leads to; applications are none: noise is not taken for one.
 */
static enum sonde_shape any_child(unsigned space, unsigned bits)
{
	/* clang-format off */
	static const struct { uint8_t space, child; uint64_t key; } links[] = {
#define UNDER(p, s, k) { SONDE_SPACE_##s, SONDE_##p, k },
#define WRITTEN(p, s, k) { SONDE_SPACE_##s, SONDE_##p, k },
#include "wire/pass.h"
	};
	/* clang-format on */
	unsigned n = sizeof links / sizeof *links, from = rnd(n);

	for (unsigned i = 0; space && i < n; i++)
		if (links[(i + from) % n].space == space &&
		    links[(i + from) % n].key <= SONDE_MASK(bits) &&
		    !sonde_is_app(links[(i + from) % n].child))
			return links[(i + from) % n].child;
	return SONDE_NONE;
}

/* Random values where the user may choose. Returns the space that names the next layer, or 0. */
static unsigned choose_fields(const struct sonde_shape_info *s, uint8_t *h, unsigned *bits)
{
	unsigned space = 0;

	for (unsigned i = 0; i < s->rows; i++) {
		const struct sonde_row *r = &sonde_rows[s->row + i];

		if (r->role == SONDE_ROLE_KEY || r->role == SONDE_ROLE_KEY_OR_BODY ||
		    r->role == SONDE_ROLE_PORT_TO)
			space = r->arg, *bits = r->bits;
		else if (r->role == SONDE_ROLE_PORT)
			sonde_put(h, r->at, r->bits, rnd(4));
		else if (!r->bits)
			continue;
		else if (sonde_row_is_octets(r))
			noise(h + r->at / 8, r->bits / 8);
		else if (r->role == SONDE_ROLE_ANY)
			sonde_put(h, r->at, r->bits, rnd(2) ? rnd(4) : rnd(1u << 31));
	}
	return space;
}

/* Some options that are known, and some elements in them. */
static void choose_options(struct sonde_draft *d, uint8_t *buf, const struct sonde_shape_info *s)
{
	for (unsigned i = s->row; i < s->row + s->rows; i++)
		if (sonde_rows[i].role == SONDE_ROLE_HAS && rnd(2))
			sonde_draft_option(d, sonde_rows[i].arg);
	for (unsigned n = s->family || s->each ? rnd(60) : 0; n--;) {
		enum sonde_shape o = SONDE_PROTOCOLS + rnd(SONDE_SHAPES - SONDE_PROTOCOLS);
		const struct sonde_shape_info *i = &sonde_shapes[o];
		int at;
		uint32_t fields;
		const struct sonde_family_info *f = &sonde_families[i->family];

		if (o != s->each && !(i->family && i->family == s->family))
			continue;
		if ((at = sonde_draft_option(d, o)) < 0)
			continue;
		fields = i->family ? sonde_family_head(f) : 0;
		noise(buf + at + fields, i->bytes - fields);
		for (unsigned e = i->each ? rnd(3) : 0; e--;)
			if ((at = sonde_draft_option(d, i->each)) >= 0)
				noise(buf + at, sonde_shapes[i->each].bytes);
	}
}

/* A packet that is well formed: some child of every key, some options. What was made is read as it
 * was meant, and nothing is wrong with it. */
static uint32_t make(uint8_t *buf, uint32_t cap, enum sonde_shape first)
{
	uint8_t body[64];
	struct sonde_draft d;
	struct sonde_packet p;
	struct sonde_verdict v;

	sonde_draft_init(&d, buf, cap);
	for (enum sonde_shape shape = first; shape != SONDE_NONE && d.p.n < 8;) {
		int at = sonde_draft_push(&d, shape);
		unsigned space, bits = 32;

		if (at < 0)
			break;
		space = choose_fields(&sonde_shapes[shape], buf + at, &bits);
		choose_options(&d, buf, &sonde_shapes[shape]);
		shape = space ? any_child(space, bits) : follower(shape, buf + at);
	}
	noise(body, sizeof body);
	sonde_draft_append(&d, body, rnd(sizeof body));
	ck_assert_int_eq(sonde_draft_encode(&d), d.p.len);

	sonde_decode(&p, buf, d.p.len, d.p.len, first);
	sonde_judge(&p, SONDE_JUDGE_SUMS, &v);
	if (p.n < d.p.n)
		fail_with("made", &p, &v);
	for (unsigned i = 0; i < d.p.n; i++)
		if (p.layer[i].shape != d.p.layer[i].shape || v.wrong[i])
			fail_with("made", &p, &v);
	return d.p.len;
}

/* encode(decode(x)) == x, where x is a packet, a damaged one, a cut one, or noise. */
static void turn_round(enum sonde_shape first)
{
	uint8_t buf[2048], again[2048];
	uint32_t len = 200;
	struct sonde_verdict v;
	struct sonde_packet p;
	struct sonde_draft d;
	struct sonde_tuple t;
	uint8_t *x;
	int r;

	if (rnd(8))
		len = make(buf, sizeof buf, first);
	else
		noise(buf, len);
	for (unsigned n = rnd(4); n && len; n--)
		buf[rnd(len)] ^= (uint8_t)(1u << rnd(8));
	if (rnd(4) == 0 && len)
		len = rnd(len);
	x = malloc(len); /* exactly: a sanitizer sees a byte too far */
	ck_assert_ptr_nonnull(x);
	memcpy(x, buf, len);
	sonde_decode(&p, x, len, len + (rnd(4) ? 0 : rnd(100)), first);
	sonde_judge(&p, SONDE_JUDGE_SUMS | SONDE_JUDGE_STRICT, &v);
	sonde_packet_tuple(&p, &t);
	sonde_packet_quoted(&p, &t);
	sonde_draft_init(&d, again, sizeof again);
	r = sonde_draft_copy(&d, &p, &v);
	if (r != (int)len || memcmp(again, x, len))
		fail_with("copied", &p, &v);
	free(x);
}

/* SONDE_ROUNDS=1000000 for a long run. */
START_TEST(encode_undoes_decode_for_every_protocol)
{
	const char *rounds = getenv("SONDE_ROUNDS");
	long n = rounds ? atol(rounds) : 3000;

	state ^= (uint64_t)_i << 32;
	for (long i = 0; i < n; i++)
		turn_round((enum sonde_shape)_i);
}
END_TEST

/* Each shape's accessors against the table, in a function of its own, check_udp(one, two): for all
 * in one a compiler takes minutes. */
static const char *odd; /* the last row found wrong */

enum { ROOM = 512 }; /* a header fits in half of it */

static void note(const struct sonde_row *r, bool right)
{
	if (!right)
		odd = r->name;
}

/* clang-format off */
#define CHECK(p, n, form) CHECK_##form(&sonde_rows[SONDE_ROW_##p##_##n], sonde_##p##_##n, struct sonde_##p *)
#define CHECK_NUMBER(r, get, T) \
	noise(one, ROOM); \
	memcpy(two, one, ROOM); \
	note(r, get((T)one) == sonde_get(one, (r)->at, (r)->bits)); \
	get##_put((T)one, get((T)one) ^ 1); \
	note(r, sonde_get(one, (r)->at, (r)->bits) == (sonde_get(two, (r)->at, (r)->bits) ^ 1)); \
	get##_put((T)one, get((T)one) ^ 1); \
	note(r, !memcmp(one, two, ROOM));
#define CHECK_OCTETS(r, get, T) \
	noise(one, ROOM); \
	memcpy(two, one, ROOM); \
	memcpy(two + (r)->at / 8, two + ROOM / 2, (r)->bits / 8); \
	get##_put((T)one, two + ROOM / 2); \
	note(r, !memcmp(one, two, ROOM) && get((T)one) == one + (r)->at / 8);
#define CHECK_DEC  CHECK_NUMBER
#define CHECK_HEX  CHECK_NUMBER
#define CHECK_X4   CHECK_NUMBER
#define CHECK_IP4  CHECK_NUMBER
#define CHECK_FLAG CHECK_NUMBER
#define CHECK_MAC  CHECK_OCTETS
#define CHECK_IP6  CHECK_OCTETS
#define CHECK_BYTES CHECK_OCTETS
#define CHECK_TEXT CHECK_OCTETS
#define CHECK_TIME CHECK_NUMBER
#define PROTOCOL(p, ...) \
	static __attribute__((noinline)) void check_##p(uint8_t *one, uint8_t *two) { noise(two, *one);
#define OPTION(f, p, ...) PROTOCOL(p, )
#define SHAPE(p, ...) PROTOCOL(p, )
#define FIELD(p, n, full, bits, form, role, what) CHECK(p, n, form)
#define SPAN(p, n, full, first, last, form, what) CHECK(p, n, form)
#define END(p) }
#include "wire/pass.h"

START_TEST(an_accessor_reads_what_its_row_says_and_a_putter_leaves_the_rest)
{
	uint8_t one[ROOM] = { 0 }, two[ROOM];

	for (unsigned i = 0; i < 100; i++) {
#define PROTOCOL(p, ...) one[0] = 0; check_##p(one, two);
#define OPTION(f, p, ...) PROTOCOL(p, )
#define SHAPE(p, ...) PROTOCOL(p, )
#include "wire/pass.h"
		ck_assert_msg(!odd, "%s", odd);
	}
}
END_TEST
/* clang-format on */

START_TEST(a_name_or_alias_means_one_row_of_its_header)
{
	for (unsigned s = SONDE_NONE + 1; s < SONDE_SHAPES; s++)
		for (unsigned i = 0; i < sonde_shapes[s].rows; i++)
			for (unsigned j = 0; j < i; j++) {
				const struct sonde_row *a = &sonde_rows[sonde_shapes[s].row + i];
				const struct sonde_row *b = &sonde_rows[sonde_shapes[s].row + j];

				ck_assert_uint_eq(a->shape, s);
				ck_assert_str_ne(a->name, b->name);
				ck_assert_str_ne(a->alias, b->alias);
			}
}
END_TEST

START_TEST(the_key_that_is_written_is_read_back)
{
	for (unsigned space = 1; space < SONDE_SPACES; space++)
		for (unsigned s = SONDE_NONE + 1; s < SONDE_PROTOCOLS; s++) {
			int32_t key = sonde_key(space, s);

			if (key >= 0 && s != SONDE_tcp_start &&
			    !sonde_is_among(space, (uint32_t)key))
				ck_assert_uint_eq(sonde_child(space, (uint32_t)key), s);
		}
	ck_assert_int_eq(sonde_key(SONDE_SPACE_ipproto, SONDE_tcp_start), 6);
	ck_assert_uint_eq(sonde_beginning(SONDE_tcp), SONDE_tcp_start);
}
END_TEST

START_TEST(accessors_compile_to_a_load_and_a_swap)
{
	int status = system("tests/accessors.sh"); /* says why where it skips */

	ck_assert(WIFEXITED(status));
	ck_assert(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
}
END_TEST

START_TEST(tshark_reads_the_same_values)
{
	int status = system("tests/tshark_fields.py"); /* says why where it skips */

	ck_assert(WIFEXITED(status));
	ck_assert(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
}
END_TEST

Suite *wire_suite(void)
{
	Suite *s = suite_create("wire");
	TCase *c = tcase_create("wire");

	tcase_set_timeout(c, getenv("SONDE_ROUNDS") ? 3600 : 60);
	tcase_add_loop_test(c, encode_undoes_decode_for_every_protocol, SONDE_NONE + 1,
			    SONDE_PROTOCOLS);
	tcase_add_test(c, an_accessor_reads_what_its_row_says_and_a_putter_leaves_the_rest);
	tcase_add_test(c, a_name_or_alias_means_one_row_of_its_header);
	tcase_add_test(c, the_key_that_is_written_is_read_back);
	suite_add_tcase(s, c);

	c = tcase_create("programs");
	tcase_set_tags(c, "programs"); /* mutants.sh leaves them out */
	tcase_set_timeout(c, 120);
	tcase_add_test(c, tshark_reads_the_same_values);
	tcase_add_test(c, accessors_compile_to_a_load_and_a_swap);
	suite_add_tcase(s, c);
	return s;
}
